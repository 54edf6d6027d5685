"""The matrix: every operation, everybody, own, foreign and nonexistent ids; and what is wrong."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.policy import Permission
from tenants.tree.asked import VERBS
from tests.isolation.policies import committed
from tests.isolation.world import CANARY, CSRF, IDS, NOWHERE, nobodys
from tests.journeys.operations import BODIES, PREFIX, described, pages

MAY_DIFFER = {"set-cookie", "date", "x-request-id"}
COUNTED = re.compile(r"^(X-)?RateLimit", re.IGNORECASE)  # how many requests are left
REQUEST_ID = re.compile(rb'"(?:request_id|trace_id)": ?"[^"]*"|data-request="[^"]*"')
USED = re.compile(r'"[^"]*:[^"]*"')  # moments, as a row's text writes them
PERSONS_OWN = ("/tokens", "/my-tokens")
PERSONS_DEEDS = ("/invitations", "/link", "/resend", "/phone-code", "/phone/code")
TENANT_QUERY = ("left", "right")  # of pages, which describe no query


@dataclass(slots=True)
class Found:
    """Calls by what came back, and what should not have."""

    calls: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)

    def wrong(self, *words: Any) -> None:
        """Keep a defect in one line."""
        self.defects.append(" ".join(map(str, words))[:600])


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without what may differ between two equal ones."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def operations_of(app: Any) -> list[Any]:
    """List every operation that names a tenant."""
    return [*described(app), *pages(app)]


def name_of(operation: Any) -> str:
    """Name an operation as the policies do."""
    return f"{operation.method} {operation.path}"


def ask(client: Any, operation: Any, slug: str, ids: dict[str, str]) -> Answer:
    """Send one operation and strip from its answer the address and the ids that were asked for."""
    asked = operation.request(slug, ids)
    if operation.path == "/t/{tenant}/comparison":
        asked["query_string"] = dict.fromkeys(TENANT_QUERY, ids["submission_id"])
    return answer_of(client, asked, [slug, *(ids[name] for name in IDS)])


def answer_of(client: Any, asked: dict[str, Any], words: Sequence[str]) -> Answer:
    """Send a request and strip the words from its answer that were asked for."""
    answer = client.open(**asked)
    body = answer.get_data()
    answer.close()
    headers = {
        name: value
        for name, value in answer.headers
        if name.lower() not in MAY_DIFFER and not COUNTED.match(name)
    }
    body = REQUEST_ID.sub(b"", body)
    if answer.mimetype == "text/html":
        body = CSRF.sub("", body.decode()).encode()
    for word in words:
        body = body.replace(word.encode(), b"...")
        if "Location" in headers:
            headers["Location"] = headers["Location"].replace(word, "...")
    headers.pop("Content-Length", None)  # of the body as it was; the body itself is compared
    return Answer(answer.status_code, tuple(sorted(headers.items())), body)


def says_ids(operation: Any) -> bool:
    """Tell whether an operation carries an id of a thing in its path, its query or its body."""
    rest = operation.path.removeprefix(PREFIX)
    body = json.dumps(BODIES.get(f"{operation.method} {rest}", {}))
    if operation.media != "application/json":
        body = ""
    return bool(
        set(operation.ids) & set(IDS)
        or any(name in ("left", "right", "with") for name in operation.query)
        or any("{" + name + "}" in body for name in IDS)
        or operation.path == "/t/{tenant}/comparison"
    )


PLACES = ("/places/{place}", "/places/{slug}")
ARRANGED = tuple(f"{each}/{verb}" for each in PLACES for verb in VERBS)


def secrets_of(place: Any, ids: dict[str, str]) -> list[bytes]:
    """List what may be in no answer to a stranger."""
    run = place.get(f"runs/{ids['run_id']}")
    return [CANARY.encode(), run["fingerprint"].encode(), place.tenant_id.hex.encode()]


def imprint(*places: Any) -> str:
    """Hash all rows of places as they lie in the database.

    Of tokens only which there are and whether they are ended: asking notes when they were used.
    """
    rows = [place.rows() for place in places]
    for each in rows:
        each["api_tokens"] = sorted(USED.sub("", token) for token in each["api_tokens"])
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def strangers(
    app: Any,
    walkers: Any,
    place: Any,
    ids: dict[str, str],
    found: Found,
    *,
    looking: bool = False,
) -> None:
    """Ask for everything of a place as people who are nobody there: foreign is nonexistent.

    ``looking`` leaves out what could change something.
    """
    hidden = secrets_of(place, ids)
    asked_for = [each for each in operations_of(app) if each.method == "GET" or not looking]
    for walker in walkers:
        for operation in asked_for:
            if below_its_own(operation, walker, ids) and operation.method == "GET":
                its_tree(operation, walker, ids, hidden, found)
            pairs = [((place.slug, ids), (NOWHERE, nobodys()))]
            if at_home_too(operation, walker, ids):
                pairs.append(((walker.home, ids), (walker.home, nobodys())))
            for asked, nothing in pairs:
                foreign = ask(walker.client, operation, *asked)
                empty = ask(walker.client, operation, *nothing)
                found.calls[f"foreign {foreign.status}"] += 2
                told = [secret for secret in hidden if secret in foreign.body]
                if foreign != empty or told:
                    found.wrong("tells", walker.name, name_of(operation), asked[0], foreign, empty)
                if foreign.status >= 500:
                    found.wrong("fails", walker.name, name_of(operation), foreign)


def below_its_own(operation: Any, walker: Any, ids: dict[str, str]) -> bool:
    """Tell whether somebody of the place above looks at or arranges a place of its own tree.

    What they may there is a case of its own: see ``tree.py``. Who may not arrange is a stranger.
    """
    looks = operation.path.endswith(PLACES) and operation.method == "GET"
    arranges = operation.path.endswith(ARRANGED) and Permission.TENANT_CREATE in walker.may
    return walker.home == ids["above"] and (looks or arranges)


def at_home_too(operation: Any, walker: Any, ids: dict[str, str]) -> bool:
    """Tell whether ids of the place, asked for in the walker's own, have to answer as nobody's.

    Not what was handed up: it is the place's above, too. Not the tree: see ``its_tree``.
    """
    received = "submission_id" in operation.ids or "{submission_id}" in operation.path
    handed_up = received or operation.path.endswith("/comparison")
    if walker.home == ids["above"] and (handed_up or below_its_own(operation, walker, ids)):
        return False
    return bool(walker.home) and says_ids(operation)


def its_tree(operation: Any, walker: Any, ids: dict[str, str], hidden: Any, found: Found) -> None:
    """Look at a place of one's own tree: its name is seen there, nothing else that is hidden."""
    seen = ask(walker.client, operation, walker.home, ids)
    beyond = seen.body.replace(f"{CANARY}市".encode(), b"")
    found.calls[f"tree {seen.status}"] += 1
    if seen.status >= 500 or any(secret in beyond for secret in hidden):
        found.wrong("tells of its data", walker.name, name_of(operation), seen)


