"""Every operation of the API keeps to its own description, whatever it is sent."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.core.api.conftest import TOWN

schema = schemathesis.pytest.from_fixture("described")
KNOWN = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture
def described(app):
    """Read the description out of the app itself."""
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)


@schema.parametrize()
@KNOWN
def test_no_request_breaks_the_server_or_its_description(case, town):
    tenant_id, token, run_id = town
    del tenant_id
    if "tenant" in case.path_parameters:
        case.path_parameters["tenant"] = TOWN
    if "run_id" in case.path_parameters:
        case.path_parameters["run_id"] = str(run_id)
    answer = case.call(headers={"Authorization": f"Bearer {token}"})
    case.validate_response(
        answer,
        checks=(
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ),
    )
