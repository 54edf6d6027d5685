"""``lifecircle tenant``: create places, list and arrange them, load the national list of codes."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from core.db import Level
from core.errors import Invalid
from core.services import Services
from tenants.tree.arrange import Part, merge, move, rename, split
from tenants.tree.listed import PACKAGE, load_codes, package_file, read_file
from tenants.tree.operations import all_tenants, create_tenant, find_tenant
from tenants.tree.standing import Outcome


@click.group("tenant")
def commands() -> None:
    """地区：建立、列出、调整。 Places: create, list, arrange."""


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


SINCE = click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=lambda _context, _option, value: _day(value),
    help="生效日期，默认今天。 The day it takes effect; today when left out.",
)


@commands.command("rename")
@click.argument("place")
@click.option("--name", help="新名称；只换代码时可不填。 New name.")
@click.option("--english", help="新英文名称。 New English name.")
@click.option("--code", help="新行政区划代码。 New official code.")
@SINCE
@click.pass_obj
def rename_place(
    services: Services,
    *,
    place: str,
    name: str | None,
    english: str | None,
    code: str | None,
    since: date | None,
) -> None:
    """给地区改名或换代码，旧的留在历史里。 Rename a place; what it was is kept."""
    with services.database.unbound() as session:
        found = find_tenant(session, place)
        _tell(
            rename(
                session,
                None,
                found,
                name=name or found.name,
                english=english,
                code=code,
                since=since,
            )
        )


@commands.command("move")
@click.argument("place")
@click.option("--to", required=True, help="新的上级。 The new parent.")
@click.option("--code", help="新行政区划代码，旧的不在新上级之下时要填。 New official code.")
@SINCE
@click.pass_obj
def move_place(
    services: Services, *, place: str, to: str, code: str | None, since: date | None
) -> None:
    """把地区连同下级移到另一上级。 Put a place with all below it under another parent."""
    with services.database.unbound() as session:
        new = find_tenant(session, to)
        _tell(move(session, None, find_tenant(session, place), to=new, code=code, since=since))


@commands.command("merge")
@click.argument("place")
@click.option("--into", required=True, help="并入哪个同级地区。 Into which place of its level.")
@SINCE
@click.pass_obj
def merge_place(services: Services, *, place: str, into: str, since: date | None) -> None:
    """把地区并入同级的另一个；数据留在原处可查。 Merge a place into another; its data stay."""
    with services.database.unbound() as session:
        other = find_tenant(session, into)
        _tell(merge(session, None, find_tenant(session, place), into=other, since=since))


@commands.command("split")
@click.argument("place")
@click.option("--part", multiple=True, help="CODE=NAME，可重复。 A new place; repeated.")
@click.option("--take", multiple=True, help="CHILD=CODE，下级归谁。 Which child goes to which.")
@SINCE
@click.pass_obj
def split_place(
    services: Services,
    *,
    place: str,
    part: tuple[str, ...],
    take: tuple[str, ...],
    since: date | None,
) -> None:
    """从地区分出同级新地区；数据留在原处，重新导入才有。 Make new places from one."""
    with services.database.unbound() as session:
        takes = [_pair(each) for each in take]
        parts = [
            Part(
                code=code if code.isdigit() else None,
                slug=None if code.isdigit() else code,
                name=name,
                takes=[find_tenant(session, child) for child, new in takes if new == code],
            )
            for code, name in map(_pair, part)
        ]
        if strange := {new for _, new in takes} - {_pair(each)[0] for each in part}:
            raise Invalid(
                f"--take 说到的 {min(strange)} 不在 --part 里，没有改变。",
                english=f"--take names {min(strange)}, which no --part does; nothing was changed.",
            )
        _tell(split(session, None, find_tenant(session, place), parts=parts, since=since))


@commands.group("codes")
def codes() -> None:
    """行政区划代码表。 The national list of official codes."""


@codes.command("load")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--package", is_flag=True, help="用已安装的代码包。 Take the installed package's.")
@click.pass_obj
def load(services: Services, *, file: Path | None, package: bool) -> None:
    """装入代码表：CSV 或 JSON 文件，或代码包。 Load the list from a file or a package."""
    if package == (file is not None):
        raise click.UsageError(
            "FILE 与 --package 任选其一。 Give a file or --package, one of them."
        )
    path, source = (file, file.name) if file else package_file(PACKAGE)
    rows = read_file(path)
    with services.database.unbound() as session:
        loaded = load_codes(session, rows, source)
    click.echo(
        f"{loaded.source}\t新增 added {loaded.added}\t改名 renamed {loaded.renamed}"
        f"\t不变 same {loaded.same}\t略过 headings {loaded.headings}"
    )


def _tell(outcome: Outcome) -> None:
    """Say what was done: the place, each changed way, codes that no longer fit."""
    click.echo(f"{outcome.change}\t{outcome.place.slug}\t{outcome.place.name}")
    for way in outcome.ways:
        click.echo(f"  {way.place.name}\t{way.before} -> {way.after}")
    for stray in outcome.strays:
        click.echo(f"  代码待换 code to change\t{stray.code}\t{stray.name}")


def _pair(text: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (left and equals and right):
        raise click.UsageError(f"{text}: 应为 A=B。 Write A=B.")
    return left, right


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None
