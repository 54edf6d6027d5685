"""What-if: a scenario's edits done to a run's cities, counted, and undone; exact at every step."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from core.errors import LifecircleError
from core.kernel.walkers import CLOSED, Obstacles, Profile, effort, weigh
from core.kernel.walks import UNREACHED, Deciseconds
from core.kernel.whatif.scenario import Edit as Step
from core.kernel.whatif.scenario import LaneChange, Scenario
from core.runs.network import PACE, at_own_pace, profile
from core.runs.terms import REPORT_WALKER
from core.studies.whatif.edits import Edit
from core.studies.whatif.register import Register, Shop, is_in
from core.studies.whatif.resolve import NewPath, OpenedGate, ShopChange, meaning
from core.studies.whatif.standing import Gates, Ground, Standing
from core.studies.whatif.tally import Rows, Tally, moved

HELD = 6  # scenarios that one process keeps ready; a few megabytes a format, more with paths


@dataclass(slots=True, kw_only=True, eq=False)
class Walked:
    """A scenario for one walker: its city, what was done to it, and how to do that again."""

    ground: Ground
    scenario: Scenario
    deeds: list[Deed] = field(default_factory=list)


Deed: TypeAlias = Callable[[Walked], "Step | None"]  # None: it is nothing to this walker


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Before:
    """What a study was before an edit, as far as the edit changed it."""

    done: tuple[Profile, ...] = ()
    outlet: int | None = None
    shop: Shop | None = None
    gates: Gates | None = None
    walked: dict[Profile, Walked] = field(default_factory=dict)


class Study:
    """A run with edits on top, all counted. One thread at a time: hold ``lock``.

    Parameters
    ----------
    standing
        The run; it is never changed.
    """

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.lock = threading.Lock()
        self.register = Register(standing.pinned)
        self.tally = Tally(standing)
        self.edits: list[Edit] = []
        self.gates: Gates = frozenset()
        self.cards: dict[int, Any] = {}  # judged areas with what they were judged on; see answer
        self._walked = {one: _walked(standing.ground(one)) for one in standing.numbers}
        self._past: list[_Before] = []

    def go_to(self, edits: Sequence[Edit]) -> None:
        """Undo what is not in a list of edits and do what is missing.

        Raises
        ------
        Invalid
            An edit cannot be done; those before it are.
        """
        common = 0
        for mine, theirs in zip(self.edits, edits, strict=False):
            if mine != theirs:
                break
            common += 1
        while len(self.edits) > common:
            self.undo()
        for edit in edits[common:]:
            self.do(edit)

    def do(self, edit: Edit) -> None:
        """Do one edit.

        Raises
        ------
        Invalid
            It cannot be done; nothing has changed.
        """
        number = len(self.edits) + 1
        meant = meaning(edit, number, self.standing, self.register, self.gates)
        if isinstance(meant, OpenedGate):
            self._past.append(self._open(meant.edge))
        else:
            self._past.append(self._do(meant))
        self.edits.append(edit)

    def undo(self) -> None:
        """Take the last edit back.

        Raises
        ------
        IndexError
            If there is none.
        """
        past = self._past.pop()
        self.edits.pop()
        if past.gates is not None:
            self.gates = past.gates
            self._swap(past.walked)
            return
        steps = {}
        for one in past.done:
            walked = self._walked[one]
            walked.deeds.pop()
            steps[one] = walked.scenario.undo()
        if past.outlet is not None:
            self.register.put(past.outlet, past.shop)
        self._count(steps)

    def walks(self, lanes: Sequence[int]) -> Deciseconds:
        """Give the report's walk from every home to the nearest of some lanes."""
        scenario = self._walked[profile(REPORT_WALKER)].scenario
        row = np.minimum.reduce([scenario.walks(lane) for lane in lanes])
        row = at_own_pace(row, REPORT_WALKER)
        row[row > self.standing.longest_ds] = UNREACHED
        return row

    def _do(self, meant: ShopChange | NewPath) -> _Before:
        steps = {}
        for one, walked in self._walked.items():
            deed = _deed(meant, one, self.standing, self.register)
            step = deed(walked)
            if step is not None:
                walked.deeds.append(deed)
                steps[one] = step
        outlet = shop = None
        if isinstance(meant, ShopChange):
            outlet, shop = meant.outlet, self.register.put(meant.outlet, meant.shop)
        self._count(steps)
        return _Before(done=tuple(steps), outlet=outlet, shop=shop)

    def _open(self, edge: int) -> _Before:
        """Open a gate: those who could not pass it walk on streets prepared anew."""
        before = self.gates
        self.gates = before | {edge}
        swapped = {}
        for one, old in self._walked.items():
            if not one.through_gates:
                new = _walked(self.standing.ground(one, self.gates))
                for deed in old.deeds:
                    deed(new)
                new.deeds = list(old.deeds)
                swapped[one] = new
        return _Before(gates=before, walked=self._swap(swapped))

    def _swap(self, swapped: dict[Profile, Walked]) -> dict[Profile, Walked]:
        """Walk on other streets; give those walked on before."""
        before = {one: self._walked[one] for one in swapped}
        changes: dict[tuple[Profile, int], LaneChange] = {}
        for one, new in swapped.items():
            for lane in range(len(self.standing.numbers[one])):
                old_walks, walks = before[one].scenario.walks(lane), new.scenario.walks(lane)
                change = moved(old_walks, walks, lane)
                if change is not None:
                    changes[one, lane] = change
        self._walked |= swapped
        self.tally.update(changes, self._walks_at)
        return before

    def _count(self, steps: dict[Profile, Step]) -> None:
        changes = {
            (one, change.lane): change for one, step in steps.items() for change in step.changes
        }
        self.tally.update(changes, self._walks_at)

    def _walks_at(self, one: Profile, lane: int, homes: Rows) -> Deciseconds:
        return self._walked[one].scenario.walks_at(lane, homes)


