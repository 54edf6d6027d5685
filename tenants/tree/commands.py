"""``lifecircle tenant``: create places and list them."""

from __future__ import annotations

import click

from core.db import Level
from core.services import Services
from tenants.tree.operations import all_tenants, create_tenant


@click.group("tenant")
def commands() -> None:
    """地区：建立与列出。 Places: create and list."""


@commands.command("create")
@click.option(
    "--code", help="行政区划代码，如 370103；全国为 cn。 Official code; the nation is cn."
)
@click.option(
    "--name", default="", help="名称；已知代码可不填。 Name; may be left out for a known code."
)
@click.option("--english", default="", help="英文名称。 English name.")
@click.option("--parent", help="上级的代码或地址名；有代码时可不填。 The place above.")
@click.option(
    "--level",
    type=click.Choice([each.value for each in Level]),
    help="级别；有代码时不需要。 Level.",
)
@click.option("--slug", help="没有代码时的地址名。 Name in addresses, for a place without a code.")
@click.option("--sample", is_flag=True, help="标为示例数据。 Its data are generated.")
@click.pass_obj
def create(  # noqa: PLR0913 - click passes each option
    services: Services,
    *,
    code: str | None,
    name: str,
    english: str,
    parent: str | None,
    level: str | None,
    slug: str | None,
    sample: bool,
) -> None:
    """建立一个地区。 Create a place."""
    with services.database.unbound() as session:
        tenant = create_tenant(
            session,
            name=name,
            english=english,
            code=code,
            level=Level(level) if level else None,
            parent_slug=parent,
            slug=slug,
            sample=sample,
        )
        click.echo(f"{tenant.slug}\t{tenant.name}\t{tenant.level}\t{tenant.path}")


@commands.command("list")
@click.pass_obj
def show(services: Services) -> None:
    """列出全部地区，上级在前。 List all places, each after the one above it."""
    with services.database.unbound() as session:
        for tenant in all_tenants(session):
            depth = tenant.path.count("/") - 2
            sample = "\t示例数据" if tenant.sample else ""
            click.echo(f"{'  ' * depth}{tenant.slug}\t{tenant.name}\t{tenant.level}{sample}")
