"""The sample town: six homes along one straight street, every answer checkable by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from core.contract import Demand, Fact, Figure, Window

SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFacts:
    """Facts that are simply stated: for tests of rulesets.

    ``reason`` is why a demand without an answer has none.
    """

    area: str = "示例区"
    people: int = 0
    answers: Mapping[Demand, Fact] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    reason: str = "示例：没有数据。"

    def __getitem__(self, demand: Demand) -> Fact | None:
        """Give the stated answer, or ``None``."""
        return self.answers.get(demand)

    def figure(self, key: str) -> Figure | None:
        """Give the stated figure, or ``None``."""
        return self.figures.get(key)

    def why(self, demand: Demand) -> str:
        """Give the reason where there is no answer."""
        return "" if demand in self.answers else self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A home at ``metres`` along the street, and its people by group."""

    metres: float
    people: int
    groups: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """An outlet at ``metres`` along the street; ``hours`` ``None`` is unknown."""

    metres: float
    format: str
    hours: Window | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Homes and outlets on one street: a walk is the difference of two numbers."""

    homes: tuple[Home, ...]
    shops: tuple[Shop, ...]
    groups: tuple[str, ...]
    figures: Mapping[str, Figure]

    def facts(self, demands: Collection[Demand], without: Collection[Demand] = ()) -> GivenFacts:
        """Answer demands; those in ``without``, and unknown age groups, stay unmeasured."""
        answers = {
            demand: self.answer(demand)
            for demand in demands
            if demand not in without and demand.group in ("all", *self.groups)
        }
        return GivenFacts(
            area="示例镇",
            people=sum(home.people for home in self.homes),
            answers=answers,
            figures=self.figures,
        )

    def answer(self, demand: Demand) -> Fact:
        """Count the people who reach enough formats in time, surely and possibly."""
        counts = [(home, _living(home, demand.group)) for home in self.homes]
        return Fact(
            covered_low=sum(n for home, n in counts if self._reaches(home, demand, sure=True)),
            covered_high=sum(n for home, n in counts if self._reaches(home, demand, sure=False)),
            people=sum(n for _, n in counts),
        )

    def _reaches(self, home: Home, demand: Demand, *, sure: bool) -> bool:
        metres = demand.minutes * SECONDS_PER_MINUTE * demand.walker.metres_per_second
        near = {
            shop.format
            for shop in self.shops
            if abs(shop.metres - home.metres) <= metres and _open(shop, demand.window, sure=sure)
        }
        return len(near & set(demand.formats)) >= demand.at_least


def _living(home: Home, group: str) -> int:
    return home.people if group == "all" else home.groups[group]


def _open(shop: Shop, window: Window | None, *, sure: bool) -> bool:
    if window is None:
        return True
    if shop.hours is None:
        return not sure
    return shop.hours.start <= window.start and window.end <= shop.hours.end


def sample_town() -> Town:
    """Make the town: 1,000 people, of whom 200 are 60 or older and 22 are under three.

    At 1.2 m/s, 10 minutes are 720 m: the convenience store at 0 m is reached by the homes at
    0, 300 and 600 m, that is by 600 people.
    """
    homes = (
        Home(metres=0, people=100, groups={"60+": 30, "0-3": 4}),
        Home(metres=300, people=200, groups={"60+": 40, "0-3": 10}),
        Home(metres=600, people=300, groups={"60+": 50, "0-3": 6}),
        Home(metres=900, people=200, groups={"60+": 60, "0-3": 0}),
        Home(metres=1200, people=100, groups={"60+": 20, "0-3": 2}),
        Home(metres=1500, people=100, groups={"60+": 0, "0-3": 0}),
    )
    day, morning = Window(7 * 60, 22 * 60), Window(6 * 60, 10 * 60)
    shops = (
        Shop(metres=0, format="convenience_store", hours=day),
        Shop(metres=300, format="breakfast_shop", hours=morning),
        Shop(metres=1500, format="breakfast_shop", hours=None),
        Shop(metres=600, format="wet_market", hours=morning),
        Shop(metres=900, format="repair", hours=day),
        Shop(metres=600, format="elder_canteen", hours=day),
        Shop(metres=300, format="childcare_0_3", hours=day),
        Shop(metres=600, format="pharmacy", hours=day),
        Shop(metres=1200, format="parcel_post", hours=None),
        Shop(metres=1500, format="supermarket", hours=day),
    )
    figures = {"satisfaction": Figure(value=0.8, sample=200, source="示例问卷")}
    return Town(homes=homes, shops=shops, groups=("60+", "0-3"), figures=figures)


def unmeasured(people: int = 1000) -> GivenFacts:
    """Give facts that answer nothing: no demand, no figure."""
    return GivenFacts(people=people)
