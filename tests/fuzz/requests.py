"""Requests drawn from the API's own description, for every operation: no failure of ours."""

from __future__ import annotations

import time
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ENDS = ("DELETE",)  # with its own ids what it takes away would be gone for the others


def operations_of(app: Any) -> list[Any]:
    """List every operation that the description has, but for pages for people."""
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    found = [result.ok() for result in described.get_all_operations()]
    return [operation for operation in found if not operation.path.endswith("/docs")]


def faults_of(operation: Any, bearer: str, own: dict[str, str], examples: int) -> list[str]:
    """Send drawn requests to one operation, with own ids where it has them; give what broke.

    ``own`` is empty to draw the ids too.
    """

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def sent(case):
        if case.method not in ENDS:
            case.path_parameters |= {
                name: value for name, value in own.items() if name in case.path_parameters
            }
        case.headers = {**(case.headers or {}), "Authorization": bearer}
        case.call_and_validate(checks=CHECKS)

    try:
        sent()
    except BaseExceptionGroup as error:
        return [str(one) for one in error.exceptions]
    except Exception as error:  # noqa: BLE001 - a failed check, or a failure of the drawing
        return [f"{type(error).__name__}: {error}"]
    return []


def drawn(app: Any, place: Any, ids: dict[str, str], examples: int) -> tuple[dict[str, Any], list]:
    """Draw requests for every operation; gives figures and defects."""
    bearer = place.client.environ_base["HTTP_AUTHORIZATION"]
    own = {**ids, "tenant": place.slug, "key": "osm"}
    operations, defects, started = operations_of(app), [], time.monotonic()
    for operation in operations:
        for known in (own, {}):
            found = faults_of(operation, bearer, known, examples)
            defects += [f"{operation.label} {fault[:600]}" for fault in found]
    return {
        "operations": len(operations),
        "examples_each": 2 * examples,
        "seconds": round(time.monotonic() - started, 1),
        "faults": len(defects),
    }, defects