def _walked(ground: Ground) -> Walked:
    return Walked(ground=ground, scenario=Scenario(ground.city))


def _deed(
    meant: ShopChange | NewPath, one: Profile, standing: Standing, register: Register
) -> Deed:
    """Say what to do to one walker's city."""
    if isinstance(meant, NewPath):
        return _path(meant, one)
    outlet, shop = meant.outlet, meant.shop
    lanes = [n for lane, n in standing.numbers[one].items() if is_in(lane, shop)]
    known, foot = register.shop(outlet), shop.foot
    if foot is not None and (known is None or known.foot is not foot):
        if known is None:
            return lambda walked: walked.scenario.add(walked.ground.door(foot), lanes)
        return lambda walked: walked.scenario.move(outlet, walked.ground.door(foot))
    return lambda walked: walked.scenario.offer(outlet, lanes)


def _path(path: NewPath, one: Profile) -> Deed:
    """Add a way that takes as long as a street of its length would.

    It is nothing to those who cannot use it, or who cannot walk on the street where it ends.
    """
    lying = Obstacles(steps=np.array([path.steps]))
    level = effort(np.array([path.metres]), lying, one)
    ds = int(weigh(level, metres_per_second=PACE).forward[0])

    def lay(walked: Walked) -> Step | None:
        start, end = walked.ground.on_street(path.start), walked.ground.on_street(path.end)
        if ds >= CLOSED or start.chain[0] < 0 or end.chain[0] < 0:
            return None
        return walked.scenario.add_way(start, end, ds=ds, both=not path.one_way)

    return lay


@contextmanager
def studying(standing: Standing, name: Hashable, edits: Sequence[Edit]) -> Iterator[Study]:
    """Give a run with these edits on top, from what this process has at hand.

    Parameters
    ----------
    name
        Under which it is kept: edits that differ little from the last ones of this name are done
        quickly. Whoever asks for the same name waits until the block ends.
    edits
        All of them.

    Raises
    ------
    Invalid
        An edit cannot be done.
    """
    key = id(standing), name
    with _lock:
        study = _held.get(key)
        if study is None:
            study = _held[key] = Study(standing)
        _held.move_to_end(key)
        while len(_held) > HELD:
            _held.popitem(last=False)
    with study.lock:
        try:
            study.go_to(edits)
            yield study
        except LifecircleError:
            raise
        except BaseException:
            with _lock:  # who knows what was half done
                if _held.get(key) is study:
                    del _held[key]
            raise


_held: OrderedDict[tuple[int, Hashable], Study] = OrderedDict()  # each holds its run, so ids stay
_lock = threading.Lock()
