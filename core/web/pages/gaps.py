"""Where people lack something: the map beside the gaps, and the gaps as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from core.access import Here, requires
from core.contract import BusinessFormat
from core.db import WHOLE, Run
from core.errors import NotFound
from core.policy import Permission
from core.runs.part import gaps_of, part_of
from core.runs.summary import Lacking, coverage, find_done, gap_list, measured_keys
from core.runs.terms import SLOT
from core.web.figures import count, people, share
from core.web.pages.blueprint import blueprint, page, see
from core.web.pages.finding import SIX, Cell, finding_of, gap_rows, means, slot_name
from core.web.pages.home import latest_run
from core.web.pages.result import around

BESIDE = 30  # gaps listed beside the map
LISTED = 200


@blueprint.route("/t/<tenant>/map")
@requires(Permission.RUN_READ)
def latest_map(here: Here) -> Response:
    """Go to the map of the run that was finished last."""
    return _latest(here, "run_map")


@blueprint.route("/t/<tenant>/gaps")
@requires(Permission.RUN_READ, cut_to_part=True)
def latest_gaps(here: Here) -> Response:
    """Go to the gaps of the run that was finished last."""
    return _latest(here, "run_gaps")


@blueprint.route("/t/<tenant>/runs/<uuid:run_id>/map")
@requires(Permission.RUN_READ)
def run_map(here: Here, run_id: UUID) -> Response:
    """Show homes by minutes to a chosen format, its outlets, and where people lack it."""
    with here.session() as session:
        run = find_done(session, run_id)
        shared = around(session, here, run, "map", rail="map")
        formats = shared["formats"]
        keys = _spoken(session, run)
        finding = finding_of(session, here, run, formats)
        chosen = _chosen(keys, finding.worst)
        found = gap_list(session, run.id, formats, limit=LISTED)
        of_slots = [gap for gap in found if gap.key in SIX][:BESIDE]
        return page(
            "map_of_run.html",
            **shared,
            chosen=chosen,
            choices=_choices(keys, formats),
            chosen_name=means(chosen, formats),
            said=_covered(session, run, chosen, formats),
            urls=_urls(here, run),
            gaps=gap_rows(
                of_slots,
                shared["area_names"],
                formats,
                residents=run.people or 0,
                address=url_for("pages.run_map", tenant=here.slug, run_id=run.id),
            ),
        )


@blueprint.route("/t/<tenant>/runs/<uuid:run_id>/gaps")
@requires(Permission.RUN_READ, cut_to_part=True)
def run_gaps(here: Here, run_id: UUID) -> Response:
    """List the gaps, most people first: of 六个一, of everything, or of one format."""
    with here.session() as session:
        run = find_done(session, run_id)
        shared = around(session, here, run, "gaps", rail="gaps")
        formats = shared["formats"]
        keys = _spoken(session, run)
        chosen = request.args.get("format", "")
        if chosen and chosen not in keys:
            raise _unmeasured(chosen)
        listed = _listed(session, here, run, formats, chosen)
        return page(
            "gaps_of_run.html",
            **shared,
            chosen=chosen,
            choices=_choices(keys, formats),
            chosen_name=means(chosen, formats) if chosen else "",
            total=listed.total,
            ages=_ages(listed.gaps),
            said=_lacking(listed.gaps, listed.residents),
            gaps=gap_rows(
                listed.gaps,
                shared["area_names"],
                formats,
                residents=listed.residents,
                address=url_for(listed.page, tenant=here.slug, run_id=run.id),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The gaps of a page, of how many residents, all of a chosen format's, and where one looks."""

    gaps: tuple[Lacking, ...]
    residents: int
    total: Mapping[str, Any] | None
    page: str


