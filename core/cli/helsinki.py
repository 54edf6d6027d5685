"""``lifecircle demo --helsinki``: a place outside the tree, with real streets and outlets."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import select

from core.cli.console import Console
from core.db import Tenant
from core.demo.helsinki import (
    ATTRIBUTION,
    ENGLISH,
    NAME,
    NOTE,
    SLUG,
    RealSample,
    find_extract,
    make_sample,
)


def add_helsinki(console: Console, home: Path) -> tuple[UUID, RealSample]:
    """Make the place and model its residents; give the tenant and the files to import for it.

    It has no ancestor, so that its runs are handed up to nobody.

    Raises
    ------
    Misconfigured
        The extra is not installed.
    """
    sample = make_sample(home / "samples" / SLUG, find_extract())
    tenant_id = _tenant(console)
    click.echo(f"\n  {NAME} {ENGLISH}：{ATTRIBUTION}，{sample.as_of}")
    click.echo(f"  {sample.counts['homes']} 栋，{sample.counts['residents']:,} 人，{NOTE}")
    click.echo("  没有年龄、调查与生活圈边界：要用到它们的指标读作“未测”。")
    return tenant_id, sample


def _tenant(console: Console) -> UUID:
    """Find the place, or make it: known by a slug alone, since it has no official code."""
    create = console.verb("create_tenant")
    with console.database.unbound() as session:
        found = session.scalar(select(Tenant.id).where(Tenant.slug == SLUG))
        if found is not None:
            return found
        tenant_id: UUID = create(session, name=NAME, english=ENGLISH, slug=SLUG, sample=True).id
        return tenant_id
