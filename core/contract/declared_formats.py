"""Declared formats: a TOML file beside the code into business formats."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from core.contract.business_format import BusinessFormat, Service, Terms
from core.contract.definition import Misdeclared

SLOTS = ("yi_dian", "yi_zao", "yi_cai", "yi_xiu", "yi_lao", "yi_xiao", "yi_shou", "yi_xi")
TAG = validate.Regexp(r"[a-z_:]+=[a-z0-9_]+(\+[a-z_:]+=[a-z0-9_]+)*$")
CODE = validate.Regexp(r"\d{2,6}$")


class _ServiceTable(Schema):
    class Meta:
        unknown = RAISE

    id = fields.Str(required=True)
    zh = fields.Str(required=True)
    en = fields.Str(load_default="")


class _FormatTable(Schema):
    class Meta:
        unknown = RAISE

    id = fields.Str(required=True)
    zh = fields.Str(required=True)
    en = fields.Str(required=True)
    slot = fields.Str(load_default="", validate=validate.OneOf(("", *SLOTS)))
    can_host = fields.Bool(load_default=False)
    words = fields.List(fields.Str(), load_default=list)
    not_words = fields.List(fields.Str(), load_default=list)
    codes = fields.List(fields.Str(validate=CODE), load_default=list)
    not_codes = fields.List(fields.Str(validate=CODE), load_default=list)
    tags = fields.List(fields.Str(validate=TAG), load_default=list)
    service = fields.List(fields.Nested(_ServiceTable), load_default=list)
    note = fields.Str(load_default="")


class _FormatFile(Schema):
    class Meta:
        unknown = RAISE

    version = fields.Str(required=True)
    format = fields.List(fields.Nested(_FormatTable), required=True)


@lru_cache(maxsize=64)
def declared_formats(package: str, filename: str) -> tuple[BusinessFormat, ...]:
    """Read business formats from a TOML file that lies in a package.

    Tags are OpenStreetMap's ``key=value``; several joined by ``+`` must all hold. Codes are
    prefixes of Amap type codes, of two to six digits.

    Raises
    ------
    Misdeclared
        Where the file has unknown keys, or names a format twice.
    """
    text = (files(package) / filename).read_text(encoding="utf-8")
    try:
        rows: list[dict[str, Any]] = _FormatFile().load(tomllib.loads(text))["format"]
    except (ValidationError, tomllib.TOMLDecodeError) as wrong:
        raise Misdeclared(f"{package}:{filename}: {wrong}") from wrong
    keys = [row["id"] for row in rows]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise Misdeclared(f"{package}:{filename}: named twice: {', '.join(twice)}")
    return tuple(map(_format, rows))


def _format(row: dict[str, Any]) -> BusinessFormat:
    return BusinessFormat(
        key=row["id"],
        name=row["zh"],
        english=row["en"],
        slot=row["slot"],
        can_host=row["can_host"],
        services=tuple(
            Service(key=each["id"], name=each["zh"], english=each["en"]) for each in row["service"]
        ),
        terms=Terms(
            words=tuple(row["words"]),
            not_words=tuple(row["not_words"]),
            codes=tuple(row["codes"]),
            not_codes=tuple(row["not_codes"]),
            tags=tuple(row["tags"]),
        ),
        note=row["note"],
    )
