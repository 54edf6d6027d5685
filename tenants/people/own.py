"""One's own sign-ins and one's own phone: looked at, ended, exchanged."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from core.access import services, signed_in
from core.errors import Conflict, Forbidden, Invalid, LifecircleError
from core.policy import Actor
from core.web.frame import frame_outside
from core.web.pages.blueprint import page, said, see
from tenants.people import totp
from tenants.people.models import User
from tenants.people.pages import ask_password, blueprint
from tenants.people.sessions import (
    ABSOLUTE,
    IDLE,
    MOST,
    end_others,
    end_session,
    sessions_of,
)
from tenants.people.signing import knows_code, prove
from tenants.people.ways_in import session_shape

__all__ = ["blueprint"]  # of pages, with the views of this module on it


@blueprint.route("/account/sessions")
@signed_in
def sessions(actor: Actor) -> Response:
    """List where one is signed in."""
    session_of(actor)
    return _sessions(actor)


def _sessions(actor: Actor, error: LifecircleError | None = None) -> Response:
    with services().database.unbound(actor.id) as opened:
        user = opened.get_one(User, actor.id)
        asks = "password" if user.password_hash else "code" if user.totp_since else ""
        listed = [
            {**session_shape(row), "this": row.id == actor.session_id}
            for row in sessions_of(opened, actor.id)
        ]
    return page(
        "people/sessions.html",
        200 if error is None else error.status,
        shell=frame_outside(actor),
        sessions=listed,
        asks=asks,
        wrong=None if error is None else said(error),
        most=MOST,
        idle=int(IDLE.total_seconds() // 60),
        hours=int(ABSOLUTE.total_seconds() // 3600),
    )


@blueprint.route("/account/sessions/<uuid:session_id>/end", methods=["POST"])
@signed_in
def end_one(actor: Actor, session_id: UUID) -> Response:
    """End one sign-in; the one at hand ends by signing out."""
    if session_id == session_of(actor):
        raise Conflict(
            "这是正在用的登录，没有结束。请用“退出登录”。",
            english="This is the sign-in in use; it was not ended. Sign out instead.",
        )
    try:
        _prove(actor)
    except LifecircleError as error:
        return _sessions(actor, error)
    with services().database.unbound(actor.id) as opened:
        end_session(opened, actor.id, session_id)
    flash(_("已结束这个登录。"), "info")
    return see(url_for("people_pages.sessions"))


@blueprint.route("/account/sessions/end-others", methods=["POST"])
@signed_in
def end_all_others(actor: Actor) -> Response:
    """End every sign-in but the one at hand."""
    try:
        _prove(actor)
    except LifecircleError as error:
        return _sessions(actor, error)
    with services().database.unbound(actor.id) as opened:
        ended = end_others(opened, actor.id, session_of(actor))
    flash(_("已结束其他 %(n)s 个登录。", n=ended), "info")
    return see(url_for("people_pages.sessions"))


@blueprint.route("/account/phone", methods=["GET", "POST"])
@signed_in
def own_phone(actor: Actor) -> Response:
    """Enrol a phone where there is none; whoever has a password gives it first."""
    session_of(actor)
    if request.method == "GET":
        return _phone(actor)
    opened = services()
    try:
        with opened.database.unbound(actor.id) as session:
            user = session.get_one(User, actor.id)
            login, has_password = user.login, bool(user.password_hash)
        if has_password:
            ask_password(login, request.form.get("old", ""))
        with opened.database.unbound(actor.id) as session:
            user = session.get_one(User, actor.id)
            typed = request.form.get("code", "")
            codes = totp.confirm(session, user, typed, opened.config.secret_key)
    except LifecircleError as error:
        return _phone(actor, error)
    return _phone(actor, codes=codes)


@blueprint.route("/account/phone/exchange", methods=["POST"])
@signed_in
def exchange_phone(actor: Actor) -> Response:
    """Forget the phone, for another to be enrolled; asks for a code of the old one."""
    try:
        _ask_code(actor)
    except LifecircleError as error:
        return _phone(actor, error)
    with services().database.unbound(actor.id) as session:
        totp.exchange(session, session.get_one(User, actor.id))
    flash(_("原手机已停用。请登记新手机。"), "info")
    return see(url_for("people_pages.own_phone"))


@blueprint.route("/account/phone/codes", methods=["POST"])
@signed_in
def new_codes(actor: Actor) -> Response:
    """Give new recovery codes; asks for a code of the phone."""
    try:
        _ask_code(actor)
    except LifecircleError as error:
        return _phone(actor, error)
    with services().database.unbound(actor.id) as session:
        codes = totp.renew_codes(session, session.get_one(User, actor.id))
    return _phone(actor, codes=codes)


def _prove(actor: Actor) -> None:
    """Ask for the password again, or for a code where there is none."""
    opened = services()
    prove(
        opened.database,
        actor.id,
        session_of(actor),
        typed=request.form.get("old") or request.form.get("code", ""),
        secret_key=opened.config.secret_key,
    )


def _ask_code(actor: Actor) -> None:
    session_of(actor)
    opened = services()
    with opened.database.unbound(actor.id) as session:
        user = session.get_one(User, actor.id)
        session.expunge(user)
    typed = request.form.get("code", "")
    if not knows_code(opened.database, user, typed, secret_key=opened.config.secret_key):
        raise Invalid(
            "验证码不对、已用过，或者连续输错 5 次、账号已暂停 15 分钟。没有改变，请核对后再试。",
            english="The code does not fit or was used, or the account is paused for 15 minutes "
            "after 5 failures. Nothing was changed; check and try again.",
        )


def _phone(
    actor: Actor, error: LifecircleError | None = None, codes: list[str] | None = None
) -> Response:
    opened = services()
    secret, side, dark = "", 0, ""
    with opened.database.unbound(actor.id) as session:
        user = session.get_one(User, actor.id)
        since, left, has_password = (
            user.totp_since,
            totp.codes_left(session, user.id),
            bool(user.password_hash),
        )
        if since is None:
            secret = totp.begin(session, user, opened.config.secret_key)
            side, dark = totp.picture(totp.address(secret, user.login))
    return page(
        "people/own_phone.html",
        200 if error is None else error.status,
        shell=frame_outside(actor),
        since=since,
        left=left,
        has_password=has_password,
        secret=totp.spelled(secret),
        side=side,
        dark=dark,
        codes=codes or [],
        wrong=None if error is None else said(error),
    )


def session_of(actor: Actor) -> UUID:
    """Give the session of somebody who is signed in; a token is not."""
    if actor.session_id is None:
        raise Forbidden(
            "令牌不能查看或改变登录，没有改变。请登录后再做。",
            english="A token neither sees nor changes sign-ins; nothing was changed. Sign in to do "
            "so.",
        )
    return actor.session_id