def insiders(app: Any, walkers: Any, place: Any, ids: dict[str, str], found: Found) -> None:
    """Ask for everything with the place's own ids; each policy allows and denies as committed.

    Denied ones first, none of which changes a row; then who may look; then who may change.
    """
    allowed: list[tuple[Any, Any]] = []
    before = imprint(place)
    for walker in walkers:
        for operation in operations_of(app):
            wanted = _wanted(operation, walker, found)
            if wanted is None:
                allowed.append((walker, operation))
                continue
            status = ask(walker.client, operation, place.slug, ids).status
            found.calls[f"denied {status}"] += 1
            if status not in wanted:
                found.wrong("not denied", walker.name, name_of(operation), status, wanted)
    if imprint(place) != before:
        found.wrong("a denied request changed", place.slug)
    for walker, operation in sorted(allowed, key=lambda pair: _last(pair[1])):
        status = ask(walker.client, operation, place.slug, ids).status
        found.calls[f"allowed {status}"] += 1
        above_only = "submission_id" in operation.ids or operation.path.endswith("/comparison")
        fine = {200, 302, 303} | ({404} if above_only else set())
        denied = status in (401, 403) or status >= 500
        denied = denied and not (status == 403 and _persons_own(walker, operation))
        if denied or (operation.method == "GET" and status not in fine):
            found.wrong("not allowed", walker.name, name_of(operation), status)


def _persons_own(walker: Any, operation: Any) -> bool:
    """Tell whether a token asks for what only a person may: it makes no token, for one."""
    by_token = "HTTP_AUTHORIZATION" in walker.client.environ_base
    deed = operation.method == "POST" and name_of(operation).endswith(PERSONS_DEEDS)
    return by_token and (deed or name_of(operation).endswith(PERSONS_OWN))


def _wanted(operation: Any, walker: Any, found: Found) -> set[int] | None:
    """Give the statuses of a denial; ``None`` where the policy allows."""
    asks = committed().get(name_of(operation), "UNDECLARED")
    if asks == "UNDECLARED":
        found.wrong("no policy for", name_of(operation))
        return set()
    page = operation.path.startswith("/t/")
    if not walker.signed_in:  # a form without its token is refused before anybody is looked for
        return ({302, 303} | ({403} if operation.method == "POST" else set())) if page else {401}
    if Permission.TENANT_READ not in walker.may:
        return {404}
    return None if Permission(asks) in walker.may else {403}


def _last(operation: Any) -> tuple[bool, bool, str]:
    """Order: looking, changing, taking away; what ends people and tokens at the very end."""
    ends = operation.path.endswith(("remove", "revoke", "merge", "split", "move", "rename"))
    return (operation.method != "GET", ends or operation.method == "DELETE", operation.path)
