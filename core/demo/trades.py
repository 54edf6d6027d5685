"""How many outlets of each business format a city has, where they stand and when they open."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

# The ministry's totals for 2024-06, 2025-07 and 2025-12 give 11.6 commercial outlets for 1,000
# residents. Counted here: outlets whose format the 2021 guide classes as basic or quality, and
# car washes. Not counted: hosted offers, public facilities, health care, schools, banks, bus
# stops. How the 11.6 divides over the formats is assumed.
OUTLETS_PER_1000 = 11.6
UNKNOWN_HOURS = 0.10  # share of outlets whose hours nobody wrote down
NIGHT_HOURS = "18:00-21:00"  # what a night clinic keeps
EVENING_SHARE = 0.15  # of the other clinics stay open into the evening


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A business format in the sample; ``trades.toml`` says what each field means."""

    key: str
    name: str
    weight: float
    taste: str
    apart: float
    inside: float
    hours: Sequence[str]
    nouns: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trades:
    """All formats of the sample and what draws them to a place."""

    commerce: Sequence[Trade]
    beside: Sequence[Trade]
    taste: Mapping[str, Mapping[str, float]]  # by taste, then by what stands on the block
    street: Mapping[str, Mapping[str, float]]  # by taste, then by the front's kind
    visitors: Mapping[str, float]
    hosted: Mapping[str, Sequence[tuple[str, str, float]]]  # word written, format, chance

    @property
    def every(self) -> tuple[Trade, ...]:
        """All of them, commerce first."""
        return (*self.commerce, *self.beside)

    def wanted(self, residents: int) -> dict[str, int]:
        """Say how many outlets of each format so many residents have; at least one of each.

        Commerce together is 11.6 for 1,000 residents, rounded once.
        """
        scale = OUTLETS_PER_1000 / sum(trade.weight for trade in self.commerce)
        counts = {t.key: max(1, round(t.weight * scale * residents / 1000)) for t in self.commerce}
        commonest = max(counts, key=counts.__getitem__)
        counts[commonest] += round(OUTLETS_PER_1000 * residents / 1000) - sum(counts.values())
        beside = {t.key: max(1, round(t.weight * residents / 1000)) for t in self.beside}
        return counts | beside


def read_trades() -> Trades:
    """Read ``trades.toml``."""
    table = tomllib.loads(files("core.demo").joinpath("trades.toml").read_text("utf-8"))
    return Trades(
        commerce=tuple(Trade(**row) for row in table["commerce"]),
        beside=tuple(Trade(**row) for row in table["beside"]),
        taste=table["taste"],
        street=table["street"],
        visitors=table["visitors"],
        hosted={
            host: tuple((word, key, chance) for word, key, chance in offers)
            for host, offers in table["hosted"].items()
        },
    )
