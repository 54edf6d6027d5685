"""Register: who offers what, where and when, as the run has it and a scenario changes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from core.kernel.snap import Snapped
from core.runs.hours import open_throughout
from core.runs.lanes import Lane
from core.runs.town import Floats, Offers

Hours: TypeAlias = tuple[str, ...]  # of every offer of one format by one outlet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Foot:
    """One point on the plane, in metres, and its nearest street, whoever walks there."""

    x: Floats
    y: Floats
    street: Snapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """An outlet in a scenario: hours by format; ``foot`` where it stands if not as pinned."""

    offers: Mapping[str, Hours]
    foot: Foot | None = None
    closed: bool = False

    def offering(self, format_key: str, hours: Hours | None) -> Shop:
        """Give it with other hours of one format, or without the format."""
        kept = {key: value for key, value in self.offers.items() if key != format_key}
        if hours is not None:
            kept[format_key] = hours
        return replace(self, offers=MappingProxyType(kept))


class Pinned:
    """The outlets of a run; never changed.

    Parameters
    ----------
    offers
        What people walk to, as the run has it.
    outlets
        How many outlets there are.
    """

    def __init__(self, offers: Offers, outlets: int) -> None:
        self.outlets = outlets
        self._offers = offers
        self._order = np.argsort(offers.outlet, kind="stable")
        self._first = np.searchsorted(offers.outlet[self._order], np.arange(outlets + 1))

    def shop(self, row: int) -> Shop:
        """Give one outlet."""
        rows = self._order[self._first[row] : self._first[row + 1]]
        found: dict[str, Hours] = {}
        for key, hours in zip(self._offers.format[rows], self._offers.hours[rows], strict=True):
            found[str(key)] = (*found.get(str(key), ()), str(hours))
        return Shop(offers=MappingProxyType(found))

    @cached_property
    def counts(self) -> Counter[tuple[str, str]]:
        """Count offers by format and hours."""
        pairs = zip(self._offers.format, self._offers.hours, strict=True)
        return Counter((str(key), str(hours)) for key, hours in pairs)


class Register:
    """The outlets of a scenario: those pinned, and what was done to some."""

    def __init__(self, pinned: Pinned) -> None:
        self.pinned = pinned
        self.changed: dict[int, Shop] = {}
        self.added = 0
        self._more: Counter[tuple[str, str]] = Counter()

    @property
    def next(self) -> int:
        """Number the outlet that would be added now."""
        return self.pinned.outlets + self.added

    def shop(self, outlet: int) -> Shop | None:
        """Give an outlet as it is now; None where there is none of this number."""
        if outlet in self.changed:
            return self.changed[outlet]
        return self.pinned.shop(outlet) if 0 <= outlet < self.pinned.outlets else None

    def put(self, outlet: int, shop: Shop | None) -> Shop | None:
        """Change an outlet, or with None forget that it was changed; give what was known before.

        The next outlet is added by its number and taken away again with None.
        """
        before = self.changed.get(outlet)
        self._count(before or self._as_pinned(outlet), -1)
        self._count(shop or self._as_pinned(outlet), +1)
        if outlet >= self.pinned.outlets and (before is None) != (shop is None):
            self.added += 1 if before is None else -1
        if shop is None:
            self.changed.pop(outlet, None)
        else:
            self.changed[outlet] = shop
        return before

    def other_formats(self) -> set[str]:
        """Name the formats whose offers are not those of the run."""
        return {key for (key, _), number in self._more.items() if number}

    def formats(self, some: Sequence[str]) -> set[str]:
        """Tell which of some formats anybody offers."""
        wanted = set(some)
        return {key for key, _ in self._counted(wanted)}

    def offers(self, some: set[str]) -> Offers:
        """Give the different offers of some formats, without saying whose they are."""
        pairs = sorted(self._counted(some))
        return Offers(
            outlet=np.zeros(len(pairs), dtype=np.int32),
            format=np.array([key for key, _ in pairs], dtype=object),
            hours=np.array([hours for _, hours in pairs], dtype=object),
        )

    def _counted(self, some: set[str]) -> list[tuple[str, str]]:
        """List pairs of format and hours that stand somewhere."""
        every = self.pinned.counts.keys() | self._more.keys()
        counts, more = self.pinned.counts, self._more
        return [pair for pair in every if pair[0] in some and counts[pair] + more[pair] > 0]

    def _as_pinned(self, outlet: int) -> Shop | None:
        return self.pinned.shop(outlet) if outlet < self.pinned.outlets else None

    def _count(self, shop: Shop | None, step: int) -> None:
        for key, each in () if shop is None else shop.offers.items():
            for hours in each:
                self._more[key, hours] += step


def is_in(lane: Lane, shop: Shop) -> bool:
    """Tell whether a shop offers what a lane asks, as ``core.runs.lanes.outlets_in`` does."""
    hours = shop.offers.get(lane.format)
    if hours is None or lane.window is None:
        return hours is not None
    keep = {True} if lane.sure else {True, None}
    return any(open_throughout(one, lane.window) in keep for one in hours)
