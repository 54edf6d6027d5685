"""Named walkers, how sure each of their numbers is, and the words to say them in.

No official text states a walking speed. Speeds are assumed within what the literature reports;
``uphill`` follows from Tobler's hiking function (1993), v = 6·exp(−3.5·|h + 0.05|) km/h: at
level ground a metre climbed costs 3.5 level metres more. The wait at a signalled crossing is
(C − g)² / 2C for people who arrive at random, at an assumed cycle C = 120 s with g = 30 s green.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from core.contract.ruleset import CHARACTERS, Status, Walker

SLOWEST_MPS, FASTEST_MPS = 0.1, 3.0  # nobody who walks is slower or faster
LONGEST_WAIT_SECONDS = 600.0
STEEPEST_UPHILL = 100.0


@dataclass(frozen=True, slots=True)
class Stated:
    """How sure a number is, and where it comes from."""

    status: Status
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkerProfile:
    """A named walker; ``stated`` tells about each of its numbers by the field's name."""

    walker: Walker
    name: str
    english: str
    stated: Mapping[str, Stated]

    @property
    def note(self) -> str:
        """Say every number with its status and source, for people to read."""
        said = (
            f"{_part(self.walker, name)}（{CHARACTERS[one.status]}：{one.source}）"
            for name, one in self.stated.items()
        )
        return f"{self.name}：{'；'.join(said)}。"


def _assumed(source: str) -> Stated:
    return Stated(Status.ASSUMED, source)


_WAIT = Stated(Status.ASSUMED, "(C−g)²/2C，周期 120 秒、绿灯 30 秒为设定")
_TOBLER = Stated(Status.DERIVED, "Tobler 1993 步行函数在平地处的一阶近似")
_GATES = _assumed("门禁不限制")

ADULT = Walker()
ELDER = Walker(key="elder", metres_per_second=0.9, steps=2.0, crossing_seconds=34.0, uphill=3.5)
PUSHCHAIR = Walker(
    key="pushchair", metres_per_second=1.0, steps=None, crossing_seconds=34.0, uphill=3.5
)
WHEELCHAIR = Walker(
    key="wheelchair", metres_per_second=0.8, steps=None, crossing_seconds=34.0, uphill=3.5
)

PROFILES: Mapping[str, WalkerProfile] = MappingProxyType(
    {
        profile.walker.key: profile
        for profile in (
            WalkerProfile(
                walker=ADULT,
                name="成人",
                english="Adult",
                stated={
                    "metres_per_second": _assumed("交通工程常用成人步速，工具多取 1.2—1.39"),
                    "steps": _assumed("台阶与平路一样"),
                    "crossing_seconds": _assumed("不计等灯"),
                    "uphill": _assumed("不计坡度"),
                    "through_gates": _GATES,
                },
            ),
            WalkerProfile(
                walker=ELDER,
                name="老人",
                english="Elder",
                stated={
                    "metres_per_second": _assumed("文献范围 0.8—1.0"),
                    "steps": _assumed("无出处"),
                    "crossing_seconds": _WAIT,
                    "uphill": _TOBLER,
                    "through_gates": _GATES,
                },
            ),
            WalkerProfile(
                walker=PUSHCHAIR,
                name="推婴儿车",
                english="With a pushchair",
                stated={
                    "metres_per_second": _assumed("携幼儿步行"),
                    "steps": _assumed("推车不上台阶"),
                    "crossing_seconds": _WAIT,
                    "uphill": _TOBLER,
                    "through_gates": _GATES,
                },
            ),
            WalkerProfile(
                walker=WHEELCHAIR,
                name="轮椅",
                english="Wheelchair",
                stated={
                    "metres_per_second": _assumed("取使用助行器具者 0.6—0.8 的上限"),
                    "steps": _assumed("轮椅不上台阶，坡道须另在路网中"),
                    "crossing_seconds": _WAIT,
                    "uphill": _assumed("借用步行者的数，偏乐观"),
                    "through_gates": _GATES,
                },
            ),
        )
    }
)


def described(walker: Walker) -> str:
    """Say how somebody walks: the speed, and what differs from length alone."""
    plain = Walker(key=walker.key, metres_per_second=walker.metres_per_second)
    names = [
        one.name
        for one in fields(Walker)
        if one.name != "key" and getattr(walker, one.name) != getattr(plain, one.name)
    ]
    return "、".join(
        [f"{walker.metres_per_second:g} 米/秒", *(_part(walker, name) for name in names)]
    )


def _part(walker: Walker, name: str) -> str:
    if name == "metres_per_second":
        return f"步速 {walker.metres_per_second:g} 米/秒"
    if name == "steps":
        return "不能走台阶" if walker.steps is None else f"台阶按 {walker.steps:g} 倍"
    if name == "crossing_seconds":
        return f"等灯 {walker.crossing_seconds:g} 秒"
    if name == "uphill":
        return f"每升高 1 米加 {walker.uphill:g} 米"
    return "可过门禁" if walker.through_gates else "不过门禁"
