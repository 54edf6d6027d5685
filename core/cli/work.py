"""``lifecircle import``, ``run`` and ``verify``: the main job without a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy import select

from core.catalog.enabled import catalogue_of
from core.cli import processes
from core.cli.console import Console
from core.cli.importing import ask
from core.cli.waiting import finished
from core.contract import TableKind
from core.db import Job, Run, Tenant
from core.errors import NotFound


def tenant_id_of(console: Console, slug: str) -> UUID:
    """Find a tenant by its code or name in addresses."""
    with console.database.unbound() as session:
        found = session.scalar(select(Tenant.id).where(Tenant.slug == slug))
    if found is None:
        raise NotFound(
            f"没有租户 {slug}。用 lifecircle tenant list 查看。",
            english=f"There is no tenant {slug}. See lifecircle tenant list.",
        )
    return found


def options_of(words: tuple[str, ...]) -> dict[str, Any]:
    """Read ``key=value`` words; a value that is JSON is read as such."""
    options: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise click.BadParameter(f"{word} 不是 键=值。")
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    return options


@click.command("import")
@click.argument("kind", type=click.Choice([str(kind) for kind in TableKind]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tenant", required=True, help="租户的代码，如 370103。")
@click.option("--importer", default=None, help="省略则按文件识别。")
@click.option("--dataset", default=None, help="数据集名称。")
@click.option("-o", "--option", "words", multiple=True, help="导入选项 键=值，可重复。")
@click.pass_obj
def import_file(  # noqa: PLR0913, PLR0917 - one argument an option
    console: Console,
    kind: str,
    file: Path,
    tenant: str,
    importer: str | None,
    dataset: str | None,
    words: tuple[str, ...],
) -> None:
    """导入一个文件，成为不可变的数据版本。Import a file into an immutable version."""
    tenant_id = tenant_id_of(console, tenant)
    job_id = ask(
        console,
        tenant_id,
        TableKind(kind),
        file,
        options_of(words),
        importer=importer,
        dataset=dataset,
    )
    with processes.worker(console.config):
        result = finished(console.database, tenant_id, job_id)
    click.echo(json.dumps(result, ensure_ascii=False, indent=1))


@click.command()
@click.option("--tenant", required=True, help="租户的代码，如 370103。")
@click.option("--ruleset", default="national-2023-plan", show_default=True)
@click.option("-p", "--param", "words", multiple=True, help="参数 键=值，可重复。")
@click.pass_obj
def run(console: Console, tenant: str, ruleset: str, words: tuple[str, ...]) -> None:
    """评价最新数据，打印评分。Evaluate the latest data and print the scores."""
    from core.cli.table import print_run
    from core.runs.plan import ask_run

    tenant_id = tenant_id_of(console, tenant)
    with console.database.session(tenant_id) as session:
        asked, reused = ask_run(
            session,
            catalogue_of(session, console.host),
            ruleset_key=ruleset,
            params=options_of(words),
        )
        session.flush()
        run_id = asked.id
        job_id = session.scalars(select(Job.id).where(Job.subject_id == run_id)).one()
    if reused:
        click.echo("同样的评价已有结果。The same question was answered before.")
    with processes.worker(console.config):
        finished(console.database, tenant_id, job_id)
    print_run(console, tenant_id, run_id)


@click.command()
@click.argument("run_id", type=click.UUID)
@click.option("--tenant", default=None, help="省略则在本机各租户中查找。")
@click.pass_obj
def verify(console: Console, run_id: UUID, tenant: str | None) -> None:
    """重新计算一次评价，逐字节比较。Recompute a run and compare bytes."""
    from core.runs.verify import verify as recompute

    tenant_id = tenant_id_of(console, tenant) if tenant else _owner_of(console, run_id)
    verdict = recompute(console.database, console.blobs, console.host, tenant_id, run_id)
    if not verdict.same:
        raise click.ClickException(f"不一致 different: {verdict.first_difference}")
    click.echo("一致 identical")


def _owner_of(console: Console, run_id: UUID) -> UUID:
    """Find whose run it is by asking in each tenant's own session, as the operator."""
    with console.database.unbound() as session:
        tenants = list(session.scalars(select(Tenant.id)))
    for tenant_id in tenants:
        with console.database.session(tenant_id) as session:
            if session.scalar(select(Run.id).where(Run.id == run_id)) is not None:
                return tenant_id
    raise NotFound("没有这次评价。", english="There is no such run.")
