"""What stands around every page: the rail's entries, the bar's picks, who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One place in the rail; ``icon`` is a symbol of ``static/icons.svg``."""

    key: str
    label: str
    href: str
    icon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One line of a pick's menu."""

    label: str
    href: str
    note: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """Something the page is about: 地区, 时期, 规则, 数据质量; a menu where there are choices."""

    label: str
    value: str
    note: str = ""
    choices: Sequence[Choice] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """All of it. ``groups`` are divided by a hairline, the last stands at the rail's end.

    ``sample`` prints 示例数据; ``language`` and ``sign_out`` are addresses that take a POST.
    """

    groups: Sequence[Sequence[Entry]]
    current: str
    home: str
    picks: Sequence[Pick] = ()
    sample: bool = False
    person: str = ""
    account: str = ""
    sign_out: str = ""
    language: str = ""
