"""Edits: what a scenario changes, checked one by one and written back as JSON."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass
from dataclasses import fields as parts_of
from typing import Any, TypeAlias

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from core.errors import Invalid
from core.intake.hours import osm_hours

LONGEST_NAME = 100
LONGEST_KEY = 100
LONGEST_HOURS = 400
LONGEST_SHOWN = 60  # of a value that is quoted
MOST_OFFERS = 50
LONGEST_PATH_METRES = 5000.0
ADDED = re.compile(r"new:([1-9]\d{0,3})")

OutletName: TypeAlias = int | str  # the row in the pinned table, or new:1 for the first added
Point: TypeAlias = tuple[float, float]  # longitude, latitude


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOffer:
    """A format, and when it is offered in OpenStreetMap's syntax; '' unknown."""

    format: str
    hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOutlet:
    """Open an outlet; later edits name it ``new:1``, ``new:2`` and so on."""

    name: str
    lon: float
    lat: float
    offers: tuple[NewOffer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOutlet:
    """Close an outlet with all that it offers."""

    outlet: OutletName


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOutlet:
    """Move an outlet with all that it offers."""

    outlet: OutletName
    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOffer:
    """Have an outlet offer one format more."""

    outlet: OutletName
    format: str
    hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOffer:
    """Have an outlet offer a format no longer."""

    outlet: OutletName
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeHours:
    """Change when an outlet offers a format."""

    outlet: OutletName
    format: str
    hours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPath:
    """Lay a path or bridge between two points; without ``metres`` it is straight."""

    start: Point
    end: Point
    name: str = ""
    metres: float | None = None
    steps: bool = False
    one_way: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGate:
    """Open the gate nearest to a point to everybody."""

    lon: float
    lat: float


Edit: TypeAlias = (
    AddOutlet | CloseOutlet | MoveOutlet | AddOffer | CloseOffer | ChangeHours | AddPath | OpenGate
)
KINDS: Mapping[str, Callable[..., Edit]] = {
    "add_outlet": AddOutlet,
    "close_outlet": CloseOutlet,
    "move_outlet": MoveOutlet,
    "add_offer": AddOffer,
    "close_offer": CloseOffer,
    "change_hours": ChangeHours,
    "add_path": AddPath,
    "open_gate": OpenGate,
}
IN_JSON = {"start": "from", "end": "to"}  # words of Python's, or too short to be understood here
IN_PYTHON = {told: name for name, told in IN_JSON.items()}

# Sentences in both languages, parted by a bar; ``refusal`` takes them apart.
MISSING_FIELD = "缺少这一项，请补上|it is missing"
UNKNOWN = "没有这一项，请去掉|there is no such field; leave it out"
WRONG: dict[str, Any] = {
    "required": MISSING_FIELD,
    "null": MISSING_FIELD,
    "invalid": "不是这一项应有的内容，请改正|this is not what belongs here",
    "invalid_utf8": "不是文字，请改正|this is no text",
    "too_large": "数太大，请改正|the number is too large",
    "special": "应为有限的数|a finite number is needed",
    "type": "不是这一项应有的内容，请改正|this is not what belongs here",
    "unknown": UNKNOWN,
}


def _clean(value: str) -> None:
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
        raise ValidationError("不能含控制字符|no control characters may stand here")


def _outlet(value: Any) -> None:
    row = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
    if not row and not (isinstance(value, str) and ADDED.fullmatch(value)):
        raise ValidationError(
            "应为网点的行号，新增的写 new:1、new:2|name an outlet by its row, or an added one by "
            "new:1, new:2 and so on"
        )


def _hours(value: str) -> None:
    if osm_hours(value) is None:
        raise ValidationError(
            "读不懂营业时间，请写成 Mo-Fr 08:00-18:00 或 08:00-22:00，不知道则留空|these hours "
            "cannot be read; write Mo-Fr 08:00-18:00, or nothing when unknown"
        )


def _text(most: int, **more: Any) -> fields.String:
    said = f"长度应为 1 到 {most} 个字|1 to {most} characters are needed"
    checks: list[Callable[[Any], Any]] = [validate.Length(min=1, max=most, error=said), _clean]
    return fields.String(validate=checks, error_messages=WRONG, **more)


def _number(low: float, high: float) -> fields.Float:
    said = f"应在 {low:g} 与 {high:g} 之间|it must lie within {low:g} and {high:g}"
    return fields.Float(validate=validate.Range(low, high, error=said), error_messages=WRONG)


def _when() -> fields.String:
    said = f"不能超过 {LONGEST_HOURS} 个字|at most {LONGEST_HOURS} characters"
    return fields.String(
        validate=[validate.Length(max=LONGEST_HOURS, error=said), _clean, _hours],
        error_messages=WRONG,
        metadata={"description": "OpenStreetMap's opening hours; empty: unknown"},
    )


def _point() -> fields.Tuple:
    return fields.Tuple(
        (_number(-180, 180), _number(-89, 89)),
        validate=validate.Length(equal=2),
        error_messages=WRONG,
        metadata={"description": "longitude, latitude"},
    )


class OfferSchema(Schema):
    """A format that an outlet offers, and when."""

    class Meta:
        """Refuse what is not declared."""

        unknown = RAISE

    error_messages = WRONG
    format = _text(LONGEST_KEY, required=True)
    hours = _when()


class EditSchema(Schema):
    """One edit. Which fields belong to which ``kind`` is told in the API's README."""

    class Meta:
        """Refuse what is not declared; ``from`` is a word of Python's."""

        unknown = RAISE
        include = {"from": _point(), "to": _point()}  # noqa: RUF012 - marshmallow reads it here

    error_messages = WRONG
    kind = fields.String(
        required=True,
        validate=validate.OneOf(
            list(KINDS), error="没有这种改动，可用：{choices}|there is no such kind; use {choices}"
        ),
        error_messages=WRONG,
    )
    name = _text(LONGEST_NAME)
    lon = _number(-180, 180)
    lat = _number(-89, 89)
    offers = fields.List(
        fields.Nested(OfferSchema),
        validate=validate.Length(
            min=1,
            max=MOST_OFFERS,
            error=f"应有 1 到 {MOST_OFFERS} 项|1 to {MOST_OFFERS} are needed",
        ),
        error_messages=WRONG,
    )
    outlet = fields.Raw(
        validate=_outlet,
        error_messages=WRONG,
        metadata={"description": "its row in the run's outlets, or new:1 for the first added"},
    )
    format = _text(LONGEST_KEY)
    hours = _when()
    metres = _number(0, LONGEST_PATH_METRES)
    steps = fields.Boolean(error_messages=WRONG)
    one_way = fields.Boolean(error_messages=WRONG)


def parse(raw: Any, number: int) -> Edit:
    """Read one edit.

    Parameters
    ----------
    raw
        As JSON gives it.
    number
        Which edit of the scenario it is, from 1; named where it is refused.

    Raises
    ------
    Invalid
        A field is missing, unknown, out of bounds or belongs to another kind.
    """
    try:
        read = EditSchema().load(raw)
    except ValidationError as error:
        field, problem = next(iter(error.messages_dict.items()))
        field = "kind" if field == "_schema" else field
        value = raw.get(field) if isinstance(raw, Mapping) else raw
        raise refusal(number, field, value, _first(problem)) from error
    kind = KINDS[read.pop("kind")]
    given = {IN_PYTHON.get(name, name): value for name, value in read.items()}
    _whole(kind, given, number)
    if "hours" in given:
        given["hours"] = osm_hours(given["hours"])
    if "offers" in given:
        given["offers"] = _offers(given["offers"], number)
    return kind(**given)


def to_json(edit: Edit) -> dict[str, Any]:
    """Write an edit as :func:`parse` reads it, defaults spelled out."""
    kind = next(name for name, one in KINDS.items() if one is type(edit))
    told = {
        IN_JSON.get(name, name): list(value) if isinstance(value, tuple) else value
        for name, value in asdict(edit).items()
        if value is not None and not (name == "name" and value == "")
    }
    return {"kind": kind, **told}


def refusal(number: int, field: str, value: Any, why: str) -> Invalid:
    """Refuse an edit: which, what field, what value, and what to do in both languages."""
    chinese, english = why.split("|", 1)
    shown = "" if value is None else f"（{str(value)[:LONGEST_SHOWN]}）"
    return Invalid(
        f"第 {number} 项改动的“{field}”{shown}不能用：{chinese}。情景没有改变。",
        english=f"Edit {number} was refused and the scenario did not change: "
        f"{field}{shown}: {english}.",
        details=[
            {
                "edit": number,
                "field": field,
                "value": None if value is None else str(value)[:LONGEST_SHOWN],
                "remedy": chinese,
            }
        ],
    )


def _whole(kind: Callable[..., Edit], given: Mapping[str, Any], number: int) -> None:
    """Refuse fields that the kind lacks, and lacking ones."""
    parts = {one.name: one for one in parts_of(kind)}  # type: ignore[arg-type]  # a dataclass
    for name, one in parts.items():
        if name not in given and one.default is MISSING:
            raise refusal(number, IN_JSON.get(name, name), None, MISSING_FIELD)
    for name, value in given.items():
        if name not in parts:
            raise refusal(number, IN_JSON.get(name, name), value, f"这种改动{UNKNOWN}")


def _offers(read: list[dict[str, Any]], number: int) -> tuple[NewOffer, ...]:
    keys = [one["format"] for one in read]
    for key in keys:
        if keys.count(key) > 1:
            raise refusal(number, "offers", key, "同一业态只写一次|name each format once")
    return tuple(
        NewOffer(format=one["format"], hours=osm_hours(one.get("hours", "")) or "") for one in read
    )


def _first(problem: Any) -> str:
    """Give the first sentence of marshmallow's nested ones."""
    while not isinstance(problem, str):
        problem = next(iter(problem.values() if isinstance(problem, dict) else problem))
    return problem if "|" in problem else WRONG["invalid"]
