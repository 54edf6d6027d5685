"""The options that any import takes, whoever reads the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from marshmallow import fields, validate

from core.catalog.settings import load
from core.contract import Crs, Settings


class IntakeSettings(Settings):
    """What intake itself is told; all else goes to the importer."""

    skip_bad_rows = fields.Boolean(load_default=False)
    crs = fields.Enum(Crs, by_value=True, load_default=None, allow_none=True)
    anywhere = fields.Boolean(load_default=False)
    as_of = fields.Date(load_default=None, allow_none=True)
    note = fields.String(load_default="", validate=validate.Length(max=500))
    attribution = fields.String(load_default="", validate=validate.Length(max=500))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Intake's own options, loaded, and the importer's as they came.

    ``skip_bad_rows`` takes the good rows of a file that has bad ones; otherwise it is all or
    nothing. ``crs`` overrules the importer's. ``anywhere`` leaves out the comparison with the
    tenant's place. ``as_of`` is the day the data are true of; ``note`` and ``attribution`` are
    shown wherever they are.
    """

    skip_bad_rows: bool
    crs: Crs | None
    anywhere: bool
    as_of: date | None
    note: str
    attribution: str
    importer: Mapping[str, Any]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """Split one flat mapping.

        Raises
        ------
        Invalid
            When one of intake's own is wrong; the importer's are its own matter.
        """
        own = {key: given[key] for key in IntakeSettings().fields if key in given}
        rest = {key: value for key, value in given.items() if key not in own}
        return cls(**load(IntakeSettings, own, "导入选项"), importer=rest)
