"""What a scenario should come to: the run's own functions on tables with the edits written in."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache

import numpy as np

from core.catalog.host import load as load_host
from core.catalog.view import catalogue_for
from core.contract import Demand, Ruleset, TableKind, Walker, hookimpl, text
from core.kernel.walks import UNREACHED
from core.runs.execute import Silent
from core.runs.judge import judge
from core.runs.measure import count, measure, ready
from core.runs.params import Params
from core.runs.plan import make_plan
from core.runs.town import load, settle
from core.store import digest_of, freeze
from core.studies.opened import open_run
from core.studies.whatif.edits import (
    AddOffer,
    AddOutlet,
    ChangeHours,
    CloseOffer,
    CloseOutlet,
    MoveOutlet,
    OpenGate,
)
from core.studies.whatif.findings import (
    card_changes,
    coverage_changes,
    demand_changes,
    gaining_and_losing,
    measured_keys,
)
from core.studies.whatif.standing import Standing
from tests.core.runs.small_town import TABLES, TownPlugin, demands, named

RULES = "small.rules"
WALKED_TO = {"on_site", "scheduled", "locker"}


WHEELCHAIR = Walker(
    key="wheelchair", metres_per_second=0.8, steps=None, crossing_seconds=0, through_gates=False
)
FOR_WHEELCHAIRS = Demand(formats=("wet_market",), minutes=15, walker=WHEELCHAIR)


class StrictPlugin(TownPlugin):
    """The small town's rules, which also ask about people who pass neither steps nor gates."""

    @staticmethod
    @hookimpl
    def lifecircle_rulesets() -> list[Ruleset]:
        [rules] = TownPlugin.lifecircle_rulesets()

        def asked(settings):
            return [*demands(settings), named(FOR_WHEELCHAIRS)]

        return [replace(rules, demands=asked, digest="small-strict")]


@cache
def host(plugin=TownPlugin):
    """Give a town's plugin, loaded."""
    return load_host(allowed=("none",), extra=[("small", plugin())])


def town_tables():
    """Give the small town's tables."""
    return {kind: make() for kind, make in TABLES.items()}


def stand_on(blobs, tables, plugin=TownPlugin, **values):
    """Open tables as a run and make it ready for scenarios."""
    catalogue = catalogue_for(host(plugin), {"small": {}})
    plan = make_plan(catalogue, RULES, Params.load(values), digests_of(blobs, tables))
    return Standing(open_run(blobs, host(plugin), plan, digest_of(plan)), blobs)


def digests_of(blobs, tables):
    """Freeze tables; give the digest of each kind."""
    return {
        kind.value: freeze(blobs, kind, each, attribution="示例").digest
        for kind, each in tables.items()
    }


class Shops:
    """The tables of outlets and offers, as lists that grow and shrink."""

    def __init__(self, tables) -> None:
        self.outlets, self.offers = (
            {name: list(column) for name, column in tables[name_of].items()}
            for name_of in ("outlets", "offers")
        )
        self.pinned = len(self.outlets["key"])
        self.change = {
            AddOutlet: self.add_outlet,
            CloseOutlet: lambda edit: self.keep(lambda n: not self.is_of(n, edit)),
            MoveOutlet: self.move,
            AddOffer: lambda edit: self.add(self.row_of(edit), edit),
            CloseOffer: lambda edit: self.keep(lambda n: not self.is_walked(n, edit)),
            ChangeHours: self.change_hours,
        }

    def row_of(self, edit):
        named = edit.outlet
        return named if isinstance(named, int) else self.pinned + int(named[4:]) - 1

    def is_of(self, n, edit):
        return self.offers["outlet"][n] == self.row_of(edit)

    def is_walked(self, n, edit):
        mine = self.is_of(n, edit) and self.offers["format"][n] == edit.format
        return mine and self.offers["mode"][n] in WALKED_TO

    def keep(self, wanted):
        kept = [n for n in range(len(self.offers["outlet"])) if wanted(n)]
        self.offers = {name: [column[n] for n in kept] for name, column in self.offers.items()}

    def add(self, row, offer):
        told = {"format": offer.format, "hours": offer.hours}
        told |= {"outlet": row, "service": "", "mode": "on_site"}
        for name, column in self.offers.items():
            column.append(told[name])

    def add_outlet(self, edit):
        row = len(self.outlets["key"])
        told = {"key": f"n{row}", "name": edit.name, "lon": edit.lon, "lat": edit.lat}
        for name, column in self.outlets.items():
            column.append(told[name])
        for one in edit.offers:
            self.add(row, one)

    def move(self, edit):
        row = self.row_of(edit)
        self.outlets["lon"][row], self.outlets["lat"][row] = edit.lon, edit.lat

    def change_hours(self, edit):
        for n in range(len(self.offers["outlet"])):
            if self.is_walked(n, edit):
                self.offers["hours"][n] = edit.hours

    def tables(self):
        return {
            "outlets": {
                "key": text(self.outlets["key"]),
                "name": text(self.outlets["name"]),
                "lon": np.array(self.outlets["lon"], dtype="f8"),
                "lat": np.array(self.outlets["lat"], dtype="f8"),
            },
            "offers": {
                "outlet": np.array(self.offers["outlet"], dtype="i4"),
                **{name: text(self.offers[name]) for name in self.offers if name != "outlet"},
            },
        }


