"""The installation's own pages: who runs it, its places and plugins, accounts, its events."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from core.access import requires_system, services
from core.db import InstallationEvent
from core.downloads import CSV, attached
from core.errors import Invalid
from core.export import csv_text
from core.policy import Actor, SystemPermission
from core.web.frame import frame_outside
from core.web.language import in_english
from core.web.pages.blueprint import page, see
from core.web.shell import Entry
from tenants.people.roles import SYSTEM_PERMISSIONS, SYSTEM_ROLE_NAMES
from tenants.system.models import SystemRole
from tenants.system.operations import (
    MOST_EVENTS,
    events,
    paused_accounts,
    system_roles,
    unpause,
)
from tenants.system.providers import providers_of
from tenants.tree.operations import all_tenants

blueprint = Blueprint("system_pages", __name__, template_folder="../templates")
MOST_EXPORTED = 100_000  # events in one file; a narrower filter or an earlier number gives the rest
LONGEST_WORD = 80


@blueprint.route("/system")
@requires_system(SystemPermission.ROLES_READ)
def roles(actor: Actor) -> Response:
    """Tell who holds which system role; they are given and taken by command only."""
    with services().database.unbound(actor.id) as session:
        held = [
            (user.name, user.login, row.role, row.created_at) for user, row in system_roles(session)
        ]
    listed = [
        {
            "name": SYSTEM_ROLE_NAMES[role][in_english()],
            "key": role.value,
            "may": _may_words(role),
            "held": [each for each in held if each[2] == role],
        }
        for role in SystemRole
    ]
    return _page("system/roles.html", actor, "system", roles=listed, held=len(held))


@blueprint.route("/system/installation")
@requires_system(SystemPermission.INSTALLATION_READ)
def installed(actor: Actor) -> Response:
    """List the places and the plugins that this installation has."""
    opened = services()
    with opened.database.unbound(actor.id) as session:
        places = [
            {
                "slug": tenant.slug,
                "name": tenant.english if in_english() and tenant.english else tenant.name,
                "state": tenant.state,
                "sample": tenant.sample,
                "deep": tenant.path.count("/") - 2,
                "since": tenant.created_at,
            }
            for tenant in all_tenants(session)
        ]
    return _page(
        "system/installation.html",
        actor,
        "installation",
        places=places,
        plugins=opened.host.records,
    )


@blueprint.route("/system/accounts")
@requires_system(SystemPermission.ACCOUNTS_MANAGE)
def accounts(actor: Actor) -> Response:
    """List the accounts that failures have paused, and the houses by which one may sign in."""
    opened = services()
    with opened.database.unbound(actor.id) as session:
        paused = [
            {"id": user.id, "login": user.login, "until": user.locked_until}
            for user in paused_accounts(session)
        ]
    return _page(
        "system/accounts.html",
        actor,
        "accounts",
        paused=paused,
        providers=providers_of(opened.config).listed,
    )


@blueprint.route("/system/accounts/<uuid:user_id>/unpause", methods=["POST"])
@requires_system(SystemPermission.ACCOUNTS_MANAGE)
def end_pause(actor: Actor, user_id: UUID) -> Response:
    """End an account's pause before its time."""
    with services().database.unbound(actor.id) as session:
        login = unpause(session, user_id).login
    flash(_("%(login)s 可以再登录了。", login=login), "met")
    return see(url_for("system_pages.accounts"))


@blueprint.route("/system/events")
@requires_system(SystemPermission.EVENTS_READ)
def event_list(actor: Actor) -> Response:
    """List the installation's events, the newest first."""
    asked = _asked()
    with services().database.unbound(actor.id) as session:
        rows = [_row(event) for event in events(session, **asked, most=MOST_EVENTS + 1)]
    more = rows[MOST_EVENTS - 1]["number"] if len(rows) > MOST_EVENTS else None
    words = {name: asked[name] for name in ("action", "subject") if asked[name]}
    return _page(
        "system/events.html",
        actor,
        "events",
        events=rows[:MOST_EVENTS],
        words=words,
        more=more,
        before=asked["before"],
    )


@blueprint.route("/system/events.csv")
@requires_system(SystemPermission.EVENTS_READ)
def events_csv(actor: Actor) -> Response:
    """Give the chosen events as a table that a spreadsheet opens and takes for no formula."""
    head = ["number", "actor", "action", "subject", "details", "at", "hash"]
    with services().database.unbound(actor.id) as session:
        rows = [
            [
                *(row[name] for name in head[:5]),
                event.at.isoformat(timespec="milliseconds"),
                event.hash,
            ]
            for event in events(session, **_asked(), most=MOST_EXPORTED)
            for row in (_row(event),)
        ]
    return attached(csv_text(head, rows), "installation-events.csv", CSV)


def _asked() -> dict[str, Any]:
    """Read which events are asked for."""
    before = request.args.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 18):  # noqa: PLR2004 - what a bigint holds
        raise Invalid(
            "页码须为数字，没有查询，请回到第一页。",
            english="A page begins at a number; nothing was looked up. Go back to the first page.",
        )
    return {
        "action": request.args.get("action", "").strip()[:LONGEST_WORD],
        "subject": request.args.get("subject", "").strip()[:LONGEST_WORD],
        "before": int(before) if before else None,
    }


def _row(event: InstallationEvent) -> dict[str, Any]:
    return {
        "number": event.number,
        "at": event.at,
        "actor": str(event.actor_id) if event.actor_id else "",
        "action": event.action,
        "subject": event.subject,
        "details": json.dumps(event.details, ensure_ascii=False, sort_keys=True),
    }


def _may_words(role: SystemRole) -> list[str]:
    words = {
        SystemPermission.ROLES_READ: _("看谁有什么系统角色"),
        SystemPermission.INSTALLATION_READ: _("看全部地区名单与已装插件"),
        SystemPermission.ACCOUNTS_MANAGE: _("看被暂停的账号并恢复"),
        SystemPermission.SIGNING_READ: _("看外部登录服务"),
        SystemPermission.EVENTS_READ: _("看系统事件并导出"),
    }
    return [words[each] for each in SystemPermission if each in SYSTEM_PERMISSIONS[role]]


def _page(template: str, actor: Actor, current: str, **values: Any) -> Response:
    listed = {
        SystemPermission.ROLES_READ: ("system", _("系统角色"), "roles", "people"),
        SystemPermission.INSTALLATION_READ: (
            "installation",
            _("地区与插件"),
            "installed",
            "settings",
        ),
        SystemPermission.ACCOUNTS_MANAGE: ("accounts", _("账号安全"), "accounts", "lock"),
        SystemPermission.EVENTS_READ: ("events", _("系统事件"), "event_list", "table"),
    }
    policy = services().policy
    entries = [
        Entry(key=key, label=label, href=url_for(f"system_pages.{view}"), icon=icon)
        for permission, (key, label, view, icon) in listed.items()
        if policy.may_system(actor, permission)
    ]
    return page(template, shell=frame_outside(actor, current, entries), **values)
