"""``lifecircle demo``: an empty machine becomes two judged sample cities, served on it."""

from __future__ import annotations

import contextlib
import itertools
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import select

from core.catalog.enabled import catalogue_of
from core.cli import processes
from core.cli.console import Console
from core.cli.importing import ask
from core.cli.serving import free_port, wait_for_a_stop
from core.cli.table import print_run
from core.cli.waiting import finished
from core.config import Config
from core.contract import TableKind
from core.db import Job, Tenant
from core.demo.city import RESIDENTS, SampleCity, generate
from core.demo.helsinki import SLUG, Files, find_extract
from core.demo.places import PLACES, Place
from core.errors import Conflict

RULESETS = ("national-2023-plan", "jinan")
AS_OF = date(2026, 1, 1)
LABEL = {
    "note": "示例数据：由程序生成，不是真实城市。",
    "attribution": "lifecircle demo（示例数据）",
}
STEPS = 7


class Steps:
    """Numbered steps with their seconds."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._numbers = itertools.count(1)

    @contextlib.contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Say what is being done, then how long it took."""
        click.echo(f"[{next(self._numbers)}/{self._total}] {words} … ", nl=False)
        started = time.perf_counter()
        yield
        click.echo(f"{time.perf_counter() - started:.1f} s")


@click.command()
@click.option("--bind", default="127.0.0.1", show_default=True)
@click.option("--port", default=0, help="省略则取 8000 起第一个空闲端口。")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="数据所在；省略为 ~/.lifecircle/demo。",
)
@click.option("--workers", default=2, show_default=True)
@click.option("--check", is_flag=True, help="做完全部、复算一次后退出。")
@click.option("--helsinki", is_flag=True, help="另加真实街道的小样（需要 helsinki 附加包）。")
@click.option("--residents", default=RESIDENTS, hidden=True)  # smaller cities, for tests
@click.pass_obj
def demo(  # noqa: PLR0913, PLR0917 - one argument an option
    console: Console,
    bind: str,
    port: int,
    home: Path | None,
    workers: int,
    check: bool,
    helsinki: bool,
    residents: int,
) -> None:
    """生成示例城市、导入、评价并打开网页（示例数据）。Two generated cities, judged and served."""
    if helsinki:
        find_extract()  # says what to install before anything is made
    steps = Steps(STEPS + (1 if helsinki else 0))
    begun = time.perf_counter()
    console = Console(console.rooms, demo_config(home))
    places = list(PLACES)
    try:
        with steps.step("启动内置数据库与队列 servers"):
            config = console.config
        with steps.step("建立地区 tenants"):
            tenants = make_tenants(console, places)
        with steps.step("生成示例城市 sample cities"):
            cities = make_cities(config.home, places, residents)
        if helsinki:
            from core.cli.helsinki import add_helsinki

            with steps.step("真实街道小样 Helsinki, © OpenStreetMap contributors"):
                tenants[SLUG], real = add_helsinki(console, config.home)
                cities[SLUG] = real.files
        log = config.home / "log"
        log.mkdir(exist_ok=True)
        with processes.worker(config, count=workers, log=log / "worker.log"):
            with steps.step("导入 import"):
                bring_in(console, tenants, cities)
            with steps.step("评价 runs"):
                runs = judge(console, {key: tenants[key] for key in cities})
            with steps.step("提交全国 submit"):
                hand_up(console, runs)
            chosen = port or free_port(bind, 8000)
            with contextlib.ExitStack() as serving:
                with steps.step("启动网页 web"):
                    address = serving.enter_context(
                        processes.web(config, bind=bind, port=chosen, log=log / "web.log")
                    )
                for tenant_id, run_id in runs:
                    print_run(console, tenant_id, run_id)
                report_cost(time.perf_counter() - begun)
                link = sign_in_link(console, tenants, cities)
                click.echo(f"\n示例数据 · 一次性登录 signs in once:\n  {address}{link}\n")
                if check:
                    recompute(console, runs[0])
                else:
                    click.echo("Ctrl-C 停止 stops")
                    wait_for_a_stop()
    finally:
        console.close()


def demo_config(home: Path | None) -> Config:
    """Give the demo's settings: embedded servers, plain http, generated data."""
    base = Config.from_environment()
    place = (home or base.home / "demo").resolve()
    return replace(
        base,
        database_url="",
        owner_url="",
        dispatch_url="",
        redis_url="",
        home=place,
        blobs=place / "blobs",
        insecure_http=True,
        sample=True,
    )


