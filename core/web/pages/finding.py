"""Finding: what a finished run says first, with numerators, denominators, date and source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from sqlalchemy.orm import Session

from core.access import Here
from core.contract import BusinessFormat
from core.db import WHOLE, Run
from core.runs.part import Part
from core.runs.summary import SLOTS, Lacking, coverage, name_of
from core.runs.terms import SLOT
from core.runs.together import reach_all
from core.web.figures import day, people
from core.web.language import in_english

SIX = tuple(f"{SLOT}{slot}" for slot in SLOTS)
USUAL_MINUTES = 15.0
MET, HALF = 0.8, 0.5  # our own words for a share of residents; a ruleset's lines have their targets
MEANS = {
    "yi_dian": later("便利店"),
    "yi_zao": later("早餐店"),
    "yi_cai": later("菜市场"),
    "yi_xiu": later("维修点"),
    "yi_lao": later("养老服务"),
    "yi_xiao": later("托育点"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One of 六个一: ``share`` ``None`` where it was not measured."""

    key: str
    name: str
    format: str
    share: float | None
    covered: int | None
    people: int
    standing: str
    href: str

    @property
    def people_short(self) -> int:
        """How many do not reach it."""
        return self.people - (self.covered or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """People, the minutes looked at, 六个一 in their order, and who reaches all six."""

    people: int
    minutes: float
    six: tuple[Cell, ...]
    all_six: int | None
    as_of: date | None

    @property
    def all_share(self) -> float | None:
        """The share of residents who reach all six."""
        return None if self.all_six is None or not self.people else self.all_six / self.people

    @property
    def worst(self) -> tuple[Cell, ...]:
        """The measured ones that the most people lack, at most two."""
        lacking = [cell for cell in self.six if cell.share is not None and cell.people_short]
        return tuple(sorted(lacking, key=lambda cell: -cell.people_short)[:2])

    @property
    def unmeasured(self) -> tuple[Cell, ...]:
        """Those for which data are missing."""
        return tuple(cell for cell in self.six if cell.share is None)


def finding_of(
    session: Session, here: Here, run: Run, formats: Mapping[str, BusinessFormat]
) -> Finding:
    """Read a finished run's first figures, of the whole place."""
    minutes = usual_minutes(run)
    whole = {
        each.key: each.covered
        for each in coverage(session, run.id, formats, WHOLE)
        if each.minutes == minutes
    }
    people, page = run.people or 0, "pages.run_map"
    return Finding(
        people=people,
        minutes=minutes,
        six=tuple(_cell(here, run, key, whole.get(key), people, page) for key in SIX),
        all_six=reach_all(here.services.blobs, run, SIX, minutes),
        as_of=residents_as_of(run),
    )


def finding_in(part: Part, here: Here, run: Run) -> Finding:
    """Read the same figures of a part's people."""
    minutes, people, page = usual_minutes(run), part.people, "pages.run_gaps"
    return Finding(
        people=people,
        minutes=minutes,
        six=tuple(
            _cell(here, run, key, part.reaching([key], minutes), people, page) for key in SIX
        ),
        all_six=part.reaching(SIX, minutes),
        as_of=residents_as_of(run),
    )


def sentence(finding: Finding) -> str:
    """Say the finding with its number, and what the most people lack."""
    if finding.all_six is None:
        first = _(
            "%(people)s人里，多少人够得到全部“六个一”还说不出：缺%(what)s的网点数据。",
            people=people(finding.people),
            what=_("、").join(cell.name for cell in finding.unmeasured),
        )
    else:
        first = _(
            "%(people)s人里，%(n)s人走路 %(minutes)s 分钟够得到全部“六个一”。",
            people=people(finding.people),
            n=people(finding.all_six),
            minutes=f"{finding.minutes:g}",
        )
    parts = [str(first)]
    if finding.worst:
        what = _("和").join(cell.format or cell.name for cell in finding.worst)
        parts.append(str(_("%(what)s缺得最多。", what=what)))
    if finding.as_of is not None:
        parts.append(str(_("居民数据截至 %(day)s。", day=day(finding.as_of))))
    return (" " if in_english() else "").join(parts)


def usual_minutes(run: Run) -> float:
    """Choose the reported minutes that headlines speak of: 15, or the longest below, or any."""
    reported = sorted(float(each) for each in run.params["report_minutes"])
    return max([each for each in reported if each <= USUAL_MINUTES], default=reported[0])


def residents_as_of(run: Run) -> date | None:
    """Tell which day the residents' data are true of."""
    told = source_of(run, "residents").get("as_of")
    return date.fromisoformat(told) if told else None


def source_of(run: Run, role: str) -> Mapping[str, Any]:
    """Give what a finished run says about one of its inputs."""
    sources: Sequence[Mapping[str, Any]] = run.summary.get("sources", ())
    return next((each for each in sources if each["role"] == role), {})


def attributions(run: Run) -> tuple[str, ...]:
    """List whose data were used, as must be shown wherever the figures are, each once."""
    told = [each.get(part, "") for each in run.summary.get("sources", ()) for part in SAID]
    return tuple(dict.fromkeys(filter(None, told)))


SAID = ("attribution", "note")


def stands(share: float | None) -> str:
    """Put a share of residents into the four words."""
    if share is None:
        return "nodata"
    if share >= MET:
        return "met"
    return "short" if share >= HALF else "lack"


def means(key: str, formats: Mapping[str, BusinessFormat]) -> str:
    """Say in everyday words what a format's or slot's key is."""
    slot = key.removeprefix(SLOT)
    if key.startswith(SLOT) and slot in MEANS:
        return str(MEANS[slot])
    return name_of(key, formats, english=in_english())


def slot_name(key: str, formats: Mapping[str, BusinessFormat]) -> str:
    """Give the 六个一 name that a slot is, or that a format serves; '' for others."""
    slot = key.removeprefix(SLOT) if key.startswith(SLOT) else ""
    if not slot and key in formats:
        slot = formats[key].slot
    return SLOTS[slot][0] if slot in SLOTS and not in_english() else ""


def gap_rows(
    found: Sequence[Lacking],
    names: Mapping[str, str],
    formats: Mapping[str, BusinessFormat],
    *,
    residents: int,
    address: str,
) -> list[dict[str, Any]]:
    """Make gaps ready for the list: place, slot, share of all residents, a sentence."""
    return [
        {
            "rank": place,
            "standing": "lack",
            "where": _("全部居民") if gap.area == WHOLE else names.get(gap.area, gap.area),
            "slot": slot_name(gap.key, formats),
            "format": means(gap.key, formats),
            "key": gap.key,
            "people": gap.people,
            "groups": gap.groups,
            "share": gap.people / residents if residents else None,
            "worst_minutes": gap.worst_minutes,
            "median_minutes": gap.median_minutes,
            "minutes_limit": gap.minutes_limit,
            "homes": gap.homes,
            "sentence": _far(gap),
            "href": f"{address}?format={gap.key}",
        }
        for place, gap in enumerate(found, 1)
    ]


def _far(gap: Lacking) -> str:
    if gap.median_minutes is None:
        return str(_("一半以上的人走不到。"))
    return str(
        _(
            "中位 %(m)s 分，标准 %(limit)s 分。",
            m=f"{gap.median_minutes:g}",
            limit=f"{gap.minutes_limit:g}",
        )
    )


def _cell(here: Here, run: Run, key: str, covered: int | None, people: int, page: str) -> Cell:
    slot = key.removeprefix(SLOT)
    share = None if covered is None or not people else covered / people
    return Cell(
        key=key,
        name=SLOTS[slot][in_english()],
        format="" if in_english() else str(MEANS[slot]),
        share=share,
        covered=covered,
        people=people,
        standing=stands(share),
        href=""
        if covered is None  # what was not measured has no page
        else url_for(page, tenant=here.slug, run_id=run.id, format=key),
    )
