"""BusinessFormat (业态) and what in raw data means it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something finer than a format: 配钥匙, 修家电, 上门理发."""

    key: str
    name: str
    english: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What in a raw record means a format.

    ``words`` in a name or a stated kind; ``not_words`` rule it out; ``codes`` are Amap type-code
    prefixes, ``not_codes`` exceptions to them; ``tags`` are OSM ``key=value``.
    """

    words: tuple[str, ...] = ()
    not_words: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    not_codes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessFormat:
    """A kind of outlet (业态).

    Its class (基本保障, 品质提升, 必备) is a ruleset's word and not its own. ``can_host`` says
    that an outlet of this format may carry other offers (一店多能). ``slot`` is its 六个一 slot
    (``yi_dian`` …), empty when it serves none.
    """

    key: str
    name: str
    english: str
    slot: str = ""
    can_host: bool = False
    services: tuple[Service, ...] = ()
    terms: Terms = field(default_factory=Terms)
    note: str = ""