def make_tenants(console: Console, places: Sequence[Place]) -> dict[str, UUID]:
    """Make the demo's places, those that exist already left alone; ids by code ('' the nation)."""
    create = console.verb("create_tenant")
    found: dict[str, UUID] = {}
    for place in places:
        slug = place.code or "cn"
        with console.database.unbound() as session:
            tenant_id = session.scalar(select(Tenant.id).where(Tenant.slug == slug))
            if tenant_id is None:
                tenant_id = create(
                    session,
                    code=slug,
                    name=place.name,
                    english=place.english,
                    sample=place.sample is not None,
                ).id
        found[place.code] = tenant_id
    return found


def make_cities(home: Path, places: Sequence[Place], residents: int) -> dict[str, Files]:
    """Generate the files of each place that has a sample; the same seed gives the same bytes."""
    return {
        place.code: files_of(
            generate(
                place.sample.seed,
                place.name,
                (place.sample.lon, place.sample.lat),
                home / "samples" / place.code,
                residents=residents,
            )
        )
        for place in places
        if place.sample is not None
    }


def files_of(city: SampleCity) -> Files:
    """List the imports of a sample city."""
    return (
        (TableKind.STREETS, city.streets, LABEL),
        (TableKind.RESIDENTS, city.residents, {**LABEL, "as_of": AS_OF.isoformat()}),
        (TableKind.OUTLETS, city.outlets, LABEL),
        (TableKind.AREAS, city.areas, LABEL),
    )


def bring_in(console: Console, tenants: dict[str, UUID], cities: dict[str, Files]) -> None:
    """Import every file as a user would: received, queued, read by an importer, frozen."""
    asked = [
        (tenants[code], ask(console, tenants[code], kind, path, options))
        for code, files in cities.items()
        for kind, path, options in files
    ]
    for tenant_id, job_id in asked:
        finished(console.database, tenant_id, job_id)


def judge(console: Console, tenants: dict[str, UUID]) -> list[tuple[UUID, UUID]]:
    """Score every tenant under every ruleset; equal runs of an earlier demo are found again."""
    from core.runs.plan import ask_run

    asked: list[tuple[UUID, UUID, UUID]] = []
    for tenant_id in tenants.values():
        for ruleset in RULESETS:
            with console.database.session(tenant_id) as session:
                run, _reused = ask_run(
                    session, catalogue_of(session, console.host), ruleset_key=ruleset
                )
                session.flush()
                job_id = session.scalars(select(Job.id).where(Job.subject_id == run.id)).one()
                asked.append((tenant_id, run.id, job_id))
    for tenant_id, _run_id, job_id in asked:
        finished(console.database, tenant_id, job_id)
    return [(tenant_id, run_id) for tenant_id, run_id, _job_id in asked]


def hand_up(console: Console, runs: Sequence[tuple[UUID, UUID]]) -> None:
    """Submit the runs of places below the nation to it; one outside the tree has nobody above."""
    submit = console.verb("submit")
    with console.database.unbound() as session:
        below = set(session.scalars(select(Tenant.id).where(Tenant.parent_id.is_not(None))))
    for tenant_id, run_id in runs:
        if tenant_id not in below:
            continue
        with (
            contextlib.suppress(Conflict),  # handed up by an earlier demo
            console.database.session(tenant_id) as session,
        ):
            submit(session, run_id, "cn", None)


def sign_in_link(console: Console, tenants: dict[str, UUID], cities: dict[str, Files]) -> str:
    """Make the demo's person and a link that signs them in once."""
    places = {tenants[code]: "bureau_admin" for code in cities} | {tenants[""]: "reviewer"}
    path: str = console.verb("demo_link")(console.database, places)
    return path


def recompute(console: Console, chosen: tuple[UUID, UUID]) -> None:
    """Compute one run again and compare bytes."""
    from core.runs.verify import verify

    verdict = verify(console.database, console.blobs, console.host, *chosen)
    if not verdict.same:
        raise click.ClickException(f"复算不一致 recomputation differs: {verdict.first_difference}")
    click.echo("复算一致 recomputed: identical")


def report_cost(seconds: float) -> None:
    """Say what the demo cost: wall time, and the largest process's peak memory."""
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    click.echo(f"\n用时 {seconds:.0f} s，单个进程峰值内存 {peak / 1024:.0f} MiB")
