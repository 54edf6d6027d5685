"""What a monitor asks: whether this process can work, and figures without anybody's name."""

from __future__ import annotations

import contextlib
import functools
import hmac
import os
import shutil
from collections.abc import Callable, Mapping

import structlog
from flask import Response, jsonify, request
from redis.exceptions import RedisError
from sqlalchemy import Text, column, func, select, table
from sqlalchemy.exc import SQLAlchemyError

from core import metrics
from core.access import open_to_all, services
from core.db import JobState, init
from core.errors import NotFound
from core.jobs.dispatch import JOBS
from core.jobs.queues import ping
from core.refusals import is_loopback
from core.services import Services
from core.web.pages.blueprint import blueprint

log = structlog.get_logger("lifecircle.monitor")

LEAST_BYTES = 64 * 1024 * 1024  # with less left on the disk the next upload may not fit
PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")
MIGRATED = table("alembic_version", column("version_num", Text()))
Gauges = Mapping[str, tuple[str, Mapping[str, float]]]


@blueprint.route("/readyz")
@open_to_all
def ready() -> Response:
    """Say whether requests can be served: 200, or 503 with the parts that are missing."""
    opened = services()
    found: dict[str, str] = {}
    for name, check in PARTS.items():
        try:
            found[name] = "ok" if check(opened) else "missing"
        except (SQLAlchemyError, RedisError, OSError) as error:
            log.warning("not ready", part=name, error=type(error).__name__)
            found[name] = "missing"
    well = set(found.values()) == {"ok"}
    answer = jsonify(status="ready" if well else "not ready", parts=found)
    if not well:
        answer.status_code = 503
        answer.headers["Retry-After"] = "5"
    return answer


@blueprint.route("/metrics")
@open_to_all
def figures() -> Response:
    """Give the installation's figures to this machine, or to who has the token."""
    opened = services()
    if not _may_watch(opened.config.metrics_token):
        raise NotFound("没有这个页面。", english="There is no such page.")
    metrics.COUNTED.hand_on(opened.redis_url, at_once=True)
    told = metrics.text(metrics.summed(opened.redis_url), _present(opened))
    return Response(told, content_type=metrics.MEDIA)


def _may_watch(token: str) -> bool:
    """Ask for the token where there is one; else believe only who asks from here, by no proxy."""
    if token:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(sent.encode(), token.encode())
    passed = any(name in request.headers for name in PASSED_ON)
    return is_loopback(request.remote_addr or "") and not passed


def _database(opened: Services) -> bool:
    with opened.database.unbound() as session:
        return session.scalar(select(1)) == 1


def _migrations(opened: Services) -> bool:
    """Tell whether the tables are this release's or a later one's, on which this one works on."""
    with opened.database.unbound() as session:
        here = session.scalar(select(MIGRATED.c.version_num))
    head, earlier = _known()
    return here is not None and (here == head or here not in earlier)


def _queue(opened: Services) -> bool:
    return ping(opened.redis_url)


def _disk(opened: Services) -> bool:
    folder = opened.config.blobs
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= LEAST_BYTES


@functools.cache
def _known() -> tuple[str, frozenset[str]]:
    return init.head(), init.revisions()


PARTS: Mapping[str, Callable[[Services], bool]] = {
    "database": _database,
    "migrations": _migrations,
    "queue": _queue,
    "disk": _disk,
}


def _present(opened: Services) -> Gauges:
    """Give what is so now: jobs by kind and state, of all tenants together, and the disk."""
    waiting: dict[str, float] = {}
    if opened.config.dispatch_url:
        with contextlib.suppress(SQLAlchemyError), opened.database.dispatcher() as session:
            rows = session.execute(
                select(JOBS.c.kind, JOBS.c.state, func.count())
                .where(JOBS.c.state.in_((JobState.QUEUED, JobState.RUNNING)))
                .group_by(JOBS.c.kind, JOBS.c.state)
            )
            waiting = {f'kind="{kind}",state="{state}"': count for kind, state, count in rows}
    free: dict[str, float] = {}
    with contextlib.suppress(OSError):
        free[""] = shutil.disk_usage(opened.config.blobs).free
    return {
        "lifecircle_jobs": ("Jobs that wait or are at work, by kind and state.", waiting),
        "lifecircle_disk_free_bytes": ("Bytes left where the files lie.", free),
    }
