"""A worker process with the small town's plugin, whose judge can be held at a gate."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from core.catalog.host import load
from core.config import Config
from core.contract import Ruleset, hookimpl
from core.jobs.worker import run_worker
from tests.core.runs.small_town import TownPlugin, judge

GATE = Path(os.environ["GATE"])  # while <gate>/closed exists, judging waits


class Gated(TownPlugin):
    """The same plugin in the same version; its judge waits and says which process it is in."""

    @staticmethod
    @hookimpl
    def lifecircle_rulesets() -> list[Ruleset]:
        [ruleset] = TownPlugin.lifecircle_rulesets()
        values = {name: getattr(ruleset, name) for name in ruleset.__slots__}
        return [Ruleset(**values | {"judge": _wait_and_judge})]


_runs = 0  # that this process judged; a run judges several areas


def _closed():
    only = GATE / "only"
    return (GATE / "closed").exists() or (only.exists() and _runs >= int(only.read_text()))


def _wait_and_judge(facts, settings):
    global _runs  # noqa: PLW0603 - a process counts its own
    _runs += 1
    if _closed():
        (GATE / f"pid-{os.getpid()}").touch()
    while _closed():
        if (GATE / f"leave-{os.getpid()}").exists():
            os._exit(7)
        time.sleep(0.02)
    return judge(facts, settings)


if __name__ == "__main__":
    run_worker(
        Config.from_environment(),
        burst="burst" in sys.argv,
        workers=2 if "two" in sys.argv else 1,
        host=load(allowed=("none",), extra=[("small", Gated())]),
        lease_seconds=3600.0 if "patient" in sys.argv else 2.0,
    )
