"""The contract's version, and which plugins it accepts."""

from __future__ import annotations

API = (1, 0)
DEPRECATED: tuple[str, ...] = ()


def accepts(wanted: tuple[int, int]) -> bool:
    """Tell whether this host offers what a plugin was written for.

    The major must be equal; the minor at most the host's.
    """
    return wanted[0] == API[0] and wanted[1] <= API[1]
