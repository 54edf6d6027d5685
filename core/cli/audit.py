"""``lifecircle audit``: whether the chains of records hold; their heads and records for export."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy import select

from core.cli.console import Console
from core.cli.work import tenant_id_of
from core.db import Tenant
from core.db.audit import FAULT_WORDS, Broken, Head, first_broken, head, records, written
from core.db.installation import installation_head, verify_installation
from core.errors import Invalid

INSTALLATION = "installation"  # the chain of what belongs to no tenant
TENANT = click.option("--tenant", default=None, help="地区代码；省略则全部。 One place; else all.")


@click.group()
def audit() -> None:
    """审计记录：核对、链头、导出。 The audit chains: verify, heads, export."""


@audit.command()
@TENANT
@click.option(
    "--heads",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="先前导出的链头文件，可查出被截去的末尾。 Heads exported earlier: betray a cut tail.",
)
@click.pass_obj
def verify(console: Console, tenant: str | None, file: Path | None) -> None:
    """逐条核对记录链，指出第一处断开。 Check the chains; name the first broken record of each."""
    noted = _noted(file)
    broken = 0
    for slug, tenant_id in _chains(console, tenant):
        with console.database.session(tenant_id) as session:
            found = first_broken(session, noted.get(slug, ()))
            last = head(session)
        broken += _tell(slug, last, found)
    if tenant is None:
        with console.database.unbound() as session:
            found = verify_installation(session, noted.get(INSTALLATION, ()))
            last = installation_head(session)
        broken += _tell(INSTALLATION, last, found)
    if broken:
        raise click.ClickException(f"{broken} 条链不一致。 {broken} of the chains do not hold.")


@audit.command("head")
@TENANT
@click.pass_obj
def heads(console: Console, tenant: str | None) -> None:
    """打印各链的链头，每天导出到别处。 Print the heads; keep them elsewhere, every day."""
    for slug, tenant_id in _chains(console, tenant):
        with console.database.session(tenant_id) as session:
            click.echo(_line(slug, head(session)))
    if tenant is None:
        with console.database.unbound() as session:
            click.echo(_line(INSTALLATION, installation_head(session)))


@audit.command()
@click.option("--tenant", required=True, help="地区代码。 The place.")
@click.option("--after", default=0, show_default=True, help="从这一条之后。 After this number.")
@click.pass_obj
def export(console: Console, tenant: str, after: int) -> None:
    """按行打印记录（JSON），含摘要。 Print the records, one JSON object a line, with hashes."""
    with console.database.session(tenant_id_of(console, tenant)) as session:
        for event in records(session, after):
            sys.stdout.write(json.dumps(written(event), ensure_ascii=False) + "\n")


def _chains(console: Console, slug: str | None) -> Iterator[tuple[str, UUID]]:
    if slug is not None:
        yield slug, tenant_id_of(console, slug)
        return
    with console.database.unbound() as session:
        rows = session.execute(select(Tenant.slug, Tenant.id).order_by(Tenant.path)).all()
    for row in rows:
        yield row.slug, row.id


def _tell(chain: str, last: Head, found: Broken | None) -> bool:
    """Print how a chain stands; tell whether it is broken."""
    if found is None:
        click.echo(f"{chain}  一致 holds  {last.number}  {last.hash}")
        return False
    chinese, english = FAULT_WORDS[found.fault]
    number = found.number
    click.echo(f"{chain}  不一致 broken  第 {number} 条：{chinese}  record {number}: {english}")
    return True


def _line(chain: str, last: Head) -> str:
    return json.dumps({"chain": chain, "number": last.number, "hash": last.hash})


def _noted(file: Path | None) -> dict[str, list[Head]]:
    """Read the heads of every day that a file holds, by chain."""
    noted: dict[str, list[Head]] = {}
    if file is None:
        return noted
    try:
        for words in file.read_text(encoding="utf-8").splitlines():
            told: dict[str, Any] = json.loads(words)
            one = Head(number=int(told["number"]), hash=str(told["hash"]))
            noted.setdefault(str(told["chain"]), []).append(one)
    except (ValueError, KeyError, TypeError):
        raise Invalid(
            f"{file.name} 不是 lifecircle audit head 的输出，没有核对。请换一个文件。",
            english=f"{file.name} is not what lifecircle audit head prints; nothing was checked.",
        ) from None
    return noted