def edited(tables, edits, gate_edges=()):
    """Write edits into tables, as an importer of the changed files would have them.

    Gates are opened in the order of ``gate_edges``; paths are laid by the test itself.
    """
    tables, opened = copy.deepcopy(tables), iter(gate_edges)
    shops = Shops(tables[TableKind.OUTLETS])
    for edit in edits:
        if isinstance(edit, OpenGate):
            tables[TableKind.STREETS]["edges"]["gate"][next(opened)] = ""
        else:
            shops.change[type(edit)](edit)
    return {**tables, TableKind.OUTLETS: shops.tables()}


class WholeRun:
    """A run computed from its tables, with formats that count as registered."""

    def __init__(self, blobs, tables, also=(), plugin=TownPlugin, **values) -> None:
        params, catalogue = Params.load(values), catalogue_for(host(plugin), {"small": {}})
        asked = catalogue.demands(RULES)
        self.town = settle(load(blobs, digests_of(blobs, tables)), params)
        prepared = ready(self.town, asked, params)
        tick = Silent().tick
        walks, keys = measure(self.town, asked, catalogue.formats, params, tick, prepared)
        self.keys = tuple(sorted({*keys, *also}))
        self.measured = count(self.town, walks, asked, self.keys, catalogue.formats, params)
        self.judged = judge(self.town, self.measured, catalogue, RULES, tick)


def compare(study, base, whole):
    """Hold every number of a scenario against the whole run's."""
    standing = study.standing
    assert measured_keys(study) == set(whole.measured.coverage)
    _compare_walks(study, whole)
    changes = {(one.key, one.minutes): one for one in coverage_changes(study)}
    groups = [whole.town.homes.groups[group] for group in standing.groups]
    gains, losses = (np.zeros(len(groups[0]), dtype=bool) for _ in range(2))
    for key, by_minutes in whole.measured.coverage.items():
        for minutes, everybody in by_minutes.items():
            near = whole.measured.walks[key] <= minutes * 600
            was = base.measured.walks.get(key, np.full(len(near), UNREACHED)) <= minutes * 600
            counts = [whole.town.areas.people(np.where(near, each, 0)) for each in groups]
            assert counts[0].tolist() == everybody.tolist()
            gains, losses = gains | near & ~was, losses | ~near & was
            one = changes.pop((key, minutes), None)
            if one is None:
                assert key in base.measured.coverage
                assert not (near != was).any()
                continue
            for column, each in enumerate(groups):
                assert one.after[:, column].tolist() == counts[column].tolist(), (key, minutes)
                assert one.gained[column] == each[near & ~was].sum()
                assert one.lost[column] == each[~near & was].sum()
            if key in base.measured.coverage:
                assert one.before[:, 0].tolist() == base.measured.coverage[key][minutes].tolist()
            else:
                assert one.before is None
    assert not changes
    gaining, losing = gaining_and_losing(study)
    assert gaining.tolist() == [each[gains].sum() for each in groups]
    assert losing.tolist() == [each[losses].sum() for each in groups]
    _compare_answers(study, base, whole)


def _compare_walks(study, whole):
    for key, row in whole.measured.walks.items():
        lanes = study.standing.indicators[study.standing.reported[key][0]].lanes
        assert study.walks(lanes).tolist() == row.tolist(), key


def _compare_answers(study, base, whole):
    standing = study.standing
    changes = demand_changes(study)
    by_demand = {standing.demands[one.place]: one for one in changes}
    for demand, answer in whole.measured.answers.items():
        found = by_demand.get(demand)
        told = base.measured.answers[demand] if found is None else found.after
        assert told.why == answer.why, demand
        for name in ("low", "high", "people"):
            mine, theirs = getattr(told, name), getattr(answer, name)
            assert (mine is None) == (theirs is None)
            assert mine is None or mine.tolist() == theirs.tolist(), (demand, name)
    cards = {one.area: one for one in card_changes(study, changes)}
    for area, judged in enumerate(whole.judged):
        before = base.judged[area].scorecard
        if area in cards:
            assert cards[area].before == before
        told = cards[area].after if area in cards else before
        assert told == judged.scorecard
        assert area in cards or before == judged.scorecard
