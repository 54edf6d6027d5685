"""Pages of the tree below a place: searched, one place with what it was, changes with a preview."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from sqlalchemy.orm import Session

from core.access import Here, requires
from core.db import Level, Tenant, TenantState
from core.errors import Invalid, LifecircleError
from core.policy import Permission
from core.web.frame import frame
from core.web.language import in_english
from core.web.pages.blueprint import page, said, see
from tenants.tree.asked import ask
from tenants.tree.fit import WORKS
from tenants.tree.history import history_of, known, names_of, places_by
from tenants.tree.listed import listed_below
from tenants.tree.models import Change
from tenants.tree.operations import ancestors, create_tenant
from tenants.tree.pages import LEVELS, blueprint
from tenants.tree.place import find_below
from tenants.tree.standing import Called

__all__ = ["blueprint"]  # of pages, with the views of this module on it
MOST = 300
_OF_ONE = "/t/<tenant>/places/<string:slug>"
CHANGES = {
    Change.CREATED: later("建立"),
    Change.RENAMED: later("改名或换代码"),
    Change.MOVED: later("换上级"),
    Change.MERGED: later("并入"),
    Change.ABSORBED: later("接收并入"),
    Change.SPLIT: later("分设"),
}
STATES = {
    TenantState.ACTIVE: later("在用"),
    TenantState.SUSPENDED: later("停用"),
    TenantState.MERGED: later("已并入"),
}


@blueprint.route("/t/<tenant>/places")
@requires(Permission.TENANT_READ)
def tree(here: Here) -> Response:
    """List this place and those below it, or those that a search finds."""
    return _tree(here)


@blueprint.route("/t/<tenant>/places", methods=["POST"])
@requires(Permission.TENANT_CREATE)
def new_place(here: Here) -> Response:
    """Make a place directly below this one."""
    form = request.form
    try:
        with here.services.database.unbound(here.actor.id) as session:
            made = create_tenant(
                session,
                parent_slug=here.slug,
                code=form.get("code", "").strip() or None,
                name=form.get("name", ""),
                english=form.get("english", ""),
            )
            slug, name = made.slug, made.name
    except LifecircleError as error:
        return _tree(here, error)
    flash(_("已建立%(name)s。", name=name), "met")
    return see(url_for("tree_pages.place", tenant=here.slug, slug=slug))


@blueprint.route(_OF_ONE)
@requires(Permission.TENANT_READ)
def place(here: Here, slug: str) -> Response:
    """Show one place, what it was, and what may be changed."""
    return _place(here, slug)


@blueprint.route(f"{_OF_ONE}/rename", methods=["POST"], defaults={"verb": "rename"})
@blueprint.route(f"{_OF_ONE}/move", methods=["POST"], defaults={"verb": "move"})
@blueprint.route(f"{_OF_ONE}/merge", methods=["POST"], defaults={"verb": "merge"})
@blueprint.route(f"{_OF_ONE}/split", methods=["POST"], defaults={"verb": "split"})
@requires(Permission.TENANT_CREATE)
def change(here: Here, slug: str, verb: str) -> Response:
    """Show what a change would do; do it where the form says that it is sure."""
    sure = request.form.get("sure") == "yes"
    try:
        outcome = ask(here, slug, verb, _words(), preview=not sure)
    except LifecircleError as error:
        return _place(here, slug, error)
    if not sure:
        return page(
            "tree/preview.html",
            shell=frame(here, "places"),
            here=here,
            slug=slug,
            verb=verb,
            outcome=outcome,
            called=_called,
            changes=CHANGES,
            sent=[(key, value) for key, value in request.form.items(multi=True) if key not in _OWN],
        )
    flash(
        _(
            "已完成：%(name)s，%(what)s。",
            name=_called(outcome.place),
            what=CHANGES[outcome.change],
        ),
        "met",
    )
    return see(url_for("tree_pages.place", tenant=here.slug, slug=outcome.place.slug))


_OWN = {"csrf_token", "sure"}


def _words() -> dict[str, Any]:
    """Read a form's fields as the words of a change; a split makes one place at a time here."""
    form = request.form
    words: dict[str, Any] = {name: form.get(name, "") for name in ("name", "code", "to", "into")}
    words["english"] = form.get("english")
    words["since"] = _day(form.get("since", ""))
    part = {name: form.get(name, "") for name in ("name", "english", "code")}
    words["parts"] = [{**part, "takes": form.getlist("takes")}]
    return words


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(
            "日期应写成 2026-01-31 这样，没有改变，请改正。",
            english="A day is written like 2026-01-31; nothing was changed.",
        ) from None


