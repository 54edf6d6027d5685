"""Frame: what stands around the pages of one place, from who is asking where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from core.access import Here
from core.db import Run
from core.policy import Actor, Permission
from core.web.figures import day
from core.web.shell import Choice, Entry, Pick, Shell

PLACES = "/"  # these belong to the room that knows places and people
ACCOUNT = "/account"
SIGN_OUT = "/sign-out"
SYSTEM = "/system"
SUBMISSIONS = "submissions"


def frame(here: Here, current: str, picks: Sequence[Pick] = ()) -> Shell:
    """Give the shell of a page of one place; entries that the actor may not open are left out.

    Parameters
    ----------
    here
        The place, and who asks.
    current
        Key of the rail's entry that the page belongs to: ``home``, ``data``, ``runs``, ``map``,
        ``gaps``, ``submissions``, ``places``, ``plugins``.
    picks
        What the page is about beside the place, such as ``run_picks``.
    """
    entries = [
        [Entry(key="home", label=_("工作台"), href=_page("home", here), icon="desk")],
        [],
        [],
    ]
    if here.may(Permission.DATA_READ):
        data = Entry(key="data", label=_("数据"), href=_page("datasets", here), icon="data")
        work = Entry(key="jobs", label=_("任务"), href=_page("jobs", here), icon="run")
        entries[0] += [data, work]
    reads = here.extent(Permission.RUN_READ)
    if reads.anywhere:
        score = Entry(key="runs", label=_("评价"), href=_page("runs", here), icon="score")
        drawn = Entry(key="map", label=_("地图"), href=_page("latest_map", here), icon="map")
        gaps = Entry(key="gaps", label=_("缺口"), href=_page("latest_gaps", here), icon="gap")
        entries[1] += [score, drawn, gaps] if reads.whole else [score, gaps]
    if here.may(Permission.SUBMISSION_READ):
        reviews = here.may(Permission.SUBMISSION_REVIEW)
        entries[2].append(
            Entry(
                key=SUBMISSIONS,
                label=_("审核") if reviews else _("报送"),
                href=f"{_page('home', here)}{SUBMISSIONS}",
                icon="review" if reviews else "submit",
            )
        )
    if here.may(Permission.TENANT_READ):
        tree = f"{_page('home', here)}places"
        entries[2].append(Entry(key="places", label=_("地区"), href=tree, icon="house"))
    if here.may(Permission.PLUGIN_READ):
        there = f"{_page('home', here)}plugins"
        entries[2].append(Entry(key="plugins", label=_("插件"), href=there, icon="settings"))
    if here.may(Permission.AUDIT_READ):
        trail = Entry(key="audit", label=_("审计"), href=_page("audit", here), icon="lock")
        entries[2].append(trail)
    manual = Entry(key="docs", label=_("接口"), href=url_for("documents.docs"), icon="plugin")
    return Shell(
        groups=[*filter(None, entries), [manual]],
        current=current,
        home=PLACES,
        picks=[_place(here), *picks],
        sample=here.sample,
        **_person(here.actor),
    )


def frame_outside(actor: Actor, current: str = "", entries: Sequence[Entry] = ()) -> Shell:
    """Give the shell of a page that is about no single place, such as the list of places."""
    manual = Entry(key="docs", label=_("接口"), href=url_for("documents.docs"), icon="plugin")
    if actor.system is not None and not entries:
        entries = [Entry(key="system", label=_("系统"), href=SYSTEM, icon="settings")]
    return Shell(groups=[entries, [manual]], current=current, home=PLACES, **_person(actor))


def run_picks(run: Run, ruleset: str, as_of: date | None) -> list[Pick]:
    """Say which rules and whose date a run's figures are about."""
    picks = [Pick(label=_("规则"), value=ruleset, note=run.ruleset_version)]
    if as_of is not None:
        picks.append(Pick(label=_("居民截至"), value=day(as_of)))
    return picks


def part_pick(names: Sequence[str]) -> Pick:
    """Say which part of the place the page's figures are about."""
    return Pick(label=_("负责范围"), value=_("、").join(names))


def _person(actor: Actor) -> dict[str, Any]:
    return {
        "person": actor.name,
        "account": ACCOUNT,
        "sign_out": SIGN_OUT,
        "language": url_for("pages.language"),
    }


def _place(here: Here) -> Pick:
    levels = {
        "nation": _("国家"),
        "province": _("省"),
        "city": _("市"),
        "district": _("区县"),
        "street": _("街道"),
    }
    level = levels.get(here.level, here.level)
    return Pick(
        label=_("地区"),
        value=here.name,
        choices=[
            Choice(
                label=here.name,
                href=_page("home", here),
                note=_("%(level)s，已并入其他地区", level=level) if here.past else level,
                current=True,
            ),
            Choice(label=_("我的全部地区"), href=PLACES),
        ],
    )


def _page(name: str, here: Here) -> str:
    return url_for(f"pages.{name}", tenant=here.slug)
