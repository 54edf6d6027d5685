"""The door: what every request passes before a view runs, and what its answer takes along."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from dataclasses import dataclass, field

import structlog
from flask import Flask, Response, abort, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from core import logs, metrics
from core.access import LIMITS, UNSAFE, who
from core.api import PREFIX
from core.api.strict_json import MAX_BYTES, is_clean
from core.config import Config
from core.db import patience
from core.downloads import sandbox
from core.errors import LifecircleError, TooMany
from core.limits import ADDRESS, PERSON, SIGN_IN, Limits, read
from core.web import assets

log = structlog.get_logger("lifecircle.web")

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
DATABASE_SECONDS = 4.5  # how long one request may wait for the database in all
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
MAX_PARTS = 500  # of a form
UNCOUNTED = frozenset({"static", "pages.health"})
QUIET = UNCOUNTED | {"pages.ready", "pages.figures"}  # a monitor asks them all day
LOCAL = ("127.0.0.1", "localhost", "[::1]")  # a probe on this machine names these


@dataclass(kw_only=True)
class Door:
    """The checks of one app, in their order."""

    config: Config
    csrf: CSRFProtect
    limits: Limits = field(init=False)
    salt: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.limits = Limits(self.config.redis_url, read(self.config.limits))
        self.salt = hashlib.sha256(self.config.secret_key.encode()).digest()[:16]

    def open(self, app: Flask) -> None:
        """Put the door before an app's views."""
        app.extensions[LIMITS] = self.limits
        app.config.update(
            MAX_CONTENT_LENGTH=min(MAX_BYTES, self.config.upload_bytes),
            MAX_FORM_MEMORY_SIZE=MAX_BYTES,
            MAX_FORM_PARTS=MAX_PARTS,
        )
        if self.config.trusted_hosts:
            app.config["TRUSTED_HOSTS"] = [*self.config.trusted_hosts, *LOCAL]
        elif not self.config.insecure_http:
            log.warning("any host's name is answered to: set LIFECIRCLE_TRUSTED_HOSTS")
        if self.config.proxies:
            hops = self.config.proxies
            app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Flask's manual says
                app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=0
            )
        app.before_request(self.begin)
        app.before_request(lambda: self.check(app))
        app.after_request(self.answer)
        # What the thread does next is no longer this request's.
        app.teardown_request(lambda _: patience.allow(None))

    def begin(self) -> None:
        """Give the request its id, its time and its patience with the database."""
        g.lifecircle_began = time.perf_counter()
        g.lifecircle_request = logs.request_id(request.headers.get("X-Request-ID"))
        logs.begin(request=g.lifecircle_request)
        patience.allow(DATABASE_SECONDS)

    def check(self, app: Flask) -> None:
        """Refuse what is too often, too large, of a wrong type, unclean or forged."""
        if request.endpoint not in UNCOUNTED:
            self.limits.count(ADDRESS, self.address())
        words = [request.path, *request.args.keys(), *request.args.values()]
        if not all(is_clean(word) for word in words):
            abort(404)
        view = app.view_functions.get(request.endpoint or "")
        if getattr(view, "takes_files", False):
            request.max_content_length = self.config.upload_bytes
        if request.method in UNSAFE:
            self._check_media()
            self._check_person()
        elif PERSON in self.limits.most and request.endpoint not in UNCOUNTED:
            self._count_person()

    def _check_media(self) -> None:
        """Pages take forms and nothing else; each operation of the API says what it takes."""
        if is_api() or request.mimetype in FORMS:
            return
        if request.content_length or "Transfer-Encoding" in request.headers:
            abort(415)

    def _check_person(self) -> None:
        """Count who is known, and guesses at who one is; ask browsers for the page's token."""
        person = self._count_person()
        if person is None and not is_api() and request.endpoint != "pages.language":
            self.limits.count(SIGN_IN, self.address())
        if "Authorization" not in request.headers:
            if is_api() and person is None:
                return  # nobody is known: the view answers 401 before it looks at anything
            self.csrf.protect()

    def _count_person(self) -> str | None:
        known = who()
        if known is None:
            return None
        self.limits.count(PERSON, str(known.id))
        return str(known.id)

    def address(self) -> str:
        """Name who asks by their address, a household's of IPv6 as one; nobody can read it back."""
        told = request.remote_addr or ""
        try:
            number = ipaddress.ip_address(told)
        except ValueError:
            return "unknown"
        if number.version == 6:  # noqa: PLR2004 - the protocol's own number
            told = str(ipaddress.ip_network((number, 64), strict=False))
        return hashlib.blake2b(told.encode(), key=self.salt, digest_size=12).hexdigest()

    def answer(self, response: Response) -> Response:
        """Put the house's headers on an answer, count it, and write its line."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        sandbox(response)
        if not self.config.insecure_http:
            response.headers.setdefault(
                "Strict-Transport-Security", "max-age=31536000; includeSubDomains"
            )
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        elif response.status_code < 400 and _names_these_bytes():  # noqa: PLR2004 - not an error
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        if "lifecircle_request" in g:
            response.headers["X-Request-ID"] = g.lifecircle_request
            self._tell(response)
        return response

    def _tell(self, response: Response) -> None:
        """Write the request's line and figures: its route, never its address, words or person."""
        if request.endpoint in QUIET:
            return
        seconds = time.perf_counter() - g.lifecircle_began
        route = request.url_rule.rule if request.url_rule is not None else "unknown"
        kind = f"{response.status_code // 100}xx"
        metrics.COUNTED.count(
            "lifecircle_requests_total", route=route, method=request.method, status=kind
        )
        metrics.COUNTED.seconds("lifecircle_request_seconds", seconds, route=route)
        metrics.COUNTED.hand_on(self.config.redis_url)
        log.info(
            "request",
            route=route,
            method=request.method,
            status=response.status_code,
            ms=round(1000 * seconds, 1),
            **_ids(),
        )


def _ids() -> dict[str, str]:
    """Name the place, the person and the objects of a request by their ids."""
    found = {}
    if "lifecircle_here" in g:
        found["tenant"] = str(g.lifecircle_here.tenant_id)
    if g.get("lifecircle_actor") is not None:
        found["actor"] = str(g.lifecircle_actor.id)
    for name in ("run_id", "job_id"):
        if name in (request.view_args or {}):
            found[name.removesuffix("_id")] = str((request.view_args or {})[name])
    return found


def retry_after(response: Response, error: LifecircleError) -> Response:
    """Say when it is worth asking again."""
    if isinstance(error, TooMany):
        metrics.COUNTED.count("lifecircle_limited_total")
        response.headers["Retry-After"] = str(error.seconds)
    elif error.status == 503:  # noqa: PLR2004 - the status that says: later
        response.headers.setdefault("Retry-After", "5")
    return response


def is_api() -> bool:
    """Tell whether a program asks, which is answered in problems, or a person, in pages."""
    return request.path.startswith(PREFIX)


def _names_these_bytes() -> bool:
    return assets.is_current((request.view_args or {})["filename"], request.args.get("v", ""))
