"""``lifecircle people system``: who runs the installation, given and taken on the server only."""

from __future__ import annotations

import click

from core.errors import NotFound
from core.services import Services
from tenants.people.operations import create_user, find_user, normal_login
from tenants.people.roles import SYSTEM_ROLE_NAMES
from tenants.system import operations
from tenants.system.identities import bind
from tenants.system.models import SystemRole
from tenants.system.providers import providers_of

LOGIN = click.argument("login")


@click.group("system")
def commands() -> None:
    """系统角色：系统、安全、审计，一人一种。 System roles: one each, never two."""


@commands.command("add")
@LOGIN
@click.option(
    "--role",
    required=True,
    type=click.Choice([each.value for each in SystemRole]),
    help="角色。 The role.",
)
@click.option("--name", default="", help="姓名；账号已有时不需要。 Name, for a new account.")
@click.pass_obj
def add(services: Services, login: str, role: str, name: str) -> None:
    """给某人一个系统角色，没有账号时先建立。 Give a system role; makes the account if needed."""
    with services.database.unbound() as session:
        try:
            user_id = find_user(session, login).id
        except NotFound:
            user_id = create_user(session, login=login, name=name or login).id
    with services.database.unbound(user_id) as session:
        operations.refuse_working(session, find_user(session, login))
    with services.database.unbound() as session:
        operations.add_system_role(session, find_user(session, login), SystemRole(role))
    chinese, english = SYSTEM_ROLE_NAMES[SystemRole(role)]
    click.echo(f"{normal_login(login)} 现为{chinese}。 Now {english}.")


@commands.command("remove")
@LOGIN
@click.pass_obj
def remove(services: Services, login: str) -> None:
    """取消某人的系统角色。 Take somebody's system role away."""
    with services.database.unbound() as session:
        role = operations.remove_system_role(session, find_user(session, login))
    chinese, english = SYSTEM_ROLE_NAMES[role]
    click.echo(f"{normal_login(login)} 不再是{chinese}。 No longer {english}.")


@commands.command("list")
@click.pass_obj
def show(services: Services) -> None:
    """列出谁有什么系统角色。 List who holds which system role."""
    with services.database.unbound() as session:
        for user, held in operations.system_roles(session):
            chinese, english = SYSTEM_ROLE_NAMES[SystemRole(held.role)]
            click.echo(f"{user.login}\t{held.role}\t{chinese} {english}")


@click.command("identity")
@LOGIN
@click.option("--provider", "key", required=True, help="登录服务的键。 The provider's key.")
@click.option("--subject", required=True, help="对方的用户标识（sub）。 Who they are there.")
@click.pass_obj
def identity(services: Services, login: str, key: str, subject: str) -> None:
    """让某人可用外部登录服务登录。 Let somebody sign in by way of a provider."""
    provider = providers_of(services.config).find(key)
    with services.database.unbound() as session:
        bind(session, find_user(session, login), provider, subject)
    click.echo(f"{normal_login(login)} 可用 {provider.name} 登录。 May sign in by {key}.")
