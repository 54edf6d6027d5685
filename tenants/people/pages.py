"""The way in and out, and one's own account: password, one-use link, places, tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, flash, request, session, url_for
from flask_babel import gettext as _

from core.access import here, open_to_all, services, signed_in, who
from core.db import Tenant, installation
from core.errors import Forbidden, Invalid, LifecircleError, NotSignedIn
from core.policy import Actor, Permission
from core.web.frame import frame_outside
from core.web.language import in_english
from core.web.pages.blueprint import page, said, see
from core.web.pages.entrance import local
from tenants.people.models import ApiToken, Role, Step, TokenKind, User
from tenants.people.operations import places_of, set_password, tokens_of
from tenants.people.passwords import check
from tenants.people.policy import cookie_name
from tenants.people.roles import PERMISSION_NAMES, PERMISSIONS, ROLE_NAMES
from tenants.people.sessions import SignedIn, device_of, open_session, sessions_of, sign_out
from tenants.people.signing import LINK_PATH, knows_password, redeem_link, sign_in
from tenants.people.totp import codes_left

blueprint = Blueprint("people_pages", __name__, template_folder="../templates")


@blueprint.route("/sign-in", methods=["GET", "POST"], endpoint="sign_in")
@open_to_all
def enter() -> Response:
    """Ask for login and password; answer every refusal alike."""
    to = landing(request.values.get("next", ""))
    if request.method == "GET":
        return see(to) if who() is not None else page("people/sign_in.html", to=to)
    try:
        signed = sign_in(
            services().database,
            request.form.get("login", ""),
            request.form.get("password", ""),
            replaces=cookie(),
            device=device(),
        )
    except NotSignedIn as error:
        login = request.form.get("login", "")[:64]
        return page("people/sign_in.html", error.status, to=to, login=login, wrong=said(error))
    return admitted(signed, to)


@blueprint.route(LINK_PATH.format(token="<token>"), methods=["GET", "POST"])  # noqa: S106 - the name of a part of the address
@open_to_all
def sign_in_by_link(token: str) -> Response:
    """Show the button; pressing it uses the link up, opening the page does not."""
    if request.method == "GET":
        return page("people/link.html")
    try:
        with services().database.unbound() as opened:
            signed = redeem_link(opened, token, replaces=cookie(), device=device())
    except NotSignedIn as error:
        with services().database.unbound() as opened:
            installation.record(opened, action="sign_in.refuse", subject="link:unknown")
        return page("people/link.html", error.status, wrong=said(error))
    return admitted(signed, "/")


@blueprint.route("/sign-out", methods=["POST"])
@signed_in
def leave(actor: Actor) -> Response:
    """End the session on the server and forget its cookie."""
    if actor.session_id is not None:
        with services().database.unbound(actor.id) as opened:
            sign_out(opened, actor.session_id)
    session.clear()
    flash(_("已退出登录。"), "info")
    answer = see(url_for("people_pages.sign_in"))
    answer.delete_cookie(cookie_name(services().config), path="/", secure=_secure(), httponly=True)
    # Not "cookies": the language's stays, and the form's carries what this answer says next.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.route("/account")
@signed_in
def account(actor: Actor) -> Response:
    """Show who one is, where one works and which tokens one has."""
    return _account(actor)


@blueprint.route("/account/password", methods=["POST"])
@signed_in
def password(actor: Actor) -> Response:
    """Set one's own password; whoever has one gives it first. All other sign-ins end."""
    database = services().database
    new = request.form.get("new", "")
    try:
        if actor.session_id is None:
            raise Forbidden(
                "令牌不能改密码，没有改变。请登录后再改。",
                english="A token cannot set a password; nothing was changed. Sign in to do so.",
            )
        with database.unbound(actor.id) as opened:
            user = opened.get_one(User, actor.id)
            login, has_one = user.login, bool(user.password_hash)
        check(new, login=login)
        if has_one:
            ask_password(login, request.form.get("old", ""))
        with database.unbound(actor.id) as opened:
            user = opened.get_one(User, actor.id)
            set_password(opened, user, new)
            signed = open_session(opened, user, device=device())
    except LifecircleError as error:
        return _account(actor, error)
    answer = admitted(signed, url_for("people_pages.account"))
    flash(_("密码已更新，其他地方的登录都已失效。"), "met")
    return answer


