"""Measure the main job: a real city and a generated one by stage, and the whole demo.

``python -m tests.bench.main_job`` writes its part of RESULTS.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.catalog.enabled import catalogue_of
from core.config import Config
from core.contract import TableKind
from core.db import DatasetVersion, Job, JobState, Run, init
from core.demo.places import PLACES, Place
from core.embedded import Servers
from core.intake import pipeline
from core.intake.receive import receive
from core.runs import terms
from core.runs.plan import ask_run
from core.services import Services, open_services
from tenants.tree.operations import create_tenant
from tests.bench.machine import TOP, machine
from tests.bench.memory import CHILD, watched
from tests.bench.parts import RESULTS, write_part
from tests.bench.report import City, Demo, Piece, results

TIMES = 3
CHILD_EVERY_SECONDS = 0.05  # an importer's child may live for a few tenths of a second
RULESETS = ("national-2023-plan", "jinan")
Files = Sequence[tuple[TableKind, Path, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where the measured processes find their servers, and how often each piece is measured."""

    home: Path
    config: Config
    times: int


def main() -> None:
    """Measure and write."""
    told = arguments()
    about = machine()
    with tempfile.TemporaryDirectory(prefix="lc-bench-") as name:
        home = Path(name)
        home.chmod(0o711)  # as root, the servers' user passes through
        cities = measured_cities(home, told.times)
        demo = None if told.no_demo else measured_demo(home / "demo")
    text = results(about, cities, demo)
    write_part(told.output, "main_job", text)
    sys.stdout.write(text)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES, help="measurements of each piece")
    parser.add_argument("--no-demo", action="store_true", help="leave the demo out")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def measured_cities(home: Path, times: int) -> list[City]:
    """Measure both cities on one set of servers, as durable as the product's own."""
    with Servers(home / "servers") as addresses:
        init.create_roles(addresses.superuser_url)
        init.upgrade(addresses.owner_url)
        config = Config(
            database_url=addresses.app_url,
            owner_url=addresses.owner_url,
            dispatch_url=addresses.dispatch_url,
            redis_url=addresses.redis_url,
            home=home,
            secret_key="bench",
            sample=True,
        )
        bench = Bench(home=home, config=config, times=times)
        return [real_city(bench), sample_city(bench)]


def real_city(bench: Bench) -> City:
    """Measure Las Palmas from the starter data."""
    told = os.environ.get("LIFECIRCLE_STARTER_DATA")
    starter = Path(told) if told else TOP.parent / "shared" / "data" / "starter"
    folder = starter / "las_palmas"
    extract = folder / "las_palmas_2023.osm.pbf"
    people = {"only": {"in_municipality": "1"}, "as_of": "2023-01-01"}
    files = (
        (TableKind.STREETS, extract, {}),
        (TableKind.RESIDENTS, folder / "demand.csv.gz", people),
        (TableKind.OUTLETS, extract, {}),
        (TableKind.AREAS, folder / "municipal_boundary.geojson", {}),
    )
    city = City(name="Las Palmas de Gran Canaria (real streets and outlets)")
    measure_job(bench, city, files, "x-las-palmas")
    return city


def sample_city(bench: Bench) -> City:
    """Measure the demo's first sample city, its making included."""
    place = next(place for place in PLACES if place.sample is not None)
    city = City(name=f"{place.name} {place.english} (示例数据 generated)")
    folder = bench.home / "sample"
    city.pieces.append(generated(bench, place, folder))
    files = (
        (TableKind.STREETS, folder / "streets.osm.pbf", {}),
        (TableKind.RESIDENTS, folder / "residents.csv.gz", {"as_of": "2026-01-01"}),
        (TableKind.OUTLETS, folder / "outlets.csv", {}),
        (TableKind.AREAS, folder / "areas.geojson", {}),
    )
    measure_job(bench, city, files, "x-sample")
    return city


def generated(bench: Bench, place: Place, folder: Path) -> Piece:
    """Measure the making of a sample city."""
    piece = Piece(name="generate")
    sample = place.sample
    if sample is None:
        raise ValueError(place.name)
    words = [str(sample.seed), place.name, str(sample.lon), str(sample.lat), str(folder)]
    for _ in range(bench.times):
        cost = in_its_own_process(bench.config, ["generate", *words])
        note(piece, cost)
        counts = cost["found"]
        piece.found = f"{counts['residents']:,} residents, {counts['outlets']:,} outlets"
    return piece


def measure_job(bench: Bench, city: City, files: Files, slug: str) -> None:
    """Bring a city in and score it, each time in a new tenant and with an empty store."""
    imports = {kind: Piece(name=f"import {kind}") for kind, _, _ in files}
    runs = {key: Piece(name=f"run {key}") for key in RULESETS}
    for number in range(bench.times):
        config = replace(bench.config, blobs=bench.home / f"blobs-{slug}-{number}")
        services = open_services(config)
        with services.database.unbound() as session:
            tenant_id = create_tenant(session, name=city.name, slug=f"{slug}-{number}").id
        for kind, path, options in files:
            job_id = asked_import(services, tenant_id, kind, path, options)
            measure(services, imports[kind], tenant_id, job_id, import_stages)
        for key in RULESETS:
            job_id = asked_run(services, tenant_id, key)
            measure(services, runs[key], tenant_id, job_id, run_stages)
        services.close()
    city.pieces += [*imports.values(), *runs.values()]


