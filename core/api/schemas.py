"""Shared marshmallow pieces: a strict base, texts without control characters, pages of lists."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from core.api.strict_json import is_clean

GEOJSON = {"type": "object"}  # bodies that are no rows of ours, as JSON Schema
FILE = {"type": "string", "format": "binary"}


def clean(value: str) -> None:
    """Refuse control characters and lone surrogates."""
    if not is_clean(value):
        raise ValidationError("不能含控制字符。")


class Strict(Schema):
    """A body in which an unknown key is a fault."""

    class Meta:
        """Refuse what is not declared."""

        unknown = RAISE


def text(*, most: int = 200, least: int = 1, **kwargs: Any) -> fields.String:
    """Make a text field with bounds."""
    return fields.String(validate=[validate.Length(min=least, max=most), clean], **kwargs)


class PageSchema(Schema):
    """Which part of a list."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 1_000_000))
