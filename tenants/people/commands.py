"""``lifecircle people``: accounts, roles, one-use links and tokens, made on the server."""

from __future__ import annotations

import click

from core.db import installation
from core.errors import NotFound
from core.policy import Permission
from core.services import Services
from tenants.people import operations, signing, totp
from tenants.people.models import Role, TokenKind
from tenants.people.roles import ROLE_NAMES
from tenants.tree.operations import find_tenant

LOGIN = click.argument("login")
TENANT = click.option("--tenant", "slug", required=True, help="地区代码或地址名。 The place.")


@click.group("people")
def commands() -> None:
    """人员：账号、角色、登录链接、令牌。 People: accounts, roles, sign-in links, tokens."""


@commands.command("add")
@LOGIN
@TENANT
@click.option(
    "--role",
    required=True,
    type=click.Choice([each.value for each in Role]),
    help="角色。 The role.",
)
@click.option("--name", default="", help="姓名；账号已有时不需要。 Name, for a new account.")
@click.option("--days", type=click.IntRange(1), help="角色有效天数。 For how many days.")
@click.option("--part", help="只负责的区域代码。 Key of the one area that the role is for.")
@click.pass_obj
def add(  # noqa: PLR0913, PLR0917 - one argument an option
    services: Services,
    login: str,
    slug: str,
    role: str,
    name: str,
    days: int | None,
    part: str | None,
) -> None:
    """给某人一个角色，没有账号时先建立。 Give somebody a role; makes the account if needed."""
    with services.database.unbound() as session:
        tenant_id = find_tenant(session, slug).id
        try:
            user_id = operations.find_user(session, login).id
        except NotFound:
            user_id = operations.create_user(session, login=login, name=name or login).id
    with services.database.session(tenant_id) as session:
        operations.add_member(session, user_id, Role(role), days=days, scope_area=part)
    chinese, english = ROLE_NAMES[Role(role)]
    click.echo(f"{operations.normal_login(login)} 在 {slug} 现为{chinese}。 Now {english}.")
    click.echo("设密码 set a password: lifecircle people password " + login)
    click.echo("或一次性登录 or sign in once: lifecircle people link " + login)


@commands.command("password")
@LOGIN
@click.password_option(help="不写则询问，不回显。 Asked for when left out.")
@click.pass_obj
def password(services: Services, login: str, password: str) -> None:
    """设新密码；原有登录全部失效。 Set a password; all sign-ins of the person end."""
    with services.database.unbound() as session:
        operations.set_password(session, operations.find_user(session, login), password)
    click.echo("密码已更新，原有登录已失效。 The password was set and old sign-ins ended.")


@commands.command("link")
@LOGIN
@click.option("--minutes", default=15, show_default=True, help="有效分钟，10 至 30。 10 to 30.")
@click.option("--base", default="http://127.0.0.1:8000", show_default=True, help="网站地址。 Site.")
@click.pass_obj
def link(services: Services, login: str, minutes: int, base: str) -> None:
    """生成一次性登录链接。 Make a link that signs in once."""
    with services.database.unbound() as session:
        user = operations.find_user(session, login)
        token = signing.make_link(session, user, minutes=minutes)
    click.echo(base.rstrip("/") + signing.LINK_PATH.format(token=token))


@commands.command("unenrol")
@LOGIN
@TENANT
@click.pass_obj
def unenrol(services: Services, login: str, slug: str) -> None:
    """手机丢失：取消两步验证，再用登记码重新登记。 Take a lost phone away."""
    with services.database.unbound() as session:
        tenant_id = find_tenant(session, slug).id
        user_id = operations.find_user(session, login).id
    with services.database.session(tenant_id) as session:
        name = totp.reset(session, user_id)
    click.echo(
        f"已重置{name}的两步验证，登录都已结束。 The second factor was reset, sign-ins ended."
    )


@commands.command("enrol")
@LOGIN
@click.pass_obj
def enrol(services: Services, login: str) -> None:
    """生成登记码：本人输入密码后再输入它，就能登记手机。 Make a code for enrolling a phone."""
    with services.database.unbound() as session:
        user = operations.find_user(session, login)
        code = totp.allow(session, user)
        installation.record(session, action="totp.allow", subject=f"user:{user.id}")
    click.echo(code)


@commands.command("token")
@LOGIN
@TENANT
@click.option("--name", default="command line", show_default=True, help="用途。 What it is for.")
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    type=click.Choice([each.value for each in Permission]),
    help="权限，可多次。 A permission; may be repeated.",
)
@click.option("--days", default=90, show_default=True, help="有效天数，1 至 366。 1 to 366.")
@click.option(
    "--service", is_flag=True, help="属于本地区，与人的去留无关。 The place's own, not a person's."
)
@click.pass_obj
def token(  # noqa: PLR0913 - one argument an option
    services: Services,
    login: str,
    slug: str,
    name: str,
    scopes: tuple[str, ...],
    days: int,
    *,
    service: bool,
) -> None:
    """为程序生成令牌，只显示这一次。 Make a token for a program; it is shown once."""
    with services.database.unbound() as session:
        tenant_id = find_tenant(session, slug).id
        user_id = operations.find_user(session, login).id
    with services.database.session(tenant_id) as session:
        text = operations.make_token(
            session,
            user_id,
            name=name,
            scopes=[Permission(scope) for scope in scopes],
            days=days,
            kind=TokenKind.SERVICE if service else TokenKind.PERSONAL,
        )
    click.echo(text)
