"""``lifecircle db`` and ``lifecircle plugin``: what an operator does before anyone works."""

from __future__ import annotations

import click

from core.cli.console import Console


@click.group()
def db() -> None:
    """数据库：角色与迁移。The database: roles and migrations."""


@db.command("init")
@click.option("--superuser-url", default="", help="以此身份建立角色；省略则打印 SQL。")
def init_roles(superuser_url: str) -> None:
    """建立四个数据库角色，或打印所需 SQL。Make the four roles, or print the SQL for it."""
    from core.db import init

    if superuser_url:
        init.create_roles(superuser_url)
        click.echo("角色已就绪。Roles are ready.")
    else:
        click.echo(init.roles_sql())


@db.command("upgrade")
@click.pass_obj
def upgrade(console: Console) -> None:
    """把表升级到本版本。Bring the tables to this version."""
    from core.db import init

    init.upgrade(console.config.owner_url)
    click.echo(f"数据库版本 {init.current(console.config.owner_url)}。")


@click.group()
def plugin() -> None:
    """插件。Plugins."""


@plugin.command("list")
def plugins() -> None:
    """列出本机的插件、版本与状态。List the installed plugins, their versions and states."""
    from core.catalog.host import load
    from core.config import Config

    for record in load(Config.from_environment().plugins).records:
        hooks = " ".join(hook.removeprefix("lifecircle_") for hook in record.hooks)
        click.echo(f"{record.name:12} {record.version:10} {record.state:8} {hooks}{record.error}")
