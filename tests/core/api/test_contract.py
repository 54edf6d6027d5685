"""Every operation of the API keeps to its own description, whatever it is sent."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.core.api.conftest import TOWN

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
DRAWN = settings(
    max_examples=10,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def described(app):
    """Read the description out of the app itself."""
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)


def _faults(operation, town, *, known):
    """Send drawn requests to one operation; give what broke, shortest first."""
    _tenant_id, token, run_id = town

    @DRAWN
    @given(case=operation.as_strategy())
    def sent(case):
        if known:
            case.path_parameters |= {
                name: value
                for name, value in {"tenant": TOWN, "run_id": str(run_id)}.items()
                if name in case.path_parameters
            }
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
        case.call_and_validate(checks=CHECKS)

    try:
        sent()
    except BaseExceptionGroup as error:
        return [str(one) for one in error.exceptions]
    except AssertionError as error:
        return [str(error)]
    return []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings(  # the drawing client never closes a streamed download
    "ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("known", [True, False], ids=["known ids", "drawn ids"])
def test_no_request_breaks_the_server_or_its_description(described, town, known):
    operations = [
        operation
        for operation in (result.ok() for result in described.get_all_operations())
        if not operation.path.endswith("/docs")  # a page for people
    ]
    assert len(operations) > 30
    faults = {
        operation.label: found
        for operation in operations
        if (found := _faults(operation, town, known=known))
    }
    assert not faults, "\n".join(f"{label}\n  {text}" for label, text in faults.items())
