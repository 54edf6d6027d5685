"""Guard: the only place that calls a plugin and catches what it raises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import structlog

from core import logs
from core.contract import Columns, Unreadable
from core.errors import PluginFault

Answer = TypeVar("Answer")
Check = Callable[[Any], Sequence[str]]

log = structlog.get_logger("lifecircle.plugins")


def call(
    plugin: str,
    hook: str,
    function: Callable[..., Answer],
    *args: object,
    check: Check | None = None,
    **kwargs: object,
) -> Answer:
    """Call into a plugin and check what comes back.

    Parameters
    ----------
    plugin
        The plugin's key and version, as people know it.
    hook
        What it is asked, as people know it.
    function
        The plugin's own callable; called with ``args`` and ``kwargs``.
    check
        Gives the faults of the answer; see ``core.contract.checks``.

    Raises
    ------
    PluginFault
        When the plugin raises, tries to end the process, or answers what the contract forbids.
        The traceback goes to the log and not to people.
    Unreadable
        Passed through: an importer's own word on a file. So is a fault found further in.
    """
    try:
        answer = function(*args, **kwargs)
        faults = tuple(check(answer)) if check else ()
    except (Unreadable, PluginFault):
        raise
    except (Exception, SystemExit) as raised:
        # Where it failed, not what it said, which may quote rows: the run's message says that.
        log.error("plugin failed", plugin=plugin, hook=hook, where=logs.told(raised))  # noqa: TRY400
        raise PluginFault(plugin, hook, f"{type(raised).__name__}: {raised}") from raised
    if faults:
        raise PluginFault(plugin, hook, "；".join(faults))
    return answer


def read_only(columns: Columns) -> Columns:
    """Give views of the arrays that a plugin cannot write to; the originals stay as they are."""
    views: dict[str, np.ndarray[Any, Any]] = {}
    for name, array in columns.items():
        views[name] = array.view()
        views[name].flags.writeable = False
    return views
