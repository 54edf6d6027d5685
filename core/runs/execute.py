"""A run from its plan to its rows: load, snap, reach, coverage, judge, gaps, record."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from core.catalog.host import Host
from core.catalog.view import Catalogue, catalogue_for
from core.contract import API
from core.db.held import Fenced, Held
from core.db.session import Database
from core.errors import Conflict, LifecircleError, NotFound, PluginFault
from core.kernel import VERSION
from core.runs.budget import check, need
from core.runs.document import document, minutes_table
from core.runs.explain import explain
from core.runs.hours import REFERENCE_MONDAY
from core.runs.judge import judge
from core.runs.lanes import Ticks
from core.runs.measure import count, measure, ready
from core.runs.params import Params
from core.runs.record import Artefacts, begin, complete, fail
from core.runs.terms import CELL_METRES, FORMAT
from core.runs.town import load, settle
from core.store import Blobs, Derived, canonical, digest_of


class Progress(Protocol):
    """Where a run is, for the page; either call may raise ``Fenced`` to stop the work."""

    def stage(self, key: str) -> None:
        """Say that a stage begins; the one before it is over."""

    def tick(self, done: int, total: int) -> None:
        """Say how far the stage is; may be called as often as wished."""


class Silent:
    """Progress that nobody watches: recomputations and tests."""

    def stage(self, key: str) -> None:
        """Say nothing."""

    def tick(self, done: int, total: int) -> None:
        """Say nothing."""


@dataclass(slots=True)
class Clock:
    """Seconds by stage, beside the progress that people watch."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, key: str) -> Iterator[Ticks]:
        """Time a stage and give what to tick with."""
        self.progress.stage(key)
        started = time.perf_counter()
        yield self.progress.tick
        self.seconds[key] = round(time.perf_counter() - started, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """The answer of a plan: the document and the table of minutes, as bytes too."""

    document: Mapping[str, Any]
    result: bytes
    minutes: bytes


def run(  # noqa: PLR0913, PLR0917 - what a worker hands to every job
    database: Database,
    blobs: Blobs,
    host: Host,
    tenant_id: UUID,
    job_id: UUID,
    attempt: int,
    progress: Progress | None = None,
    memory_bytes: int | None = None,
) -> None:
    """Compute the run that a claimed job is about, and record it.

    A fault that would come again (wrong data, a plugin's error, another version installed)
    fails the run at once with its sentence. Anything unforeseen is raised: the caller tries
    again.

    Parameters
    ----------
    memory_bytes
        What the run may take; a larger one fails before it starts. None: whatever it takes.

    Raises
    ------
    Fenced
        The job was cancelled or taken over; nothing was written.
    """
    held = Held(tenant_id=tenant_id, job_id=job_id, attempt=attempt)
    clock = Clock(progress or Silent())
    with database.session(tenant_id) as session:
        begun = begin(session, held)
        run_id, plan = begun.id, begun.plan
    try:
        computed = compute(blobs, host, plan, clock, Derived(blobs), memory_bytes)
        _keep(database, blobs, held, run_id, computed, clock)
    except Fenced:
        raise
    except LifecircleError as error:
        with database.session(tenant_id) as session:
            kind = "fault" if isinstance(error, PluginFault) else "invalid"
            fail(session, held, kind, error.message, error.english)


def compute(
    blobs: Blobs,
    host: Host,
    plan: Mapping[str, Any],
    clock: Clock,
    derived: Derived | None = None,
    memory_bytes: int | None = None,
) -> Computed:
    """Answer a plan from its pins alone: the same plan gives the same bytes.

    ``derived`` keeps prepared streets for other runs; without it everything is computed.
    ``memory_bytes`` is what it may take.

    Raises
    ------
    Conflict
        A pinned version of the kernel, the contract, a plugin or a ruleset is not installed.
    PluginFault
        The ruleset failed.
    NotFound, Damaged
        A pinned snapshot is missing or its bytes are wrong.
    Invalid
        It would take more memory than it may.
    """
    params = Params.load(plan["params"])
    key = plan["ruleset"]["key"]
    with clock.stage("load"):
        catalogue = pinned_catalogue(host, plan)
        demands = catalogue.demands(key)
        loaded = load(blobs, plan["inputs"])
        if memory_bytes is not None:
            check(need(loaded, demands, params), memory_bytes)
    with clock.stage("snap"):
        town = settle(loaded, params)
    with clock.stage("prepare"):
        prepared = ready(town, demands, params, derived)
    with clock.stage("reach") as tick:
        walks, keys = measure(town, demands, catalogue.formats, params, tick, prepared)
    with clock.stage("coverage"):
        measured = count(town, walks, demands, keys, catalogue.formats, params)
    with clock.stage("judge") as tick:
        judged = judge(town, measured, catalogue, key, tick)
    with clock.stage("gaps") as tick:
        shortfalls = explain(town, measured, demands, catalogue.formats, tick)
    with clock.stage("write"):
        answer = document(digest_of(plan), town, measured, judged, shortfalls)
        return Computed(
            document=answer, result=canonical(answer), minutes=minutes_table(town, measured.walks)
        )


def pinned_catalogue(host: Host, plan: Mapping[str, Any]) -> Catalogue:
    """Build the catalogue as it was pinned.

    Raises
    ------
    Conflict
        Something pinned is installed in another version or not at all, and its name.
    """
    catalogue = catalogue_for(host, {one["key"]: one["settings"] for one in plan["plugins"]})
    try:
        ruleset = catalogue.ruleset(plan["ruleset"]["key"])
    except NotFound as error:
        raise _changed(f"规则 {plan['ruleset']['key']}", "ruleset") from error
    pins = {
        "kernel": (plan["kernel"], VERSION),
        "document": (plan["format"], FORMAT),
        "contract": (plan["api"], list(API)),
        "ruleset": (plan["ruleset"]["version"], ruleset.version),
        "ruleset's text": (plan["ruleset"]["digest"], ruleset.digest),
        "business formats": (plan["formats"], catalogue.formats_digest),
        "ordinary week": (plan["ordinary_week"], REFERENCE_MONDAY),
        "gap grid": (plan["gap_cell_metres"], CELL_METRES),
    }
    for one in plan["plugins"]:
        installed = catalogue.plugins.get(one["key"])
        pins[f"plugin {one['key']}"] = (one["version"], installed and installed.version)
    for name, (pinned, installed_now) in pins.items():
        if pinned != installed_now:
            raise _changed(f"{name}: {pinned} → {installed_now}", name)
    return catalogue


def _changed(what: str, name: str) -> Conflict:
    return Conflict(
        f"本次运行所依据的版本已改变（{what}），没有计算。请重新发起运行。",
        english=f"What the run depends on has changed ({what}); nothing was computed. "
        "Ask for a new run.",
        details=[{"changed": name}],
    )


def _keep(
    database: Database,
    blobs: Blobs,
    held: Held,
    run_id: UUID,
    computed: Computed,
    clock: Clock,
) -> None:
    """Artefacts first, then the rows that name them, in one fenced transaction."""
    clock.progress.stage("record")
    started = time.perf_counter()
    result_digest = blobs.put(computed.result)
    minutes_digest = blobs.put(computed.minutes)
    clock.seconds["record"] = round(time.perf_counter() - started, 3)
    with database.session(held.tenant_id) as session:
        complete(
            session,
            held,
            run_id,
            Artefacts(
                document=computed.document,
                result_digest=result_digest,
                minutes_digest=minutes_digest,
                stage_seconds=clock.seconds,
            ),
        )
