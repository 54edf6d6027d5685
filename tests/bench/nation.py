"""Measure a nation: many generated cities through blobs, database and queue, by two workers.

``python -m tests.bench.nation --cities 300`` writes its part of the engine's report; fewer cities
for a quick look.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.pool import NullPool

from core.catalog.enabled import catalogue_of
from core.cli import processes
from core.config import Config
from core.db import Run, init
from core.embedded import Servers
from core.runs.plan import ask_run
from core.services import Services, open_services
from tenants.tree.operations import create_tenant
from tests.bench.engine import store
from tests.bench.engine.city import make_city
from tests.bench.engine.frozen import freeze_city, give_versions
from tests.bench.memory import watched

CITIES = 300
WORKERS = 2
RULESET = "national-2023-plan"
MEDIAN_NODES, SPREAD = 15_000, 1.0  # of a log-normal law
FEWEST_NODES, MOST_NODES = 3_000, 300_000
HOMES_A_NODE = 0.5
CENTRE = (116.0, 36.0)
LOOK_SECONDS = 0.05
TOLD_SECONDS = 10.0
FIRST = {"report_minutes": [5.0, 10.0, 15.0]}
AGAIN = {"report_minutes": [5.0, 8.0, 15.0]}  # another question about the same streets


@dataclass(slots=True)
class Told:
    """What one pass over all cities took."""

    wall: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    together: int = 0
    fair: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nation:
    """Cities that are frozen, and the parts that measure them."""

    services: Services
    engine: Engine
    tenants: Mapping[str, UUID]


def main() -> None:
    """Make the cities, measure both passes and write."""
    told = arguments()
    with tempfile.TemporaryDirectory(prefix="lc-nation-") as name:
        home = Path(name)
        home.chmod(0o711)  # as root, the servers' user passes through
        found = measured(home, told.cities, told.workers, told.seed)
    store.keep("nation", found, told.results)
    store.report(told.results, told.output)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cities", type=int, default=CITIES)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--seed", type=int, default=1)
    store.add_places(parser)
    return parser.parse_args()


def measured(home: Path, cities: int, workers: int, seed: int) -> dict[str, Any]:
    """Measure a nation on servers of its own, as durable as the product's."""
    with Servers(home / "servers") as addresses:
        init.create_roles(addresses.superuser_url)
        init.upgrade(addresses.owner_url)
        config = Config(
            database_url=addresses.app_url,
            owner_url=addresses.owner_url,
            dispatch_url=addresses.dispatch_url,
            redis_url=addresses.redis_url,
            home=home,
            blobs=home / "blobs",
            secret_key="bench",
            sample=True,
        )
        superuser = addresses.superuser_url.replace("/postgres?", "/lifecircle?")
        engine = create_engine(superuser, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with closing(open_services(config)) as services:
            started = time.perf_counter()
            sizes, tenants = make_cities(services, cities, seed)
            made = time.perf_counter() - started
            nation = Nation(services=services, engine=engine, tenants=tenants)
            with _workers(config, home / "workers.log", workers) as pid:
                cold = one_pass(nation, pid, FIRST, "cold")
                again = one_pass(nation, pid, AGAIN, "re-score")
    return {
        "cities": cities,
        "workers": workers,
        "made_s": made,
        "sizes": {key: int(np.sum(column)) for key, column in sizes.items()},
        "largest": int(max(sizes["nodes"])),
        "median": float(np.median(sizes["nodes"])),
        "cold": _plain(cold),
        "again": _plain(again),
    }


def make_cities(
    services: Services, cities: int, seed: int
) -> tuple[dict[str, list[int]], dict[str, UUID]]:
    """Make, freeze and name every city; give their sizes and tenants."""
    random = np.random.default_rng(seed)
    nodes = MEDIAN_NODES * np.exp(random.normal(0, SPREAD, cities))
    sizes: dict[str, list[int]] = {"nodes": [], "edges": [], "homes": [], "outlets": []}
    tenants: dict[str, UUID] = {}
    formats: list[str] = []
    for number, wanted in enumerate(np.clip(nodes, FEWEST_NODES, MOST_NODES)):
        slug = f"city-{number}"
        with services.database.unbound() as session:
            tenants[slug] = create_tenant(session, name=f"示例市{number}", slug=slug).id
        if not formats:
            formats = asked_formats(services, tenants[slug])
        city = make_city(
            int(wanted), seed=seed + number, formats=len(formats), homes_a_node=HOMES_A_NODE
        )
        centre = (CENTRE[0] + number % 20 * 0.1, CENTRE[1])
        manifests = freeze_city(services.blobs, city, formats, centre, seed + number)
        give_versions(services, tenants[slug], manifests)
        sizes["nodes"].append(city.streets.nodes)
        sizes["edges"].append(city.streets.edges)
        sizes["homes"].append(len(city.people))
        sizes["outlets"].append(len(city.outlet_x))
        if (number + 1) % 25 == 0 or number + 1 == cities:
            say(f"{number + 1} of {cities} cities made")
    return sizes, tenants


def asked_formats(services: Services, tenant_id: UUID) -> list[str]:
    """Name the formats that the ruleset asks about."""
    with services.database.session(tenant_id) as session:
        catalogue = catalogue_of(session, services.host)
    return sorted({key for demand in catalogue.demands(RULESET) for key in demand.formats})


def one_pass(nation: Nation, worker_pid: int, params: Mapping[str, Any], name: str) -> Told:
    """Ask for a run of every city and wait for all; the clock runs from the first question.

    Raises
    ------
    RuntimeError
        A run failed: there is nothing to report.
    """
    told = Told()
    with watched(worker_pid) as peak:
        started = time.perf_counter()
        runs = ask_all(nation, params)
        wait(nation.engine, len(runs), started, name)
        told.wall = time.perf_counter() - started
    told.together, told.fair, told.by_kind = peak.together, peak.fair, dict(peak.by_kind)
    for slug, run_id in runs.items():
        with nation.services.database.session(nation.tenants[slug]) as session:
            run = session.scalars(select(Run).where(Run.id == run_id)).one()
            if run.state != "done":
                raise RuntimeError(f"{slug}: {run.state}: {run.fault_message}")
            for key, seconds in run.stage_seconds.items():
                told.stages[key] = told.stages.get(key, 0.0) + seconds
    say(f"{name}: {told.wall:.1f} s for {len(runs)} cities")
    return told


UNFINISHED = text("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')")


def ask_all(nation: Nation, params: Mapping[str, Any]) -> dict[str, UUID]:
    """Ask for a run of every city; the dispatcher wakes workers by itself."""
    runs = {}
    for slug, tenant_id in nation.tenants.items():
        with nation.services.database.session(tenant_id) as session:
            catalogue = catalogue_of(session, nation.services.host)
            run, reused = ask_run(session, catalogue, ruleset_key=RULESET, params=params)
            if reused:
                raise RuntimeError("an equal run was found: nothing would be measured")
            session.flush()
            runs[slug] = run.id
    return runs


def wait(engine: Engine, total: int, started: float, name: str) -> None:
    """Wait until no job waits or works, telling how far it is."""
    told = time.perf_counter()
    while True:
        with engine.connect() as connection:
            left = int(connection.execute(UNFINISHED).scalar_one())
        if left == 0:
            return
        if time.perf_counter() - told > TOLD_SECONDS:
            told = time.perf_counter()
            say(f"{name}: {total - left} of {total} after {told - started:.0f} s")
        time.sleep(LOOK_SECONDS)


@contextmanager
def _workers(config: Config, log: Path, count: int) -> Iterator[int]:
    """Have workers for the time of the block; gives the id of the process that holds them."""
    process = processes.start(["core.cli", "worker", "--workers", str(count)], config, log=log)
    try:
        time.sleep(3)  # they have started before the clock does
        yield process.pid
    finally:
        processes.stop(process)


def _plain(told: Told) -> dict[str, Any]:
    return {
        "wall_s": told.wall,
        "stages_s": told.stages,
        "peak_shared_counted_once": told.fair,
        "peak_resident_sum": told.together,
        "largest_process": max(told.by_kind.values(), default=0),
    }


def say(words: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
