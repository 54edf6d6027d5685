"""Ways to compute the same: hash seeds, threads, places, clocks, processors, interpreters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.db import Run

TOP = Path(__file__).resolve().parents[2]
ONCE = Path(__file__).with_name("once.py")
RULESETS = ("national-2023-plan", "jinan")
MOST_SECONDS = 600
ONE = {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
TWO = dict.fromkeys(ONE, "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a process is started: its environment, folder and umask; the plans' order."""

    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = "."
    umask: int = 0o022
    backwards: bool = False
    python: str = sys.executable


FEW = {
    "as it is": Way(environment={"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"} | ONE),
    "another seed, order, folder, place and two threads": Way(
        environment={"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai", "LC_ALL": "C"} | TWO,
        folder="/",
        umask=0o077,
        backwards=True,
    ),
}
GENERIC = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
ALL = FEW | {
    "a random seed": Way(environment={"PYTHONHASHSEED": "random"}),
    "far west": Way(environment={"TZ": "America/Adak", "PYTHONHASHSEED": "4294967295"}),
    "loops for any processor, without AVX": Way(environment=GENERIC | ONE),
    "loops for any processor, other seed and order": Way(
        environment=GENERIC | TWO | {"PYTHONHASHSEED": "1"}, backwards=True
    ),
}


def outcome(way: Way, plans: Sequence[tuple[str, Any]], blobs: Path, folder: Path) -> Any:
    """Compute the plans in one way; gives the digests by name, or the last words of a failure."""
    folder.mkdir()
    (folder / "blobs").symlink_to(blobs)
    ordered = list(reversed(plans)) if way.backwards else list(plans)
    (folder / "plans.json").write_text(json.dumps(ordered), encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [way.python, "-P", str(ONCE), str(folder)],
        cwd=folder if way.folder == "." else way.folder,
        env=kept | {"PYTHONPATH": str(TOP)} | way.environment,
        umask=way.umask,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr[-500:]


def plans_of(database: Any, tenant_id: Any, slug: str) -> list[tuple[str, Any]]:
    """Give the plans of a place's finished runs, and by the same names their digests."""
    with database.session(tenant_id) as session:
        runs = session.scalars(select(Run).where(Run.state == "done").order_by(Run.id)).all()
        return [(f"{slug} {run.ruleset_key}", run.plan) for run in runs]


def digests_of(database: Any, tenant_id: Any, slug: str) -> dict[str, list[str]]:
    """Give what the workers kept of a place's finished runs."""
    with database.session(tenant_id) as session:
        runs = session.scalars(select(Run).where(Run.state == "done")).all()
        return {
            f"{slug} {run.ruleset_key}": [run.result_digest, run.minutes_digest] for run in runs
        }


def judged(place: Any, city: Any = None) -> None:
    """Bring in a generated city, or a few streets, and judge it under every ruleset."""
    if city is None:
        place.furnish()
    else:
        for kind in ("areas", "streets", "outlets", "residents"):
            place.ask(kind, getattr(city, kind))
        place.work()
    for ruleset in RULESETS:
        answer = place.client.post(place.address("runs"), json={"ruleset": ruleset})
        assert answer.status_code == 202, answer.text
    place.work()
