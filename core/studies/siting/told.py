"""Sites told: the answer to a question for sites as plain values and sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely

from core.contract import TableKind
from core.contract.walkers import described
from core.kernel.siting.certificate import Proof
from core.kernel.streets import checked, largest_component, unplane
from core.runs.explain import PLACES
from core.studies.opened import Opened
from core.studies.siting.comparison import Asked, Site, Solution
from core.studies.siting.site import Sited
from core.studies.siting.spots import FIXED, HOST, KINDS, PREMISES, STREET, Place, Spots

DEGREE_DECIMALS = 6
FINE_DECIMALS = 9  # a tenth of a millimetre: a point on a street stays on it
METRE_DECIMALS = 1
SHARE_DECIMALS = 6
MOST_LISTED = 200  # points off the streets that are listed; all are counted
TENTHS = 10
SITE_NAMES = {PREMISES: "空置铺面", STREET: "选址点", FIXED: "已定点位"}
NAMES: Mapping[str, tuple[str, str]] = {
    "hosts": ("在现有店铺加项", "add to existing shops"),
    "new": ("新开", "open anew"),
    "both": ("加项与新开并用", "add and open anew"),
}


def tell(opened: Opened, asked: Asked, answer: Sited) -> dict[str, Any]:
    """Write the whole answer, each site with what it is and where."""
    formats = opened.catalogue.formats
    one = formats.get(asked.format)
    writer = _Writer(opened, asked, answer)
    return {
        "format": asked.format,
        "name": one.name if one else asked.format,
        "english": one.english if one else asked.format,
        "minutes": answer.minutes,
        "walker": answer.walker.key,
        "metres_per_second": answer.walker.metres_per_second,
        "group": asked.group,
        "people": answer.people,
        "covered": answer.covered,
        "share": _share(answer.covered, answer.people),
        "off_street": answer.off_street,
        "existing": answer.existing,
        "groups": {
            name: {"people": people, "covered": answer.covered_groups[name]}
            for name, people in answer.everybody.items()
        },
        "candidates": writer.candidates(),
        "unattached": writer.unattached(),
        "fixed": [writer.site(each, answer.gathered.fixed) for each in answer.fixed],
        "solutions": [writer.solution(each) for each in answer.solutions],
        "comparison": _pair(*compared(answer)),
        "assumed": [_pair(*each) for each in assumed(asked, answer)],
    }


class _Writer:
    """Writes the sites of one answer."""

    def __init__(self, opened: Opened, asked: Asked, answer: Sited) -> None:
        self._opened, self._asked, self._answer = opened, asked, answer
        self._edges = _edges_in_use(opened)
        self._areas = _named_areas(opened)

    def candidates(self) -> dict[str, Any]:
        """Count what was compared, and what was not."""
        gathered = self._answer.gathered
        return {
            **{kind: int(gathered.spots.of(kind).sum()) for kind in (HOST, PREMISES, STREET)},
            "excluded": gathered.excluded,
            "far": gathered.far,
            "spacing_metres": gathered.spacing,
            "only_can_host": gathered.only_hosts,
            "hosts_apart_metres": gathered.thinned,
        }

    def unattached(self) -> dict[str, Any]:
        """List the points that no street is near enough to."""
        lost = self._answer.gathered.unattached
        listed = []
        for number in range(min(len(lost), MOST_LISTED)):
            away = float(lost.snapped.access_metres[number])
            metres = None if math.isnan(away) else round(away, METRE_DECIMALS)
            listed.append({**self._spot(lost, number), "access_metres": metres})
        return {"count": len(lost), "listed": listed}

    def solution(self, one: Solution) -> dict[str, Any]:
        """Write one solution with its sites in order."""
        answer = self._answer
        before = answer.covered + sum(each.people for each in answer.fixed)
        decided = [*answer.fixed, *one.sites]
        chinese, english = NAMES[one.way]
        return {
            "way": one.way,
            "name": chinese,
            "english": english,
            "sites": [self.site(each, answer.gathered.spots) for each in one.sites],
            "people": one.people,
            "covered_before": before,
            "covered_after": before + one.people,
            "share_before": _share(before, answer.people),
            "share_after": _share(before + one.people, answer.people),
            "groups_after": {
                name: covered + sum(each.groups[name] for each in decided)
                for name, covered in answer.covered_groups.items()
            },
            "cost": one.cost if priced(self._asked) else None,
            "upper_bound": one.upper_bound,
            "proven": one.proven,
            "within_percent": within_percent(one),
            "sentence": _pair(*said(one)),
            "edits": [
                *(self._edit(each, answer.gathered.fixed) for each in answer.fixed),
                *(self._edit(each, answer.gathered.spots) for each in one.sites),
            ],
            "curve": {
                "sites": list(range(len(one.curve))),
                "people": [step.people for step in one.curve],
                "upper_bound": [step.upper_bound for step in one.curve],
            },
        }

    def site(self, one: Site, spots: Spots) -> dict[str, Any]:
        """Write one site: what and where it is, and whom it covers."""
        found = self._spot(spots, one.spot)
        return {
            **found,
            "street": self._street(spots, one.spot),
            "area": self._area(found["lon"], found["lat"]),
            "people": one.people,
            "cumulative": one.cumulative,
            "groups": dict(one.groups),
            "cost": one.cost,
        }

    def _edit(self, one: Site, spots: Spots) -> dict[str, Any]:
        """Write a site as an edit of a scenario."""
        key, spot = self._asked.format, self._spot(spots, one.spot)
        if spot["outlet"] is not None:
            return {"kind": "add_offer", "outlet": spot["outlet"]["row"], "format": key}
        lon, lat = self._degrees(spots, one.spot)
        return {
            "kind": "add_outlet",
            "name": spot["name"] or SITE_NAMES[spot["kind"]],
            "lon": round(lon, FINE_DECIMALS),
            "lat": round(lat, FINE_DECIMALS),
            "offers": [{"format": key}],
        }

    def _degrees(self, spots: Spots, number: int) -> tuple[float, float]:
        town, rows = self._opened.town, slice(number, number + 1)
        lon, lat = unplane(spots.x[rows], spots.y[rows], lon0=town.lon0, lat0=town.lat0)
        return float(lon[0]), float(lat[0])

    def _spot(self, spots: Spots, number: int) -> dict[str, Any]:
        """Say what stands there: an outlet with what it offers, or a point with its given name."""
        kind, row = KINDS[spots.kind[number]], int(spots.row[number])
        lon, lat = self._degrees(spots, number)
        outlet, named = None, None
        if kind == HOST:
            outlet = row
        elif kind == PREMISES:
            named = self._asked.wished.premises[row]
        elif kind == FIXED:
            decided = self._asked.wished.fixed[row]
            outlet, named = (None, decided) if isinstance(decided, Place) else (decided, None)
        return {
            "kind": kind,
            "key": named.key if named else "",
            "name": named.name if named else "",
            "outlet": None if outlet is None else self._outlet(outlet),
            "lon": round(lon, DEGREE_DECIMALS),
            "lat": round(lat, DEGREE_DECIMALS),
        }

    def _outlet(self, row: int) -> dict[str, Any]:
        outlets, offers = self._opened.outlets, self._opened.town.offers
        formats = self._opened.catalogue.formats
        offered = sorted({str(key) for key in offers.format[offers.outlet == row]})
        return {
            "row": row,
            "key": str(outlets["key"][row]),
            "name": str(outlets["name"][row]),
            "offers": [formats[key].name if key in formats else key for key in offered],
        }

    def _street(self, spots: Spots, number: int) -> dict[str, Any]:
        edges = self._opened.tables[TableKind.STREETS]["edges"]
        row = self._edges[spots.snapped.edge[number]]
        away = float(spots.snapped.access_metres[number])
        return {
            "way": int(edges["way"][row]),
            "kind": str(edges["kind"][row]),
            "metres": round(away, METRE_DECIMALS),
        }

    def _area(self, lon: float, lat: float) -> dict[str, str] | None:
        """Name the circle, else community, else street where a site lies."""
        for keys, names, shapes in self._areas:
            inside = np.flatnonzero(shapely.intersects_xy(shapes, lon, lat))
            if len(inside):
                return {"key": str(keys[inside[0]]), "name": str(names[inside[0]])}
        return None


def _named_areas(opened: Opened) -> list[tuple[Any, Any, Any]]:
    """Give keys, names and shapes of the areas that places are named after, kind after kind."""
    tables = opened.tables.get(TableKind.AREAS)
    if tables is None:
        return []
    table = tables["areas"]
    of_kind = [np.flatnonzero(table["kind"] == kind) for kind in PLACES]
    return [
        (table["key"][rows], table["name"][rows], shapely.from_wkb(table["wkb"][rows]))
        for rows in of_kind
    ]


def _edges_in_use(opened: Opened) -> Any:
    """Give the row in the frozen table of each street that the run kept."""
    streets, edges = opened.town.streets, opened.tables[TableKind.STREETS]["edges"]
    rows = np.arange(len(edges["way"]))
    if not opened.params.largest_component_only:
        return rows
    every = checked(x=streets.x, y=streets.y, u=edges["u"], v=edges["v"], metres=edges["metres"])
    return rows[largest_component(every)]


def within_percent(one: Solution) -> float:
    """Say how far the answer can lie below the best, in percent of the best, rounded up."""
    if one.proven:
        return 0.0
    short = one.upper_bound - one.people
    return math.ceil(short * 100 * TENTHS / one.upper_bound) / TENTHS


def said(one: Solution) -> tuple[str, str]:
    """Say in Chinese and English what the sites bring and how sure it is that nothing is better."""
    if not one.upper_bound:
        return (
            "候选点中没有一处能让更多人走到。",
            "No candidate would bring anybody within the walk.",
        )
    count, people = len(one.sites), one.people
    chinese = f"{count} 处新增覆盖 {people} 人。"
    english = f"{count} sites newly cover {people} people. "
    if one.proven:
        return (
            f"{chinese}已证明最优：这些候选点的任何允许的组合都不会更多。",
            f"{english}Proven best: no permitted choice of these candidates covers more.",
        )
    percent, bound = within_percent(one), one.upper_bound
    chinese += f"与最优相差不超过 {percent:g}%（任何允许的组合都不超过 {bound} 人），尚未证明最优。"
    english += (
        f"Within {percent:g}% of the best (no permitted choice covers more than {bound}); not "
        "proven best."
    )
    if one.proof is Proof.SOLVER_FAILED:
        chinese += "求解器未能运行，方案和上界仍然有效。"
        english += " The solver did not run; the answer and the bound hold."
    return chinese, english


def compared(answer: Sited) -> tuple[str, str]:
    """Set adding to shops beside opening anew; empty where only one was asked for."""
    ways = {each.way: each for each in answer.solutions}
    if "both" not in ways:
        return "", ""
    hosts, new, both = ways["hosts"], ways["new"], ways["both"]
    chinese = (
        f"在现有店铺加项 {len(hosts.sites)} 处新增覆盖 {hosts.people} 人，"
        f"新开 {len(new.sites)} 处新增覆盖 {new.people} 人，"
        f"两者并用 {len(both.sites)} 处新增覆盖 {both.people} 人。"
    )
    english = (
        f"Adding to {len(hosts.sites)} existing shops newly covers {hosts.people} people, opening "
        f"{len(new.sites)} anew {new.people}, both together at {len(both.sites)} sites "
        f"{both.people}."
    )
    return chinese, english


def assumed(asked: Asked, answer: Sited) -> Iterator[tuple[str, str]]:
    """Say what the answer takes for granted, in Chinese and English."""
    key, how = answer.walker.key, described(answer.walker)
    chinese = f"按步行者 {key}（{how}）步行 {answer.minutes:g} 分钟以内计；"
    english = f"Walks of at most {answer.minutes:g} minutes by {key}; "
    yield chinese + "现有网点不论营业时间都算。", english + "existing outlets count at any hours."
    chinese = "“最优”和上界只对参与比较的候选点成立。"
    yield chinese, "Best and bound hold among the candidates that were compared."
    if not answer.existing:
        chinese = "数据中没有任何网点登记这一业态：可能是没有登记，未必真的没有。"
        yield chinese, "No outlet in the data offers this format: perhaps it was not recorded."
    yield from _assumed_of(answer)
    if priced(asked) or asked.budget is not None:
        chinese = "费用和预算由提问者给出，未经核实。"
        yield chinese, "Costs and budget are the asker's and were not checked."
    if answer.off_street:
        chinese = f"{answer.off_street} 人的住处离街道太远，任何选址都覆盖不到。"
        yield chinese, f"{answer.off_street} people live too far from any street to be helped."


def _assumed_of(answer: Sited) -> Iterator[tuple[str, str]]:
    """Say what is taken for granted about the candidates."""
    far = answer.gathered.far
    if answer.gathered.spots.of(HOST).any():
        chinese = "现有店铺有没有场地、愿不愿加项，数据中没有，须实地核实。"
        yield chinese, "Whether a shop has room and will is not in the data; look on the spot."
    if answer.gathered.only_hosts:
        chinese = "现有店铺只取目录中可一店多能的业态。"
        yield chinese, "Of existing shops only those whose format may carry others were taken."
    if answer.gathered.thinned:
        chinese = f"现有店铺太多，{answer.gathered.thinned:g} 米之内只取一家作代表。"
        english = f"Shops are many: one stands for those within {answer.gathered.thinned:g} m."
        yield chinese, english
    if answer.gathered.spots.of(STREET).any():
        chinese = "街道点只表示位置，那里有没有铺面须实地核实。"
        yield chinese, "Points along streets are positions; see whether premises are there."
    if far:
        chinese = f"{far} 个候选点离所有未覆盖居民的直线距离都超过这段步行，没有比较。"
        english = f"{far} candidates lie farther, straight, from all who lack the format than "
        yield chinese, english + "the walk goes, and were not compared."


def priced(asked: Asked) -> bool:
    """Say whether any cost was given."""
    own = any(each.cost is not None for each in asked.wished.premises)
    return own or asked.costs.host is not None or asked.costs.open is not None


def _pair(chinese: str, english: str) -> dict[str, str]:
    return {"zh": chinese, "en": english}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, SHARE_DECIMALS) if whole else None
