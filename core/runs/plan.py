"""RunPlan: everything an answer depends on, pinned by digest; the same question is asked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.catalog.view import Catalogue
from core.contract import API, TableKind
from core.db import Dataset, DatasetVersion, Job, JobKind, JobState, Run, RunInput, VersionState
from core.db.audit import record
from core.db.session import after_commit
from core.errors import Invalid
from core.kernel import VERSION
from core.runs.hours import REFERENCE_MONDAY
from core.runs.params import Params
from core.runs.terms import CELL_METRES, FORMAT, REPORT_WALKER, plain
from core.store import digest_of

REQUIRED = (TableKind.STREETS, TableKind.RESIDENTS, TableKind.OUTLETS)
KIND_NAMES = {
    TableKind.STREETS: ("街道", "streets"),
    TableKind.RESIDENTS: ("居民", "residents"),
    TableKind.OUTLETS: ("网点", "outlets"),
    TableKind.AREAS: ("区域", "areas"),
}
ALIVE = (JobState.QUEUED, JobState.RUNNING, JobState.DONE)


def ask_run(  # noqa: PLR0913 - a run is asked for in one breath
    session: Session,
    catalogue: Catalogue,
    *,
    ruleset_key: str,
    params: Mapping[str, Any] | None = None,
    inputs: Mapping[str, UUID] | None = None,
    label: str = "",
    by: UUID | None = None,
    wake: Callable[[], None] | None = None,
) -> tuple[Run, bool]:
    """Ask for a run, or give the equal one that is waiting, running or done.

    Parameters
    ----------
    session
        Bound to the tenant; never committed here.
    catalogue
        What the tenant's plugins give now; it is pinned.
    ruleset_key
        The ruleset to judge by.
    params
        See ``ParamsSchema``; what is left out takes its default.
    inputs
        Dataset version by kind; a kind left out takes its latest accepted version.
    wake
        Called after the commit that makes the job visible; it may fail without harm, because
        the dispatcher looks by itself too.

    Returns
    -------
    Run, bool
        The run, and whether it is an equal one asked for earlier.

    Raises
    ------
    Invalid
        A parameter is wrong, a version cannot be used, or a kind of data is missing.
    NotFound
        There is no such ruleset.
    """
    ruleset = catalogue.ruleset(ruleset_key)
    chosen = Params.load(params or {})
    versions = _versions(session, inputs or {})
    digests = {kind: version.digest for kind, version in versions.items()}
    plan = make_plan(catalogue, ruleset_key, chosen, digests)
    fingerprint = digest_of(plan)
    equal = _equal(session, fingerprint)
    if equal is not None:
        return equal, True
    run = Run(
        tenant_id=session.info["tenant_id"],
        fingerprint=fingerprint,
        label=label,
        ruleset_key=ruleset.key,
        ruleset_version=ruleset.version,
        ruleset_digest=ruleset.digest,
        params=chosen.to_json(),
        plan=plan,
        kernel_version=VERSION,
        by=by,
    )
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError:  # an equal run was asked for and committed meanwhile
        equal = _equal(session, fingerprint)
        if equal is None:
            raise
        return equal, True
    _attach(session, run, versions, by)
    if wake is not None:
        after_commit(session, wake)
    return run, False


def make_plan(
    catalogue: Catalogue, ruleset_key: str, params: Params, digests: Mapping[str, str]
) -> dict[str, Any]:
    """Name every digest, version and number that the answer depends on."""
    ruleset = catalogue.ruleset(ruleset_key)
    return {
        "format": FORMAT,
        "api": list(API),
        "kernel": VERSION,
        "inputs": dict(digests),
        "ruleset": {"key": ruleset.key, "version": ruleset.version, "digest": ruleset.digest},
        "formats": catalogue.formats_digest,
        "plugins": [
            {"key": one.key, "version": one.version, "settings": plain(one.settings)}
            for one in sorted(catalogue.plugins.values(), key=lambda one: one.key)
        ],
        "params": params.to_json(),
        "walker": plain(REPORT_WALKER),
        "ordinary_week": REFERENCE_MONDAY,
        "gap_cell_metres": CELL_METRES,
    }


def _versions(session: Session, inputs: Mapping[str, UUID]) -> dict[str, DatasetVersion]:
    unknown = sorted(set(inputs) - set(TableKind))
    if unknown:
        raise Invalid(
            f"不认识的数据种类：{'、'.join(unknown)}。没有开始计算。",
            english=f"Unknown kinds of data: {', '.join(unknown)}. Nothing was started.",
        )
    found: dict[str, DatasetVersion] = {}
    for kind in TableKind:
        version = _named(session, kind, inputs[kind]) if kind in inputs else _latest(session, kind)
        if version is not None:
            found[kind.value] = version
    missing = [KIND_NAMES[kind] for kind in REQUIRED if kind not in found]
    if missing:
        raise Invalid(
            f"还缺少数据：{'、'.join(zh for zh, _ in missing)}。没有开始计算。请先导入后再计算。",
            english=f"Data are missing: {', '.join(en for _, en in missing)}. Nothing was "
            "started. Import them first.",
            details=[{"missing": english} for _, english in missing],
        )
    return found


def _latest(session: Session, kind: TableKind) -> DatasetVersion | None:
    return session.scalars(
        select(DatasetVersion)
        .join(Dataset, DatasetVersion.dataset_id == Dataset.id)
        .where(Dataset.kind == kind.value, DatasetVersion.state == VersionState.ACCEPTED)
        .order_by(DatasetVersion.created_at.desc(), DatasetVersion.id.desc())
        .limit(1)
    ).first()


def _named(session: Session, kind: TableKind, version_id: UUID) -> DatasetVersion:
    version = session.scalars(
        select(DatasetVersion)
        .join(Dataset, DatasetVersion.dataset_id == Dataset.id)
        .where(
            DatasetVersion.id == version_id,
            Dataset.kind == kind.value,
            DatasetVersion.state == VersionState.ACCEPTED,
        )
    ).first()
    if version is None:
        chinese, english = KIND_NAMES[kind]
        raise Invalid(
            f"所选的{chinese}数据版本不存在或已撤回。没有开始计算。请另选一个版本。",
            english=f"The chosen version of the {english} does not exist or was withdrawn. "
            "Nothing was started. Choose another.",
            details=[{"field": kind.value, "value": str(version_id)}],
        )
    return version


def _equal(session: Session, fingerprint: str) -> Run | None:
    return session.scalars(
        select(Run).where(Run.fingerprint == fingerprint, Run.state.in_(ALIVE))
    ).first()


def _attach(
    session: Session, run: Run, versions: Mapping[str, DatasetVersion], by: UUID | None
) -> None:
    session.add_all(
        RunInput(tenant_id=run.tenant_id, run_id=run.id, role=kind, dataset_version_id=version.id)
        for kind, version in versions.items()
    )
    session.add(
        Job(
            tenant_id=run.tenant_id,
            kind=JobKind.RUN,
            subject_id=run.id,
            idempotency_key=f"run:{run.id}",
            by=by,
        )
    )
    session.flush()
    record(
        session,
        action="run.ask",
        subject=f"run:{run.id}",
        details={"ruleset": run.ruleset_key, "fingerprint": run.fingerprint},
    )