def ask_password(login: str, old: str) -> None:
    """Ask for the password that somebody has as signing in does, so that guesses here count too.

    Raises
    ------
    Invalid
        It does not fit, or the account is paused.
    """
    if not knows_password(services().database, login, old):
        raise Invalid(
            "原密码不对，或者连续输错 5 次、账号已暂停 15 分钟。没有改变，请核对后再试。",
            english="The old password is wrong, or the account is paused for 15 minutes after 5 "
            "failures. Nothing was changed; check and try again.",
        )


def landing(address: str) -> str:
    """Give where to go after signing in: a path of this site, ``/`` for anything else."""
    return "/" if "\\" in address or not address.isprintable() else local(address)


def role_names(roles: frozenset[Role]) -> list[str]:
    """Name roles in the page's language, in the order of the roles' table."""
    return [ROLE_NAMES[role][in_english()] for role in ROLE_NAMES if role in roles]


def permission_name(permission: str) -> str:
    """Name a permission in the page's language; one that is gone keeps its key."""
    known = {str(each): names for each, names in PERMISSION_NAMES.items()}
    return known[permission][in_english()] if permission in known else permission


def token_shape(token: ApiToken) -> dict[str, Any]:
    """Give what a list says of a token; never its text, which is not kept."""
    ended = token.revoked_at is not None
    late = token.expires_at is not None and token.expires_at <= datetime.now(UTC)
    return {
        "id": token.id,
        "service": token.kind == TokenKind.SERVICE,
        "name": token.name,
        "scopes": [permission_name(scope) for scope in token.scopes],
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "works": not ended and not late,
        "why": _("已停用") if ended else _("已过期") if late else "",
    }


def name_of(tenant: Tenant) -> str:
    """Name a place in the page's language."""
    return tenant.english if in_english() and tenant.english else tenant.name


def admitted(signed: SignedIn, to: str) -> Response:
    """Send who signed in on, or to the second factor first, with the cookie for it."""
    if signed.awaits is None:
        return with_cookie(see(to), signed)
    asks = {Step.CODE: "people_pages.code", Step.ENROL: "people_pages.phone"}[signed.awaits]
    return with_cookie(see(url_for(asks, next=to)), signed)


def with_cookie(answer: Response, signed: SignedIn, *, fresh: bool = True) -> Response:
    """Hand the new session's cookie over; what forms knew before signing in ends with it."""
    if fresh:
        session.clear()
    answer.set_cookie(
        cookie_name(services().config),
        signed.token,
        path="/",
        secure=_secure(),
        httponly=True,
        samesite="Lax",
    )
    return answer


def cookie() -> str:
    """Give the token of the cookie that came with the request."""
    return request.cookies.get(cookie_name(services().config), "")


def device() -> str:
    """Name the browser that asks."""
    return device_of(request.user_agent.string)


def _account(actor: Actor, error: LifecircleError | None = None) -> Response:
    if actor.service:
        raise Forbidden(
            "服务令牌不是人，没有账号。",
            english="A service token is nobody and has no account.",
        )
    with services().database.unbound(actor.id) as opened:
        user = opened.get_one(User, actor.id)
        places: list[dict[str, Any]] = [
            {
                "slug": tenant.slug,
                "name": name_of(tenant),
                "roles": role_names(roles),
                "may": frozenset().union(*(PERMISSIONS[role] for role in roles)),
            }
            for tenant, roles in places_of(opened, actor.id)
            if actor.tenant_id in {None, tenant.id}
        ]
        values: dict[str, Any] = {
            "login": user.login,
            "has_password": bool(user.password_hash),
            "phone_since": user.totp_since,
            "codes": codes_left(opened, user.id),
            "sessions": len(sessions_of(opened, user.id)),
        }
    return page(
        "people/account.html",
        200 if error is None else error.status,
        shell=frame_outside(actor),
        person=actor.name,
        places=places,
        tokens=_own_tokens(actor, [place["slug"] for place in places]),
        Permission=Permission,
        wrong=None if error is None else said(error),
        **values,
    )


def _own_tokens(actor: Actor, slugs: list[str]) -> list[dict[str, Any]]:
    """List the tokens that somebody has, place by place; each place is its own unit of work."""
    listed = []
    for slug in slugs:
        place = here(slug, Permission.TENANT_READ, cut_to_part=True)  # of the person, not of a part
        with place.session() as opened:
            listed += [
                {"place": place.name, "slug": slug, **token_shape(token)}
                for token in tokens_of(opened)
                if token.user_id == actor.id and token.kind == TokenKind.PERSONAL
            ]
    return listed


def _secure() -> bool:
    return not services().config.insecure_http
