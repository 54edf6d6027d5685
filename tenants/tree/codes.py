"""Official codes (GB/T 2260 and the statistical street codes): shape, level, ancestors, names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from core.db import Level
from core.errors import Invalid

NATION = "cn"
DIGITS = re.compile(r"[0-9]+")
WITHOUT_CITIES = frozenset({"81", "82"})  # their districts stand right below them
PROVINCE_DIGITS, CITY_DIGITS, DISTRICT_DIGITS, STREET_DIGITS, FULL_DIGITS = 2, 4, 6, 9, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An official code in its one form.

    ``code`` has six digits down to the district and nine for a street, ``cn`` is the nation.
    ``step`` is its name in a path: the digits that say something. ``above`` are the codes of all
    ancestors, nearest first.
    """

    code: str
    level: Level
    step: str
    above: tuple[str, ...]


def read_code(text: str) -> Code:
    """Read an official code, short (``37``), usual (``370103``) or statistical (12 digits).

    Raises
    ------
    Invalid
        Another shape, or a code below the street.
    """
    text = text.strip().lower()
    if text == NATION:
        return Code(code=NATION, level=Level.NATION, step=NATION, above=())
    step = _step(text)
    level = {
        PROVINCE_DIGITS: Level.PROVINCE,
        CITY_DIGITS: Level.CITY,
        DISTRICT_DIGITS: Level.DISTRICT,
        STREET_DIGITS: Level.STREET,
    }.get(len(step))
    if level is None:
        raise Invalid(
            f"“{text[:20]}”不是行政区划代码：应为 cn、2、4、6、9 或 12 位数字（不到社区一级）。"
            "没有建立地区，请核对，或不填代码只填名称。",
            english=f"“{text[:20]}” is no official code: cn, or 2, 4, 6, 9 or 12 digits down to "
            "the street. No place was made; check it, or give a name without a code.",
        )
    shorter = [width for width in (6, 4, 2) if width < len(step)]
    return Code(
        code=step.ljust(DISTRICT_DIGITS, "0"),
        level=level,
        step=step,
        above=(*(step[:width].ljust(DISTRICT_DIGITS, "0") for width in shorter), NATION),
    )


def official_name(code: str) -> tuple[str, str]:
    """Give the Chinese and English name that we know for a code; empty where we know none."""
    chinese, english = _names().get(code, ("", ""))
    return chinese, english


@cache
def _names() -> Mapping[str, tuple[str, str]]:
    """Read the names beside this module."""
    text = files("tenants.tree").joinpath("names.toml").read_text(encoding="utf-8")
    table: dict[str, list[str]] = tomllib.loads(text)["names"]
    return {code: (chinese, english) for code, (chinese, english) in table.items()}


def _step(text: str) -> str:
    """Cut the noughts that fill a code up; an empty text for another shape."""
    if not DIGITS.fullmatch(text) or text[:2] == "00":
        return ""
    if len(text) == FULL_DIGITS:
        if text[STREET_DIGITS:] != "000":
            return ""
        text = text[:STREET_DIGITS]
    if len(text) == STREET_DIGITS and text.endswith("000"):
        text = text[:DISTRICT_DIGITS]
    if len(text) == DISTRICT_DIGITS:
        for width in (PROVINCE_DIGITS, CITY_DIGITS):
            if set(text[width:]) == {"0"}:
                return text[:width]
    whole = len(text) in {PROVINCE_DIGITS, CITY_DIGITS, DISTRICT_DIGITS, STREET_DIGITS}
    no_city = text[2:4] == "00" and text[:2] not in WITHOUT_CITIES
    return text if whole and (len(text) == PROVINCE_DIGITS or not no_city) else ""
