"""One piece of the main job in a process of its own, which says at its end what it cost.

``python -m tests.bench.job generate SEED NAME LON LAT FOLDER`` or ``… perform TENANT JOB``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from uuid import UUID

from tests.bench.memory import numbers

STARTED = time.perf_counter()


def generate(seed: str, name: str, lon: str, lat: str, folder: str) -> dict[str, object]:
    """Generate a sample city, as the demo does."""
    from core.demo.city import generate as make  # noqa: PLC0415 - its import is part of the cost

    city = make(int(seed), name, (float(lon), float(lat)), Path(folder))
    return dict(city.counts)


def perform(tenant_id: str, job_id: str) -> dict[str, object]:
    """Do a waiting job as a worker's child does, the plugins loaded first."""
    from core.config import Config  # noqa: PLC0415 - its import is part of the cost
    from core.jobs import tasks  # noqa: PLC0415 - its import is part of the cost
    from core.services import open_services  # noqa: PLC0415 - its import is part of the cost

    services = open_services(Config.from_environment())
    bench = tasks.Bench(
        database=services.database,
        blobs=services.blobs,
        host=services.host,
        redis_url=services.redis_url,
    )
    ready = time.perf_counter()
    tasks.perform(bench, UUID(tenant_id), UUID(job_id))
    work = time.perf_counter() - ready
    services.close()
    return {"ready": ready - STARTED, "work": work}


def main(verb: str, *words: str) -> None:
    """Do it and write one line of JSON: what came of it, and this process's peak memory.

    The kernel's high-water mark of this address space; ``ru_maxrss`` would count what the
    process that started this one had.
    """
    found = {"generate": generate, "perform": perform}[verb](*words)
    cost = {"found": found, "peak": numbers(Path("/proc/self/status"))["VmHWM"]}
    sys.stdout.write(json.dumps(cost) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
