"""The tree: who may arrange places below their own, and what they learn of places elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, text

from core.policy import Permission
from tests.isolation.matrix import (
    ARRANGED,
    PLACES,
    Answer,
    Found,
    answer_of,
    imprint,
    name_of,
    operations_of,
)

NOBODYS = "x-nobodys"
FINE = {200, 303}


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Places by their slugs, as one of them sees them."""

    acting: str
    one: str  # directly below it
    child: str  # below that one
    other: str  # beside that one
    elsewhere: tuple[str, ...]  # above, beside, below what is beside, in another tree

    @property
    def slugs(self) -> tuple[str, ...]:
        """List all that may be asked for."""
        return (self.acting, self.one, self.child, self.other, NOBODYS, *self.elsewhere)

    def wish(self, verb: str) -> tuple[str, str]:
        """Give which place a verb is asked for, and which other one it names; empty for none."""
        return {
            "rename": (self.one, ""),
            "move": (self.child, self.other),
            "merge": (self.one, self.other),
            "split": (self.one, self.child),
        }[verb]


def verb_of(operation: Any) -> str:
    """Name what an operation does with a place; empty where it looks."""
    last = operation.path.rsplit("/", 1)[-1]
    return "" if last.startswith("{") else last


def send(
    client: Any, operation: Any, around: Around, wish: tuple[str, str], *, sure: bool
) -> Answer:
    """Ask for a place in the name of the acting one; gives the answer without any place's slug."""
    (place, named), verb = wish, verb_of(operation)
    words = {"name": f"新 {verb}", "to": named, "into": named}
    asked: dict[str, Any] = {
        "path": operation.path.format(tenant=around.acting, place=place, slug=place),
        "method": operation.method,
    }
    if operation.media:
        known = {"rename": ("name",), "move": ("to",), "merge": ("into",), "split": ()}[verb]
        body: dict[str, Any] = {name: words[name] for name in known} | {"preview": not sure}
        if verb == "split":
            body["parts"] = [{"name": words["name"], "takes": [named] if named else []}]
        asked["json"] = body
    elif verb:
        takes = {"takes": named} if named else {}
        asked["data"] = words | takes | ({"sure": "yes"} if sure else {})
    return answer_of(client, asked, around.slugs)


def arranging(app: Any, walkers: Any, around: Around, found: Found) -> None:
    """Ask for every place in the name of one, as everybody there; nothing is really changed.

    Who holds ``tenant.create`` there arranges what is below it. Everybody else is refused alike,
    whichever place is named. A place that is not below answers as one that is not there, to all.
    """
    asked_for = [each for each in operations_of(app) if each.path.endswith((*PLACES, *ARRANGED))]
    for walker in walkers:
        for operation in asked_for:
            _below(walker, operation, around, found)
            _elsewhere(walker, operation, around, found)


def _may(walker: Any, operation: Any) -> bool:
    needed = Permission.TENANT_CREATE if verb_of(operation) else Permission.TENANT_READ
    return {needed, Permission.TENANT_READ} <= walker.may


def _below(walker: Any, operation: Any, around: Around, found: Found) -> None:
    """Ask for a place of the tree, and for the acting place itself."""
    verb = verb_of(operation)
    wish = around.wish(verb) if verb else (around.one, "")
    own = (around.acting, wish[1])
    if not _may(walker, operation):
        nothing = send(walker.client, operation, around, (NOBODYS, wish[1]), sure=True)
        for each in (wish, own):
            answer = send(walker.client, operation, around, each, sure=True)
            found.calls[f"tree denied {answer.status}"] += 1
            if answer != nothing or answer.status in FINE:
                found.wrong("not denied alike", walker.name, name_of(operation), each, answer)
        return
    answer = send(walker.client, operation, around, wish, sure=False)
    found.calls[f"tree {answer.status}"] += 1
    if answer.status != 200:
        found.wrong("not allowed", walker.name, name_of(operation), wish, answer)
    answer = send(walker.client, operation, around, own, sure=verb not in ("", "rename"))
    found.calls[f"tree itself {answer.status}"] += 1
    if answer.status != (200 if verb in ("", "rename") else 422):
        found.wrong("itself", walker.name, name_of(operation), own, answer)


def _elsewhere(walker: Any, operation: Any, around: Around, found: Found) -> None:
    """Ask for places that are not of the tree, and name them beside one that is."""
    verb = verb_of(operation)
    one, named = around.wish(verb) if verb else (around.one, "")
    asked = [[(place, named) for place in (NOBODYS, *around.elsewhere)]]
    if named:
        asked.append([(one, place) for place in (NOBODYS, *around.elsewhere)])
    for nothing, *others in asked:
        empty = send(walker.client, operation, around, nothing, sure=True)
        if empty.status in FINE or (_may(walker, operation) and empty.status != 404):
            found.wrong("nonexistent", walker.name, name_of(operation), nothing, empty)
        for wish in others:
            answer = send(walker.client, operation, around, wish, sure=True)
            found.calls[f"elsewhere {answer.status}"] += 1
            if answer != empty:
                found.wrong("tells", walker.name, name_of(operation), wish, answer, empty)


def standing(place: Any) -> dict[str, str]:
    """Give every tenant's own row by its id, as it lies in the database."""
    engine = create_engine(place.superuser_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id::text, t::text FROM tenants t")).all()
    engine.dispose()
    return {row[0]: row[1] for row in rows}


def arranged(app: Any, admins: Any, around: Around, places: Any, found: Found) -> None:
    """Rename, move, split and merge places below one for good, by turns as each administrator.

    ``places`` by slug; the acting one's chain gains one record a verb, and no other row that
    belongs to a place changes.
    """
    for number, verb in enumerate(("rename", "move", "split", "merge")):
        admin = admins[number % len(admins)]
        by_program = "HTTP_AUTHORIZATION" in admin.client.environ_base
        [operation] = [
            each
            for each in operations_of(app)
            if each.path.endswith(ARRANGED)
            and verb_of(each) == verb
            and bool(each.media) == by_program
        ]
        place, named = around.wish(verb)
        wish = (place, "" if verb == "split" else named)  # its child has moved by then
        before = _state(places, around)
        answer = send(admin.client, operation, around, wish, sure=True)
        found.calls[f"arranged {answer.status}"] += 1
        if answer.status not in FINE:
            found.wrong("not allowed", admin.name, name_of(operation), wish, answer)
        _only_the_tree(verb, before, _state(places, around), found)


def _state(places: Any, around: Around) -> tuple[str, Any, dict[str, str]]:
    """Give the rows of all places but the acting one as a hash, its own, and the tree's."""
    acting = places[around.acting]
    others = [place for place in places.values() if place is not acting]
    family = {str(places[slug].tenant_id) for slug in (around.one, around.child, around.other)}
    outside = {key: row for key, row in standing(acting).items() if key not in family}
    return imprint(*others), acting.rows(), outside


def _only_the_tree(verb: str, before: Any, after: Any, found: Found) -> None:
    own, now = before[1], after[1]
    changed = {name for name in own if own[name] != now[name]} - {"audit_events", "api_tokens"}
    records = len(now["audit_events"]) - len(own["audit_events"])
    moved = [key for key, row in before[2].items() if after[2].get(key) != row]
    if before[0] != after[0] or changed or moved or records != 1:
        found.wrong(verb, "changed more than the tree:", changed, moved, records)
