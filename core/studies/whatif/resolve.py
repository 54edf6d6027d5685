"""Resolve: the outlets, formats, places and gates that an edit names, found or refused."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass

from core.errors import Invalid
from core.kernel.streets import plane
from core.studies.whatif.edits import (
    ADDED,
    LONGEST_PATH_METRES,
    AddOffer,
    AddOutlet,
    AddPath,
    ChangeHours,
    CloseOffer,
    CloseOutlet,
    Edit,
    MoveOutlet,
    OpenGate,
    OutletName,
    Point,
    refusal,
)
from core.studies.whatif.register import Foot, Register, Shop
from core.studies.whatif.standing import Gates, Standing

GATE_WITHIN_METRES = 50.0
SLACK_METRES = 1.0  # by which a stated length may be below the straight line's


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopChange:
    """An outlet becomes another: new, closed, moved, or offering otherwise."""

    outlet: int
    shop: Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPath:
    """A path between two feet on the streets."""

    start: Foot
    end: Foot
    metres: float
    steps: bool
    one_way: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedGate:
    """An edge whose gate is open to everybody now."""

    edge: int


Meant = ShopChange | NewPath | OpenedGate


def meaning(edit: Edit, number: int, standing: Standing, register: Register, gates: Gates) -> Meant:
    """Find what an edit means in a scenario. Nothing is changed.

    Parameters
    ----------
    number
        Which edit it is, from 1.
    register, gates
        The outlets, and the gates opened, as the edits before it left them.

    Raises
    ------
    Invalid
        There is no such outlet or format, the outlet is closed, a point is too far from any
        street or gate, or the edit would change nothing that there is.
    """
    desk = _Desk(number, standing, register)
    match edit:
        case AddOutlet():
            offers = {desk.format(one.format, "offers"): (one.hours,) for one in edit.offers}
            foot = desk.foot((edit.lon, edit.lat), "lon")
            return ShopChange(outlet=register.next, shop=Shop(offers=offers, foot=foot))
        case AddPath():
            return desk.path(edit)
        case OpenGate():
            return desk.gate((edit.lon, edit.lat), gates)
        case _:
            outlet, shop = desk.outlet(edit.outlet)
            return ShopChange(outlet=outlet, shop=desk.changed(edit, shop))


class _Desk:
    """Where one edit is looked up."""

    def __init__(self, number: int, standing: Standing, register: Register) -> None:
        self.number, self.standing, self.register = number, standing, register

    def refuse(self, field: str, value: object, why: str) -> Invalid:
        return refusal(self.number, field, value, why)

    def format(self, key: str, field: str = "format") -> str:
        if key not in self.standing.formats:
            near = difflib.get_close_matches(key, self.standing.formats, n=1)
            hint = near[0] if near else "见业态清单|see the list of formats"
            chinese, _, english = hint.partition("|")
            raise self.refuse(
                field,
                key,
                f"没有这种业态（{chinese}）|there is no such format ({english or chinese})",
            )
        return key

    def foot(self, point: Point, field: str) -> Foot:
        foot = self.standing.foot(*point)
        if not foot.street.attached[0]:
            limit = self.standing.opened.params.access_limit_metres
            away = float(foot.street.access_metres[0])
            told = f"{away:.0f}" if math.isfinite(away) else "?"
            raise self.refuse(
                field,
                f"{point[0]:.6f}, {point[1]:.6f}",
                f"离最近的街道 {told} 米，本次运行最多 {limit or 0:g} 米，请移近街道|the nearest "
                f"street is {told} m away and the run allows {limit or 0:g} m; move it nearer",
            )
        return foot

    def outlet(self, name: OutletName) -> tuple[int, Shop]:
        added = ADDED.fullmatch(name) if isinstance(name, str) else None
        pinned = self.standing.pinned.outlets
        outlet = pinned + int(added[1]) - 1 if added else int(name)
        shop = None if not added and outlet >= pinned else self.register.shop(outlet)
        if shop is None:
            raise self.refuse(
                "outlet",
                name,
                f"没有这个网点，行号从 0 到 {pinned - 1}，本情景新增 {self.register.added} 个|"
                f"there is no such outlet; rows end at {pinned - 1}, new ones at "
                f"{self.register.added}",
            )
        if shop.closed:
            raise self.refuse(
                "outlet",
                name,
                "这个网点在本情景中已关闭，请先撤销关闭|this outlet is closed in the scenario; "
                "undo that first",
            )
        return outlet, shop

    def changed(
        self, edit: CloseOutlet | MoveOutlet | AddOffer | CloseOffer | ChangeHours, shop: Shop
    ) -> Shop:
        if isinstance(edit, CloseOutlet):
            return Shop(offers={}, foot=shop.foot, closed=True)
        if isinstance(edit, MoveOutlet):
            return Shop(offers=shop.offers, foot=self.foot((edit.lon, edit.lat), "lon"))
        key = self.format(edit.format)
        if isinstance(edit, AddOffer):
            if key in shop.offers:
                raise self.refuse(
                    "format",
                    key,
                    "这个网点已有该业态，改时间请用 change_hours|it is offered there already; to "
                    "change when, use change_hours",
                )
            return shop.offering(key, (edit.hours,))
        if key not in shop.offers:
            raise self.refuse(
                "format",
                key,
                "这个网点没有该业态的到店服务，请另选|nobody walks to this outlet for it; choose "
                "another",
            )
        if isinstance(edit, CloseOffer):
            return shop.offering(key, None)
        return shop.offering(key, (edit.hours,))

    def path(self, edit: AddPath) -> NewPath:
        town = self.standing.opened.town
        start, end = self.foot(edit.start, "from"), self.foot(edit.end, "to")
        ends = zip(edit.start, edit.end, strict=True)
        x, y = plane(*(list(each) for each in ends), lon0=town.lon0, lat0=town.lat0)
        straight = math.hypot(x[1] - x[0], y[1] - y[0])
        metres = straight if edit.metres is None else edit.metres
        if metres > LONGEST_PATH_METRES:
            raise self.refuse(
                "to",
                f"{metres:.0f} m",
                f"新路最长 {LONGEST_PATH_METRES:g} 米，请分段|a path is at most "
                f"{LONGEST_PATH_METRES:g} m long; lay it in parts",
            )
        if metres < straight - SLACK_METRES:
            raise self.refuse(
                "metres",
                metres,
                f"短于两端直线 {straight:.0f} 米，请改正或不填|shorter than the straight line of "
                f"{straight:.0f} m; mend it or leave it out",
            )
        return NewPath(start=start, end=end, metres=metres, steps=edit.steps, one_way=edit.one_way)

    def gate(self, point: Point, gates: Gates) -> OpenedGate:
        town = self.standing.opened.town
        x, y = plane([point[0]], [point[1]], lon0=town.lon0, lat0=town.lat0)
        shown = f"{point[0]:.6f}, {point[1]:.6f}"
        known = self.standing.gates
        row, away = -1, math.inf
        if known is not None:
            found, _, metres = known[0].nearest(x, y)
            row, away = int(known[1][found[0]]), float(metres[0])
        if away > GATE_WITHIN_METRES:
            raise self.refuse(
                "lon",
                shown,
                f"{GATE_WITHIN_METRES:g} 米内的街道数据没有登记门禁，请点在门上|the streets have "
                f"no gate within {GATE_WITHIN_METRES:g} m; point at one",
            )
        if row in gates:
            raise self.refuse(
                "lon", shown, "这道门在本情景中已打开|this gate is open in the scenario already"
            )
        return OpenedGate(edge=row)