def _listed(
    session: Session,
    here: Here,
    run: Run,
    formats: Mapping[str, BusinessFormat],
    chosen: str,
) -> Listed:
    part = part_of(session, here.services.blobs, run, here.part)
    if part is None:
        found = gap_list(session, run.id, formats, key=chosen or None, limit=LISTED)
        kept = found if chosen else tuple(gap for gap in found if gap.key in SIX)
        totals = {each["key"]: each for each in run.summary.get("gaps", ())}
        return Listed(
            gaps=kept, residents=run.people or 0, total=totals.get(chosen), page="pages.run_map"
        )
    keys = [chosen] if chosen else SIX
    ours = [gap.lacking for key in keys for gap in gaps_of(part, key, formats)]
    total = {"clusters": len(ours), "people": sum(gap.people for gap in ours)}
    return Listed(
        gaps=tuple(sorted(ours, key=lambda gap: -gap.people)[:LISTED]),
        residents=part.people,
        total=total if chosen else None,
        page="pages.run_gaps",
    )


def _ages(found: Sequence[Lacking]) -> dict[str, str]:
    """Name the age groups that a gap's people are counted by, of those that the page shows."""
    named = {"60+": str(_("其中 60 岁及以上")), "0-3": str(_("其中 0–3 岁"))}
    return {key: name for key, name in named.items() if any(key in gap.groups for gap in found)}


def _latest(here: Here, page_name: str) -> Response:
    with here.session() as session:
        run = latest_run(session, here.part)
        if run is None:
            return see(url_for("pages.runs", tenant=here.slug))
        return see(url_for(f"pages.{page_name}", tenant=here.slug, run_id=run.id))


def _spoken(session: Session, run: Run) -> tuple[str, ...]:
    """Name what the run measured, of the slots those six that people speak of."""
    keys = measured_keys(session, run.id)
    return tuple(key for key in keys if key in SIX or not key.startswith(SLOT))


def _chosen(keys: tuple[str, ...], worst: tuple[Cell, ...]) -> str:
    """Choose what the map shows: what the address asks for, else what the most people lack."""
    asked = request.args.get("format", "")
    if asked:
        if asked not in keys:
            raise _unmeasured(asked)
        return asked
    if worst:
        return worst[0].key
    return keys[0] if keys else ""


def _choices(keys: tuple[str, ...], formats: Mapping[str, BusinessFormat]) -> list[dict[str, str]]:
    return [
        {"key": key, "name": means(key, formats), "slot": slot_name(key, formats)} for key in keys
    ]


def _covered(session: Session, run: Run, key: str, formats: Mapping[str, BusinessFormat]) -> str:
    """Say who walks to the format within each of the reported minutes."""
    parts = [
        _(
            "%(m)s 分钟内 %(share)s",
            m=f"{each.minutes:g}",
            share=share(each.share),
        )
        for each in coverage(session, run.id, formats, WHOLE)
        if each.key == key
    ]
    return str(
        _(
            "%(people)s人里，走到最近的%(what)s：%(parts)s。",
            people=people(run.people),
            what=means(key, formats),
            parts=_("，").join(parts),
        )
    )


def _lacking(found: Sequence[Lacking], residents: int) -> str:
    """Say how many gaps are listed and where the largest leaves how many people."""
    if not found:
        return str(_("没有缺口。"))
    return str(
        _(
            "列出 %(n)s 处缺口；最大的一处，全部 %(all)s 人里有 %(people)s 人在标准时间内够不到。",
            n=len(found),
            people=count(found[0].people),
            all=count(residents),
        )
    )


def _urls(here: Here, run: Run) -> dict[str, str]:
    values: dict[str, Any] = {"tenant": here.slug, "run_id": run.id}
    names = ("homes", "outlets", "gaps", "streets", "areas")
    urls = {name: url_for(f"picture.{name}", **values) for name in names}
    return urls | {"home": urls["homes"]}


def _unmeasured(key: str) -> NotFound:
    return NotFound(
        f"这次评价没有测“{key}”，结果没有改变。请从列出的业态中选择。",
        english=f"This run did not measure {key!r}. Choose one of those listed.",
    )