def asked_import(
    services: Services, tenant_id: UUID, kind: TableKind, path: Path, options: Mapping[str, Any]
) -> UUID:
    """Receive a file and ask for its import."""
    with services.database.session(tenant_id) as session, path.open("rb") as stream:
        limit = services.config.upload_bytes
        upload = receive(
            session, services.blobs, stream=stream, filename=path.name, by=None, limit=limit
        )
        return pipeline.ask_import(session, upload, kind=kind, options=dict(options)).id


def asked_run(services: Services, tenant_id: UUID, ruleset: str) -> UUID:
    """Ask for a run of the newest data."""
    with services.database.session(tenant_id) as session:
        catalogue = catalogue_of(session, services.host)
        run, reused = ask_run(session, catalogue, ruleset_key=ruleset)
        if reused:
            raise RuntimeError("an equal run was found: nothing would be measured")
        session.flush()
        return session.scalars(select(Job.id).where(Job.subject_id == run.id)).one()


Stages = Callable[[Any, Job], tuple[Mapping[str, float], str]]


def measure(
    services: Services, piece: Piece, tenant_id: UUID, job_id: UUID, stages_of: Stages
) -> None:
    """Have a job done in a process of its own and note what it cost.

    Raises
    ------
    RuntimeError
        The job failed: there is nothing to report.
    """
    cost = in_its_own_process(services.config, ["perform", str(tenant_id), str(job_id)])
    with services.database.session(tenant_id) as session:
        job = session.scalars(select(Job).where(Job.id == job_id)).one()
        if job.state != JobState.DONE:
            raise RuntimeError(f"{piece.name}: {job.state}: {job.english or job.message}")
        stages, piece.found = stages_of(session, job)
    note(piece, cost)
    piece.work.append(cost["found"]["work"])
    piece.stages.append({**stages, "rest": cost["found"]["work"] - sum(stages.values())})


def import_stages(session: Any, job: Job) -> tuple[Mapping[str, float], str]:
    """Read an import's seconds by stage, and what it brought in."""
    version_id = UUID(job.result["dataset_version_id"])
    version = session.scalars(select(DatasetVersion).where(DatasetVersion.id == version_id)).one()
    return in_order(version.quality["seconds"], pipeline.STAGES), f"{version.rows:,} rows"


def run_stages(session: Any, job: Job) -> tuple[Mapping[str, float], str]:
    """Read a run's seconds by stage."""
    run = session.scalars(select(Run).where(Run.id == job.subject_id)).one()
    return in_order(run.stage_seconds, terms.STAGES), ""


def in_order(seconds: Mapping[str, float], stages: Sequence[str]) -> dict[str, float]:
    """Put stages into the order of the job: the database does not keep it."""
    return {key: seconds[key] for key in stages if key in seconds}


def note(piece: Piece, cost: Mapping[str, Any]) -> None:
    """Add one measurement."""
    piece.wall.append(cost["wall"])
    piece.own.append(cost["peak"])
    piece.child.append(cost["child"])


def in_its_own_process(config: Config, words: Sequence[str]) -> dict[str, Any]:
    """Run ``tests.bench.job``; give what it says, the wall time and its importer's child's peak.

    Raises
    ------
    RuntimeError
        It failed; it has said why.
    """
    started = time.perf_counter()
    with (
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.job", *words],
            cwd=TOP,
            env={**os.environ, **config.environment()},
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
        watched(process.pid, CHILD_EVERY_SECONDS) as peak,
    ):
        said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{words[0]} ended with {process.returncode}")
    cost: dict[str, Any] = json.loads(said.splitlines()[-1])
    wall = time.perf_counter() - started
    return cost | {"wall": wall, "child": peak.by_kind.get(CHILD, 0)}


def measured_demo(home: Path) -> Demo:
    """Run the demo once from nothing, and watch it and everything that it starts.

    Raises
    ------
    RuntimeError
        It failed; its last lines.
    """
    words = [sys.executable, "-m", "core.cli", "demo", "--check", "--home", str(home)]
    log = home.with_suffix(".log")
    started = time.perf_counter()
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(words, cwd=TOP, stdout=file, stderr=subprocess.STDOUT)
        with watched(process.pid) as peak:
            code = process.wait()
    wall = time.perf_counter() - started
    said = log.read_text("utf-8").splitlines()
    if code:
        raise RuntimeError("\n".join(said[-20:]))
    return Demo(
        seconds=wall,
        together=peak.together,
        fair=peak.fair,
        processes=peak.processes,
        by_kind=dict(peak.by_kind),
        steps=[line for line in said if line.startswith("[")],
    )


if __name__ == "__main__":
    main()
