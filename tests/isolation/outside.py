"""What names no tenant: signing in, one's own account, the installation; and who may what there."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from core.policy import SystemPermission
from tests.isolation.matrix import Found, answer_of, name_of
from tests.isolation.policies import committed
from tests.isolation.world import CANARY, CSRF, Bystander
from tests.journeys.operations import Operation

ENDS = "/sign-out"
LIST_OF_PLACES = "/"
NAME = f"{CANARY}市".encode()
WAYS_IN = ("/sign-in", "/invitation")
PUBLIC = {"filename": "favicon.svg", "key": "nobody", "token": "nobodys"}


def operations_outside(app: Any) -> list[Operation]:
    """List every route that names no tenant, what ends a sign-in last."""
    found = [
        Operation(method, re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
        if "<tenant>" not in rule.rule
    ]
    return sorted(found, key=lambda each: (each.path == ENDS, each.path, each.method))


def send(walker: Any, operation: Operation, ids: dict[str, str]) -> Any:
    """Ask for one; a browser's form carries its page's token, an anonymous one's too."""
    asked: dict[str, Any] = {
        "path": operation.path.format(**PUBLIC, **ids),
        "method": operation.method,
    }
    if operation.method == "POST":
        asked["data"] = {"language": "zh", "login": "nobody", "password": "nothing"}
        if not walker.signed_in:
            page = walker.client.get("/sign-in").text
            asked["data"]["csrf_token"] = CSRF.findall(page)[0]
    answer = answer_of(walker.client, asked, list(ids.values()))
    if operation.method == "POST" and answer.status == 303:
        walker.client.get("/sign-in", follow_redirects=True)  # shows what the next page would say
    return answer


def outside(
    app: Any, walkers: Any, of: Bystander, hidden: Any, found: Found, *, above: str = ""
) -> None:
    """Ask for everything that names no tenant; each policy allows and denies as committed.

    Ids of another's sign-in and account answer as nobody's, but to who runs the installation; and
    no answer holds what is hidden. Who runs the installation reads the names of places; and the
    people of the place ``above`` read, in the list of their places, those that show them all.
    """
    theirs = {"session_id": of.session_id, "user_id": of.user_id}
    nothing = {name: str(uuid4()) for name in theirs}
    for walker in walkers:
        before = of.rows()
        for operation in operations_outside(app):
            asks = committed().get(name_of(operation), "UNDECLARED")
            once = operation.path == ENDS
            asked = (nothing,) if once else (nothing, theirs)
            answers = [send(walker, operation, ids) for ids in asked]
            for answer in answers:
                found.calls[f"outside {answer.status}"] += 1
                _judge(walker, operation, asks, answer, found)
                listed = walker.home == above and operation.path == LIST_OF_PLACES
                named = walker.system or (listed and above)
                body = answer.body.replace(NAME, b"") if named else answer.body
                if any(secret in body for secret in hidden):
                    found.wrong("tells", walker.name, name_of(operation), answer)
            theirs_named = any("{" + name + "}" in operation.path for name in theirs)
            if theirs_named and asks not in walker.system and answers[0] != answers[-1]:
                found.wrong("tells", walker.name, name_of(operation), *answers)
        if (of.rows() != before) != (SystemPermission.ACCOUNTS_MANAGE in walker.system):
            found.wrong(walker.name, "changed, or could not change, rows of a bystander")


def _judge(walker: Any, operation: Operation, asks: str, answer: Any, found: Found) -> None:
    api = operation.path.startswith("/api/")
    status = answer.status
    if asks == "open":  # but a way in refuses a wrong secret
        wrong = (
            status >= 500
            or status == 403
            or (status == 401 and not operation.path.startswith(WAYS_IN))
        )
    elif asks != "signed_in" and asks not in set(SystemPermission):
        wrong = True  # nobody has judged what it asks
    elif not walker.signed_in:
        sent_on = {302, 303} if operation.method == "GET" and not api else {401}
        wrong = status not in sent_on
    elif asks == "signed_in":
        wrong = status == 401 or status >= 500
    elif asks in walker.system:
        wrong = status in (401, 403) or status >= 500
    else:
        wrong = status != 404
    if wrong:
        found.wrong("outside", walker.name, name_of(operation), asks, answer)
