"""``lifecircle tenant erase``: what an operator types when a tenant goes for good."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from core.services import Services
from tenants.leaving.erase import erase


@click.command("erase")
@click.argument("place")
@click.option("--confirm", is_flag=True, help="确实要删除；不可恢复。 Really; it cannot be undone.")
@click.pass_obj
def command(services: Services, place: str, *, confirm: bool) -> None:
    """删除一个地区的全部数据，打印回执。 Erase a place's data for good and print the receipt."""
    if not confirm:
        raise click.UsageError(
            "没有删除。先 lifecircle backup --tenant 留一份，再加 --confirm。"
            " Nothing was erased. Keep a copy first, then add --confirm."
        )
    receipt = erase(services.database, services.config.owner_url, services.blobs, place)
    click.echo(json.dumps(asdict(receipt), ensure_ascii=False, indent=1))
