"""What programs and forms ask of the tree, in plain words: done, or only told beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from core.access import Here
from core.db import Tenant
from tenants.tree.arrange import Part, merge, move, rename, split
from tenants.tree.place import find_below, foretell
from tenants.tree.standing import Outcome

VERBS = ("rename", "move", "merge", "split")


def ask(here: Here, slug: str, verb: str, words: Mapping[str, Any], *, preview: bool) -> Outcome:
    """Change a place at or below this one, or tell what the change would do.

    Parameters
    ----------
    here
        The place that acts, and who acts in it.
    slug
        Of the place to be changed.
    verb
        One of ``VERBS``.
    words
        What the verb takes, places by their slugs.
    preview
        Whether everything is undone again.
    """

    def act(session: Session) -> Outcome:
        acting = session.get_one(Tenant, here.tenant_id)
        place = find_below(session, acting, slug)
        return _ACTS[verb](session, acting, place, words)

    if preview:
        return foretell(here.services.database, here.actor.id, act)
    with here.services.database.unbound(here.actor.id) as session:
        return act(session)


def _rename(session: Session, acting: Tenant, place: Tenant, words: Mapping[str, Any]) -> Outcome:
    return rename(
        session,
        acting,
        place,
        name=words.get("name") or place.name,
        english=words.get("english"),
        code=words.get("code") or None,
        since=words.get("since"),
    )


def _move(session: Session, acting: Tenant, place: Tenant, words: Mapping[str, Any]) -> Outcome:
    to = find_below(session, acting, words["to"])
    code = words.get("code") or None
    return move(session, acting, place, to=to, code=code, since=words.get("since"))


def _merge(session: Session, acting: Tenant, place: Tenant, words: Mapping[str, Any]) -> Outcome:
    into = find_below(session, acting, words["into"])
    return merge(session, acting, place, into=into, since=words.get("since"))


def _split(session: Session, acting: Tenant, place: Tenant, words: Mapping[str, Any]) -> Outcome:
    parts = [
        Part(
            name=part.get("name") or "",
            english=part.get("english") or "",
            code=part.get("code") or None,
            slug=part.get("slug") or None,
            takes=[find_below(session, acting, each) for each in part.get("takes") or ()],
        )
        for part in words["parts"]
    ]
    return split(session, acting, place, parts=parts, since=words.get("since"))


_ACTS = {"rename": _rename, "move": _move, "merge": _merge, "split": _split}
