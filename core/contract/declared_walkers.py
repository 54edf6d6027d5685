"""Walkers of a declared ruleset: a profile's key or a table, into ``Walker``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from typing_extensions import override

from core.contract.ruleset import Status, Walker
from core.contract.walkers import (
    FASTEST_MPS,
    LONGEST_WAIT_SECONDS,
    PROFILES,
    SLOWEST_MPS,
    STEEPEST_UPHILL,
    described,
)

NEVER = "never"
SPEED = validate.Range(
    SLOWEST_MPS, FASTEST_MPS, error="write a speed of {min} to {max} metres per second"
)


class Steps(fields.Field[float | None]):
    """How many times as long a metre of steps takes, or ``never``."""

    @override
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float | None:
        if value == NEVER:
            return None
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else 0
        if not (math.isfinite(number) and number >= 1):
            raise ValidationError(f'write a number of at least 1, or "{NEVER}", not {value!r}')
        return float(number)


class Relative(Schema):
    """What a walker has besides speed."""

    class Meta:
        unknown = RAISE

    steps = Steps(load_default=1.0)
    crossing_seconds = fields.Float(
        load_default=0.0,
        validate=validate.Range(0, LONGEST_WAIT_SECONDS, error="write {min} to {max} seconds"),
    )
    uphill = fields.Float(
        load_default=0.0,
        validate=validate.Range(
            0, STEEPEST_UPHILL, error="write {min} to {max} level metres per metre climbed"
        ),
    )
    through_gates = fields.Bool(load_default=True, truthy={True}, falsy={False})


class SpeedProfile(Relative):
    """How somebody walks, named for the indicators of one file."""

    id = fields.Str(required=True)
    group = fields.Str(required=True)
    m_per_s = fields.Float(required=True, validate=SPEED)
    status = fields.Enum(Status, by_value=True, required=True)
    source = fields.Str(required=True)


class WalkerTable(Relative):
    """How somebody walks, said where it is used."""

    key = fields.Str(required=True, validate=validate.Length(min=1))
    metres_per_second = fields.Float(required=True, validate=SPEED)
    status = fields.Enum(Status, by_value=True, required=True)
    source = fields.Str(required=True)


class WalkerChoice(fields.Field[Any]):
    """The key of a profile, or a table as in ``WalkerTable``."""

    @override
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping):
            return WalkerTable().load(value)
        raise ValidationError(f"write a profile's key or a table, not {value!r}")


def walker_of(choice: str | Mapping[str, Any], file: Mapping[str, Any]) -> Walker:
    """Give the walker that a file means: its own table, its profile, or one of ours.

    Raises
    ------
    LookupError
        When neither the file nor we have a profile of that key; the message lists those there are.
    """
    if not isinstance(choice, str):
        return _walker(choice["key"], choice["metres_per_second"], choice)
    for profile in file["speed_profile"]:
        if profile["id"] == choice:
            return _walker(choice, profile["m_per_s"], profile)
    if choice in PROFILES:
        return PROFILES[choice].walker
    own = (profile["id"] for profile in file["speed_profile"])
    known = ", ".join(dict.fromkeys((*own, *PROFILES)))
    raise LookupError(f"unknown speed profile {choice}: name one of {known}, or write a table")


def _walker(key: str, metres_per_second: float, numbers: Mapping[str, Any]) -> Walker:
    return Walker(
        key=key,
        metres_per_second=metres_per_second,
        steps=numbers["steps"],
        crossing_seconds=numbers["crossing_seconds"],
        uphill=numbers["uphill"],
        through_gates=numbers["through_gates"],
    )


def assumed_walkers(
    file: Mapping[str, Any], choices: Iterable[str | Mapping[str, Any]]
) -> tuple[str, ...]:
    """Say how those walk whose numbers no text states: the file's profiles, and those chosen."""
    said = {
        profile["id"]: f"{profile['id']} {described(walker_of(profile['id'], file))}"
        for profile in _assumed(file["speed_profile"])
    }
    own = {profile["id"] for profile in file["speed_profile"]}
    for choice in choices:
        if isinstance(choice, str):
            if choice not in own:
                said[choice] = f"{choice} {described(PROFILES[choice].walker)}"
        elif choice["status"] is Status.ASSUMED:
            text = f"{choice['key']} {described(walker_of(choice, file))}"
            said[text] = text
    return tuple(said.values())


def _assumed(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["status"] is Status.ASSUMED]
