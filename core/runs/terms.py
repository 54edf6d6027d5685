"""Terms: the words and numbers that plans, documents and pages share, with no engine behind them.

The web's processes plan and show runs but do not compute them: what they need stands here, so that
they start without the compiler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np

from core.contract import Walker

FORMAT = 2  # of the document
STAGES = ("load", "snap", "prepare", "reach", "coverage", "judge", "gaps", "write", "record")
WALK = "walk:"  # before a key in the table of minutes; the column holds whole deciseconds
SLOT = "slot:"  # before a 六个一 slot's key where formats and slots stand side by side
REPORT_WALKER = Walker()
CELL_METRES = 150.0  # homes this near always lie in one gap; named in each plan
PLAIN = (str, int, float, bool, type(None))


def plain(value: Any) -> Any:
    """Turn contract values into JSON's own types."""
    if type(value) in PLAIN:  # nearly everything: not asked anything else
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value
