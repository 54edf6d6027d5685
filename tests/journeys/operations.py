"""Every operation that names a tenant, from the API's own description and from the app's routes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

CLOSED = {"kind": "close_outlet", "outlet": 0}
# What each JSON operation is sent, an id in braces; one that is not here has to be added.
BODIES: dict[str, dict[str, Any]] = {
    "POST /runs": {"ruleset": "national-2023-plan", "inputs": {"streets": "{version_id}"}},
    "POST /children": {"name": "新地方", "slug": "x-new"},
    "PUT /sharing": {"parent_sees": "all"},
    "PUT /plugins/{key}": {"state": "off"},
    "POST /places/{place}/rename": {"name": "新名", "preview": True},
    "POST /places/{place}/move": {"to": "{above}", "preview": True},
    "POST /places/{place}/merge": {"into": "{above}", "preview": True},
    "POST /places/{place}/split": {"parts": [{"name": "新区"}], "preview": True},
    "POST /tokens": {"name": "t", "scopes": ["tenant.read"]},
    "POST /invitations": {"login": "someone.new", "name": "某人", "role": "surveyor"},
    "POST /submissions": {"run_id": "{run_id}", "to": "{above}"},
    "POST /submissions/{submission_id}/reviews": {"verdict": "accepted"},
    "POST /runs/{run_id}/scenarios": {"name": "t"},
    "PATCH /runs/{run_id}/scenarios/{scenario_id}": {"name": "t", "version": 1},
    "POST /runs/{run_id}/scenarios/{scenario_id}/edits": {"edit": CLOSED, "version": 1},
    "POST /runs/{run_id}/scenarios/{scenario_id}/undo": {"version": 1},
    "POST /runs/{run_id}/scenarios/{scenario_id}/redo": {"version": 1},
    "POST /runs/{run_id}/whatif": {"edits": [CLOSED]},
    "POST /runs/{run_id}/siting": {"format": "convenience_store", "at_most": 2, "seconds": 0.1},
}
# What pages' forms are sent: all of it each time, each takes what it knows.
FORM = {
    "kind": "residents",
    "ruleset": "national-2023-plan",
    "parent_sees": "all",
    "name": "t",
    "scopes": "tenant.read",
    "role": "auditor",
    "login": "someone",
    "part": "",
    "verdict": "accepted",
    "comment": "",
    "days": "30",
}
NO_SESSION = "00000000-0000-4000-8000-000000000000"  # whose member it is, the walk tells apart
OTHER_VALUES = {
    "key": "osm",
    "form": "arrow",
    "row": 0,
    "number": 1,
    "session_id": NO_SESSION,
}
PLACE = {"lon": "117.0", "lat": "36.65"}
PREFIX = "/api/v1/tenants/{tenant}"


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of an address, with names in place of ids."""

    method: str
    path: str
    query: tuple[str, ...] = ()  # those that must be there
    asked: tuple[str, ...] = ()  # all that may be
    media: str = ""

    @property
    def ids(self) -> list[str]:
        """Name what the address holds beside the tenant."""
        return [name for name in re.findall(r"{(\w+)}", self.path) if name != "tenant"]

    def request(self, slug: str, ids: dict[str, str]) -> dict[str, Any]:
        """Give the arguments of a client's ``open``."""
        known = {**OTHER_VALUES, "place": slug, "slug": slug, **ids, "tenant": slug}
        rest = self.path.removeprefix(PREFIX)
        asked: dict[str, Any] = {
            "path": self.path.format(**known),
            "method": self.method,
            "query_string": {name: _query(name, ids) for name in self.query},
        }
        if self.media == "application/json":
            asked["json"] = _filled(BODIES[f"{self.method} {rest}"], ids)
        elif self.method == "POST":
            asked["data"] = {**FORM, "run_id": ids["run_id"], "to": ids["above"]}
        return asked


def _filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, ids) for name, each in value.items()}
    return ids.get(value.strip("{}"), value) if isinstance(value, str) else value


def _query(name: str, ids: dict[str, str]) -> str:
    if name in PLACE:
        return PLACE[name]
    if name == "with":
        return ids["scenario_id"]
    return ids["submission_id"] if name in ("left", "right") else "convenience_store"


def described(app: Any) -> list[Operation]:
    """List the operations that the API's description says name a tenant."""
    found = []
    for path, methods in app.test_client().get("/api/v1/openapi.json").json["paths"].items():
        for method, operation in methods.items():
            if method == "parameters" or "{tenant}" not in path:
                continue
            query = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
            found.append(
                Operation(
                    method.upper(),
                    path,
                    query=tuple(each["name"] for each in query if each.get("required")),
                    asked=tuple(each["name"] for each in query),
                    media=next(iter(operation.get("requestBody", {}).get("content", {})), ""),
                )
            )
    return found


def pages(app: Any) -> list[Operation]:
    """List the routes outside the API that name a tenant."""
    return [
        Operation(method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
        if "<tenant>" in rule.rule and not rule.rule.startswith("/api/")
    ]
