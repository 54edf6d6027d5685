"""The checker: what was accepted, what the database says happened, and what lies in the store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from core.db.audit import first_broken
from core.errors import LifecircleError
from core.store.digest import sha256_file
from core.store.snapshot import thaw
from tests.chaos.clients import Accepted
from tests.chaos.history import answer, base_versions, bring, homes, question
from tests.chaos.town import Town
from tests.journeys.small_place import Place

KINDS = ("lost", "unfinished", "double", "wrong", "half", "torn", "failed wrongly", "chain")
ENDED = {"done", "failed", "cancelled"}
ROWS = {
    "run_scores": "area_key, area_name, area_kind, people, points_low, points_high, out_of, grade,"
    " grade_name, pending, notes",
    "run_lines": "area_key, line_key, position, line",
    "run_coverage": "area_key, format_key, group_key, minutes, people, covered",
    "run_gaps": "format_key, rank, area_key, people, groups, homes, minutes_limit, worst_minutes,"
    " median_minutes, lon, lat, encode(outline, 'hex')",
}

Found = Iterator[tuple[str, str]]


def check(
    town: Town, places: Sequence[Place], accepted: Sequence[Accepted]
) -> dict[str, list[str]]:
    """Give every defect by its kind; the calm answers are compared by ``compare``."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for look in (
        _ends(town, accepted),
        _completions(town),
        _twice(town),
        _imports(town),
        _versions(town, places),
        _store(town),
        _named(town),
        _chains(places),
    ):
        for kind, words in look:
            found[kind].append(words)
    return found


def settled(town: Town, place: Place, *, since: str, ended: bool) -> list[str]:
    """Say what is neither old nor new in one place; ``ended``: nothing may be at work either.

    Files are looked for where a row of later than ``since`` names them.
    """
    looks = (
        _ends(town, ()),
        _completions(town),
        _twice(town),
        _imports(town),
        _named(town, since),
        _chains([place]),
    )
    return [
        f"{kind}: {words}"
        for look in looks
        for kind, words in look
        if ended or kind != "unfinished"
    ]


def _ends(town: Town, accepted: Sequence[Accepted]) -> Found:
    """Each accepted job is there and has ended; one that failed says why, and only by crashes."""
    jobs = {
        str(row.id): row
        for row in town.ask("SELECT id, state, kind, error_class, message, attempt FROM jobs")
    }
    runs = {str(row.id): row for row in town.ask("SELECT id, state FROM runs")}
    for one in accepted:
        if one.job_id not in jobs or (one.run_id and one.run_id not in runs):
            yield "lost", f"{one.kind} {one.number} of {one.slug}: job {one.job_id} is not there"
    for job_id, job in jobs.items():
        if job.state not in ENDED:
            yield "unfinished", f"job {job_id} is {job.state} at attempt {job.attempt}"
        elif job.state != "done" and (job.error_class != "crash" or not job.message):
            yield "failed wrongly", f"job {job_id}: {job.error_class} {job.message}"
    words = """
        SELECT j.id, j.state, r.state AS run FROM jobs j JOIN runs r ON r.id = j.subject_id
        WHERE j.state <> r.state
        AND NOT (j.state IN ('queued', 'running') AND r.state IN ('queued', 'running'))
    """
    for row in town.ask(words):
        yield "half", f"job {row.id} is {row.state}, its run {row.run}"


def _completions(town: Town) -> Found:
    """No job ends twice or goes on after its end, and each end has exactly one record."""
    past: dict[str, list[Any]] = {}
    for row in town.ask("SELECT * FROM chaos_history ORDER BY number"):
        past.setdefault(str(row.job_id), []).append(row)
    for job_id, steps in past.items():
        ends = [step for step in steps if step.after in ENDED]
        if len(ends) > 1 or (ends and steps[-1].after not in ENDED):
            told = ", ".join(f"{step.before}→{step.after} ({step.attempt})" for step in steps)
            yield "double", f"job {job_id} ended {len(ends)} times: {told}"
    words = """
        SELECT j.id, count(a.id) AS told FROM jobs j LEFT JOIN audit_events a
            ON a.tenant_id = j.tenant_id AND a.action = 'run.done'
            AND a.subject = 'run:' || j.subject_id
        WHERE j.kind = 'run' AND j.state = 'done' GROUP BY j.id HAVING count(a.id) <> 1
    """
    for row in town.ask(words):
        yield "double", f"run's job {row.id} has {row.told} records of its end"
    words = """
        SELECT t.slug, (SELECT count(*) FROM audit_events a
                        WHERE a.tenant_id = t.id AND a.action = 'import.done') AS told,
            (SELECT count(*) FROM jobs j
             WHERE j.tenant_id = t.id AND j.kind = 'import' AND j.state = 'done') AS done,
            (SELECT count(*) FROM audit_events a WHERE a.tenant_id = t.id
             AND a.action = 'import.done' AND NOT (a.details ->> 'reused')::boolean) AS fresh,
            (SELECT count(*) FROM dataset_versions v WHERE v.tenant_id = t.id) AS versions
        FROM tenants t
    """
    for row in town.ask(words):
        if row.told != row.done:
            yield "double", f"{row.slug}: {row.told} records of imports, {row.done} imports done"
        if row.fresh != row.versions:
            yield "double", f"{row.slug}: {row.fresh} records of versions, {row.versions} versions"