def _tree(here: Here, error: LifecircleError | None = None) -> Response:
    asked = request.args.get("q", "")[:60]
    with here.services.database.unbound(here.actor.id) as session:
        own = session.get_one(Tenant, here.tenant_id)
        found = places_by(session, own, asked, limit=MOST + 1)
        top = own.path.count("/")
        rows = [{**_row(here, one), "deep": one.path.count("/") - top} for one in found[:MOST]]
        listed = [
            {"code": one.code, "name": one.name}
            for one in (listed_below(session, own.code, asked, limit=20) if asked.strip() else ())
        ]
    return page(
        "tree/tree.html",
        200 if error is None else error.status,
        shell=frame(here, "places"),
        here=here,
        asked=asked,
        places=rows,
        more=len(found) > MOST,
        most=MOST,
        listed=listed,
        may_create=here.may(Permission.TENANT_CREATE),
        filled={} if error is None else request.form,
        wrong=None if error is None else said(error),
    )


def _row(here: Here, place: Tenant) -> dict[str, Any]:
    return {
        "slug": place.slug,
        "name": _name(place),
        "code": place.code,
        "level": LEVELS[Level(place.level)],
        "state": STATES[TenantState(place.state)],
        "works": place.state in WORKS,
        "sample": place.sample,
        "href": url_for("tree_pages.place", tenant=here.slug, slug=place.slug),
    }


def _place(here: Here, slug: str, error: LifecircleError | None = None) -> Response:
    with here.services.database.unbound(here.actor.id) as session:
        own = session.get_one(Tenant, here.tenant_id)
        found = find_below(session, own, slug)
        rows = history_of(session, found)
        others = known(session, [row.other_id for row in rows])
        above = [one for one in ancestors(session, found) if one.path.startswith(own.path)]
        values = {
            "place": _row(here, found),
            "above": [_row(here, one) for one in above],
            "names": names_of(rows),
            "history": [
                {
                    "change": CHANGES[Change(row.change)],
                    "since": row.since,
                    "name": row.english if in_english() and row.english else row.name,
                    "code": row.code,
                    "other": _name(others[row.other_id]) if row.other_id else "",
                    "at": row.created_at,
                }
                for row in reversed(rows)
            ],
            "itself": found.id == own.id,
            **_choices(session, here, own, found),
        }
    return page(
        "tree/place.html",
        200 if error is None else error.status,
        shell=frame(here, "places"),
        here=here,
        may_change=here.may(Permission.TENANT_CREATE),
        filled={} if error is None else request.form,
        wrong=None if error is None else said(error),
        **values,
    )


def _choices(session: Session, here: Here, own: Tenant, found: Tenant) -> dict[str, Any]:
    """Give the places that a change of this one may name, and its children."""
    levels = list(Level)
    rank = levels.index(Level(found.level))
    near = [one for one in places_by(session, own, "", limit=5000) if one.state in WORKS]
    outside = [one for one in near if not one.path.startswith(found.path)]
    return {
        "parents": [
            _row(here, one)
            for one in outside
            if levels.index(Level(one.level)) < rank and one.id != found.parent_id
        ],
        "partners": [_row(here, one) for one in outside if one.level == found.level],
        "children": [_row(here, one) for one in near if one.parent_id == found.id],
    }


def _called(place: Called) -> str:
    return place.english if in_english() and place.english else place.name


def _name(place: Tenant) -> str:
    return place.english if in_english() and place.english else place.name
