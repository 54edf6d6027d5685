"""create_app: the only place where Flask is assembled, a flat list of steps."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from flask import Blueprint, Flask, Response
from flask_babel import Babel
from flask_wtf.csrf import CSRFError, CSRFProtect
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException, SecurityError

from core import api, logs, refusals, web
from core.api import problems
from core.config import Config
from core.db.session import WEB_OPTIONS
from core.door import CSP, HEADERS, Door, is_api, retry_after
from core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LifecircleError,
    Misconfigured,
    Unavailable,
)
from core.policy import Policy
from core.services import Services, open_services

__all__ = ["CSP", "HEADERS", "Room", "create_app"]

LOG = structlog.get_logger("lifecircle.app")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a room hands to the app: its policy, pages, API, commands, and verbs for the core.

    ``verbs`` are operations that the core's commands call by name: ``create_tenant``, ``submit``,
    ``demo_link``; ``sweep``, once an hour; ``stub_people``, for a tenant that comes from elsewhere.
    """

    name: str
    policy: Callable[[Services], Policy] | None = None
    pages: Sequence[Blueprint] = ()
    api: Sequence[api.ApiBlueprint] = ()
    commands: Sequence[object] = ()
    verbs: Mapping[str, Callable[..., object]] = field(default_factory=dict)


def create_app(config: Config, rooms: Sequence[Room], services: Services | None = None) -> Flask:
    """Assemble the app. Its routes refuse everything unless a room hands in a policy.

    Raises
    ------
    Misconfigured
        A secret key that is short or easily guessed, no database or queue address, or one that
        ``open_services`` refuses.
    """
    policies = [room.policy for room in rooms if room.policy is not None]
    opened = services or open_services(
        config, policies[0] if policies else None, options=WEB_OPTIONS
    )
    app = Flask("core.web")
    _configure(app, config)
    app.extensions["lifecircle"] = opened
    Babel(
        app,
        locale_selector=web.locale,
        default_locale="zh",
        default_translation_directories=web.TRANSLATIONS,
    )
    Door(config=config, csrf=CSRFProtect(app)).open(app)
    web.register(app, [page for room in rooms for page in room.pages])
    api.register(app, [part for room in rooms for part in room.api])
    _register_errors(app)
    return app


def _configure(app: Flask, config: Config) -> None:
    if not config.insecure_http:
        refusals.check_secret(config.secret_key)
    secure = not config.insecure_http
    app.config.update(
        SECRET_KEY=config.secret_key or secrets.token_urlsafe(32),
        SESSION_COOKIE_NAME="__Host-lc-form" if secure else "lc-form",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=secure,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}


def _ours(error: LifecircleError) -> Response:
    if error.status >= 500:  # noqa: PLR2004 - the class of the operator's errors
        said = error.english if isinstance(error, (Misconfigured, Unavailable)) else ""
        LOG.error("refused", code=error.code, said=said, exception=logs.told(error))
    answer = problems.from_error(error) if is_api() else web.error_page(error)
    return retry_after(answer, error)


def _forged(error: CSRFError) -> Response:
    del error
    return _ours(
        Forbidden(
            "页面已过期或请求来源不明。请刷新页面后重试。",
            english="The page is out of date or the request's origin unknown. Reload it.",
        )
    )


def _http(error: HTTPException) -> Response | HTTPException:
    if error.code and error.code < 400:  # noqa: PLR2004 - a redirect is no error
        return error
    if is_api() or isinstance(error, SecurityError):  # under a strange name no page can be made
        return problems.from_http(error)
    return web.http_error_page(error)


def _refused_value(error: DataError) -> Response:
    LOG.error("database refused a value", error=type(error.orig).__name__)
    return _ours(Invalid("有一个值数据库不接受。请检查输入。", english="A value was refused."))


def _database_down(error: DBAPIError | NoConnection) -> Response:
    """Say that the database is away; another fault of its is one of ours."""
    away = isinstance(error, (OperationalError, NoConnection))
    if not away and not getattr(error, "connection_invalidated", False):
        return _unforeseen(error)
    LOG.error("database does not answer", error=type(getattr(error, "orig", error)).__name__)
    return _ours(
        Unavailable(
            "数据库暂时没有应答，您的数据没有改变。请稍后重试。",
            english="The database does not answer; nothing changed. Try again shortly.",
        )
    )


def _raced(error: IntegrityError) -> Response:
    """Tell the later of two who did the same at one time; anything else is a fault of ours."""
    if not isinstance(error.orig, UniqueViolation):
        return _unforeseen(error)
    return _ours(
        Conflict(
            "同样的内容刚刚已被写入，这一次没有再写。请刷新后查看。",
            english="The same was written a moment ago; this time nothing was. Reload and look.",
        )
    )


def _unforeseen(error: Exception) -> Response:
    LOG.error("unforeseen", exception=logs.told(error))
    return problems.from_fault() if is_api() else web.fault_page()


def _register_errors(app: Flask) -> None:
    """Answer problems to programs and pages to people, for the same errors."""
    app.register_error_handler(LifecircleError, _ours)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DataError, _refused_value)
    app.register_error_handler(DBAPIError, _database_down)
    app.register_error_handler(NoConnection, _database_down)
    app.register_error_handler(IntegrityError, _raced)
    app.register_error_handler(Exception, _unforeseen)