def _twice(town: Town) -> Found:
    """No import that was asked for under one name was accepted twice."""
    words = """
        SELECT min(id::text) AS id, count(*) AS count FROM jobs WHERE kind = 'import'
        GROUP BY tenant_id, payload ->> 'question' HAVING count(*) > 1
    """
    for row in town.ask(words):
        yield "double", f"the import of job {row.id} was accepted {row.count} times"


def _imports(town: Town) -> Found:
    """Find versions of no finished import, numbers with a gap, rows of runs that are not done."""
    words = """
        SELECT v.id FROM dataset_versions v WHERE NOT EXISTS (
            SELECT FROM jobs j WHERE j.tenant_id = v.tenant_id AND j.state = 'done'
            AND j.result ->> 'dataset_version_id' = v.id::text)
    """
    for row in town.ask(words):
        yield "half", f"version {row.id} is of no finished import"
    words = """
        SELECT dataset_id FROM dataset_versions GROUP BY dataset_id HAVING max(number) <> count(*)
    """
    for row in town.ask(words):
        yield "half", f"dataset {row.dataset_id} has a gap in its versions' numbers"
    for table in ROWS:
        words = f"SELECT DISTINCT t.run_id FROM {table} t JOIN runs r ON r.id = t.run_id"
        for row in town.ask(f"{words} WHERE r.state <> 'done'"):
            yield "half", f"run {row.run_id} is not done and has rows in {table}"


def _versions(town: Town, places: Sequence[Place]) -> Found:
    """Every version's files are there and whole."""
    for place in places:
        for row in town.ask(
            "SELECT id, digest FROM dataset_versions WHERE tenant_id = :id", id=place.tenant_id
        ):
            try:
                thaw(place.services.blobs, row.digest)
            except LifecircleError as error:
                yield "torn", f"version {row.id}: {error.english}"


def _store(town: Town) -> Found:
    """Every file is what its name promises."""
    for path in town.config.blobs.glob("??/*"):
        if path.parent.name + path.name != sha256_file(path):
            yield "torn", f"file {path.parent.name}{path.name[:10]}…"


def _named(town: Town, since: str = "-infinity") -> Found:
    """Every digest in a row has its file."""
    root = town.config.blobs
    words = """
        SELECT digest, what FROM (
            SELECT digest, 'upload' AS what, created_at, tenant_id FROM uploads
            UNION SELECT result_digest, 'result', created_at, tenant_id FROM runs
                WHERE state = 'done'
            UNION SELECT minutes_digest, 'minutes', created_at, tenant_id FROM runs
                WHERE state = 'done'
            UNION SELECT digest, 'manifest', created_at, tenant_id FROM dataset_versions
        ) WHERE tenant_id = ANY(:ids) AND created_at > CAST(:since AS timestamptz)
    """
    ids = [place.tenant_id for place in town.places if place.services.blobs.root == root]
    for row in town.ask(words, ids=ids, since=since):
        if not (root / row.digest[:2] / row.digest[2:]).is_file():
            yield "torn", f"{row.what} {row.digest[:12]}… is not in the store"


def _chains(places: Sequence[Place]) -> Found:
    for place in places:
        with place.services.database.session(place.tenant_id) as session:
            broken = first_broken(session)
        if broken is not None:
            yield "chain", f"{place.slug}: record {broken} breaks the audit's chain"


def compare(town: Town, calm: Place, accepted: Sequence[Accepted]) -> list[str]:
    """Ask a calm place the same questions, and say what differs: digests, rows, bytes."""
    states = {
        str(row.id): (row.state, row.result)
        for row in town.ask("SELECT id, state, result FROM jobs")
    }
    done = {one.job_id: one for one in accepted if states.get(one.job_id, ("",))[0] == "done"}
    base = base_versions(calm)
    residents: dict[int, Any] = {}
    differing = []
    for one in done.values():
        if one.kind == "import":
            people = one.people or 0
            result = bring(calm, "residents", calm.file("more.csv", homes(people)))
            residents[people] = result["dataset_version_id"]
            if result["digest"] != states[one.job_id][1]["digest"]:
                differing.append(f"import {one.number} of {one.slug}")
    for one in done.values():
        if one.kind != "run":
            continue
        inputs = base | ({"residents": residents[one.people]} if one.people else {})
        ours = answer(calm, question(one.number), inputs)
        if _told(town, one.run_id) != _told(town, str(ours)):
            differing.append(f"run {one.number} of {one.slug}")
    return differing


def _told(town: Town, run_id: str) -> str:
    """Give all that a run says, in the database's own words."""
    said: list[Any] = [
        list(row)
        for row in town.ask(
            "SELECT fingerprint, result_digest, minutes_digest, grade, points_low, points_high,"
            " people, (summary - 'sources')::text FROM runs WHERE id = :id",
            id=run_id,
        )
    ]
    for table, columns in ROWS.items():
        words = f"SELECT md5(string_agg(r::text, '|' ORDER BY r::text)) FROM (SELECT {columns}"
        said.append(town.ask(f"{words} FROM {table} WHERE run_id = :id) r", id=run_id)[0][0])
    return json.dumps(said, default=str)
