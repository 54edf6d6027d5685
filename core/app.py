"""create_app: the only place where Flask is assembled, a flat list of steps."""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from flask import Blueprint, Flask, Response, abort, g, request
from flask_babel import Babel
from flask_wtf.csrf import CSRFError, CSRFProtect
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from core import api, web
from core.access import UNSAFE, who
from core.api import problems
from core.api.strict_json import is_clean
from core.config import Config
from core.errors import Conflict, Forbidden, Invalid, LifecircleError, Misconfigured, Unavailable
from core.policy import Policy
from core.services import Services, open_services
from core.web import assets

LOG = structlog.get_logger("lifecircle.app")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
MIN_SECRET = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a room hands to the app: its policy, pages, API, commands, and verbs for the demo.

    ``verbs`` are operations that the core's demo calls by name: ``create_tenant``, ``submit``,
    ``demo_link``.
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
        A secret key shorter than 32 characters, or no database or queue address.
    """
    policies = [room.policy for room in rooms if room.policy is not None]
    opened = services or open_services(config, policies[0] if policies else None)
    app = Flask("core.web")
    _configure(app, config)
    app.extensions["lifecircle"] = opened
    Babel(
        app,
        locale_selector=web.locale,
        default_locale="zh",
        default_translation_directories=web.TRANSLATIONS,
    )
    csrf = CSRFProtect(app)
    app.before_request(lambda: _check_request(csrf))
    app.after_request(lambda response: _secure(response, config))
    web.register(app, [page for room in rooms for page in room.pages])
    api.register(app, [part for room in rooms for part in room.api])
    _register_errors(app)
    return app


def _configure(app: Flask, config: Config) -> None:
    if not config.insecure_http and len(config.secret_key) < MIN_SECRET:
        raise Misconfigured(
            "LIFECIRCLE_SECRET_KEY 未设置或不足 32 个字符。请设为随机长串。",
            english="LIFECIRCLE_SECRET_KEY is missing or shorter than 32 characters. "
            "Set it to a long random text.",
        )
    secure = not config.insecure_http
    app.config.update(
        SECRET_KEY=config.secret_key or secrets.token_urlsafe(32),
        MAX_CONTENT_LENGTH=config.upload_bytes,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
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


def _check_request(csrf: CSRFProtect) -> None:
    """Refuse control characters in addresses; ask the anti-forgery token of browsers."""
    words = [request.path, *request.args.keys(), *request.args.values()]
    if not all(is_clean(word) for word in words):
        abort(404)
    if request.method in UNSAFE and "Authorization" not in request.headers:
        if _is_api() and who() is None:
            return  # nobody is known: the view answers 401 before it looks at anything
        csrf.protect()


def _secure(response: Response, config: Config) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if not config.insecure_http:
        response.headers.setdefault(
            "Strict-Transport-Security", "max-age=31536000; includeSubDomains"
        )
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    elif response.status_code < 400 and _names_these_bytes():  # noqa: PLR2004 - not an error
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _names_these_bytes() -> bool:
    return assets.is_current((request.view_args or {})["filename"], request.args.get("v", ""))


def _is_api() -> bool:
    return request.path.startswith(api.PREFIX)


def _ours(error: LifecircleError) -> Response:
    if error.status >= 500:  # noqa: PLR2004 - the class of the operator's errors
        LOG.error("refused", code=error.code, message=error.message)
    return problems.from_error(error) if _is_api() else web.error_page(error)


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
    return problems.from_http(error) if _is_api() else web.http_error_page(error)


def _refused_value(error: DataError) -> Response:
    LOG.error("database refused a value", error=type(error.orig).__name__)
    return _ours(Invalid("有一个值数据库不接受。请检查输入。", english="A value was refused."))


def _database_down(error: OperationalError) -> Response:
    LOG.error("database does not answer", error=type(error.orig).__name__)
    response = _ours(
        Unavailable(
            "数据库暂时没有应答，您的数据没有改变。请稍后重试。",
            english="The database does not answer; nothing changed. Try again shortly.",
        )
    )
    response.headers["Retry-After"] = "5"
    return response


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
    # The traceback as plain text: structlog's own, where rich is installed, prints every local
    # variable, passwords and tokens among them.
    told = "".join(traceback.format_exception(error))
    LOG.error("unforeseen", actor=str(g.get("lifecircle_actor")), exception=told)
    return problems.from_fault() if _is_api() else web.fault_page()


def _register_errors(app: Flask) -> None:
    """Answer problems to programs and pages to people, for the same errors."""
    app.register_error_handler(LifecircleError, _ours)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DataError, _refused_value)
    app.register_error_handler(OperationalError, _database_down)
    app.register_error_handler(IntegrityError, _raced)
    app.register_error_handler(Exception, _unforeseen)
