"""/scenarios: what-if on a finished run: edits kept, undone, done again, answered, compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Response

from core.access import Here, requires
from core.api.blueprint import ApiBlueprint
from core.api.opening import open_here
from core.api.picture import FormatQuerySchema
from core.api.scenario_schemas import (
    ChangedHomesSchema,
    ComparedSchema,
    EditedScenarioSchema,
    NewEditSchema,
    ScenarioAnswerSchema,
    ScenarioNameSchema,
    ScenarioQuerySchema,
    ScenarioRenameSchema,
    ScenarioRowSchema,
    ScenarioSchema,
    ScenariosQuerySchema,
    SeenSchema,
    WhatIfSchema,
)
from core.api.schemas import PageSchema
from core.db import Scenario
from core.errors import Conflict, Invalid
from core.policy import Permission
from core.runs.summary import find_done
from core.studies.whatif import scenarios as rows
from core.studies.whatif.edits import Edit, parse, to_json

if TYPE_CHECKING:
    from core.studies.opened import Opened
    from core.studies.whatif.study import Study

blueprint = ApiBlueprint("scenarios", __name__, description="情景：改动网点、时间、道路后会怎样")
AT = "/tenants/<tenant>/runs/<uuid:run_id>"
ONE = f"{AT}/scenarios/<uuid:scenario_id>"
MOST_COMPARED = 4
CREATED = 201


@blueprint.route(f"{AT}/scenarios", methods=["POST"])
@requires(Permission.RUN_START)
@blueprint.arguments(ScenarioNameSchema)
@blueprint.response(CREATED, ScenarioSchema)
def create(here: Here, asked: dict[str, str], run_id: UUID) -> dict[str, Any]:
    """Start a scenario on a finished run; the run itself never changes."""
    with here.session() as session:
        run = find_done(session, run_id)
        return _whole(rows.create(session, run, asked["name"], here.actor.id))


@blueprint.route(f"{AT}/scenarios")
@requires(Permission.RUN_READ)
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, ScenarioRowSchema(many=True))
def scenarios(here: Here, page: dict[str, int], run_id: UUID) -> list[dict[str, Any]]:
    """List a run's scenarios, newest first."""
    with here.session() as session:
        find_done(session, run_id)
        return [_row(one) for one in rows.listed(session, run_id, **page)]


@blueprint.route(ONE)
@requires(Permission.RUN_READ)
@blueprint.response(200, ScenarioSchema)
def scenario(here: Here, run_id: UUID, scenario_id: UUID) -> dict[str, Any]:
    """Give one scenario with its edits."""
    with here.session() as session:
        return _whole(rows.find(session, run_id, scenario_id))


@blueprint.route(ONE, methods=["PATCH"])
@requires(Permission.RUN_START)
@blueprint.arguments(ScenarioRenameSchema)
@blueprint.response(200, ScenarioSchema)
def rename(here: Here, asked: dict[str, Any], run_id: UUID, scenario_id: UUID) -> dict[str, Any]:
    """Give a scenario another name."""
    with here.session() as session:
        found = rows.find(session, run_id, scenario_id)
        return _whole(rows.rename(session, found, asked["name"], asked["version"]))


@blueprint.route(ONE, methods=["DELETE"])
@requires(Permission.RUN_START)
@blueprint.response(204)
def remove(here: Here, run_id: UUID, scenario_id: UUID) -> Response:
    """Throw a scenario away."""
    with here.session() as session:
        rows.remove(session, rows.find(session, run_id, scenario_id))
    return Response(status=204)


@blueprint.route(f"{ONE}/edits", methods=["POST"])
@requires(Permission.RUN_START)
@blueprint.arguments(NewEditSchema)
@blueprint.response(200, EditedScenarioSchema)
def edit(here: Here, asked: dict[str, Any], run_id: UUID, scenario_id: UUID) -> Response:
    """Do one edit more, and answer; what was undone can no longer be done again."""

    def more(edits: list[Any], _undone: list[Any]) -> tuple[list[Any], list[Any]]:
        if len(edits) >= rows.MOST_EDITS:
            raise Conflict(
                f"情景已有 {rows.MOST_EDITS} 项改动，没有再加。请另建情景。",
                english=f"The scenario has {rows.MOST_EDITS} edits; none was added. Make another "
                "scenario.",
            )
        return [*edits, to_json(parse(asked["edit"], len(edits) + 1))], []

    return _changed(here, run_id, scenario_id, asked["version"], "edit", more)


@blueprint.route(f"{ONE}/undo", methods=["POST"])
@requires(Permission.RUN_START)
@blueprint.arguments(SeenSchema)
@blueprint.response(200, EditedScenarioSchema)
def undo(here: Here, asked: dict[str, Any], run_id: UUID, scenario_id: UUID) -> Response:
    """Take the last edit back, and answer."""

    def less(edits: list[Any], undone: list[Any]) -> tuple[list[Any], list[Any]]:
        if not edits:
            raise Conflict(
                "没有可撤销的改动，情景没有改变。",
                english="There is no edit to undo; nothing changed.",
            )
        return edits[:-1], [*undone, edits[-1]]

    return _changed(here, run_id, scenario_id, asked["version"], "undo", less)


@blueprint.route(f"{ONE}/redo", methods=["POST"])
@requires(Permission.RUN_START)
@blueprint.arguments(SeenSchema)
@blueprint.response(200, EditedScenarioSchema)
def redo(here: Here, asked: dict[str, Any], run_id: UUID, scenario_id: UUID) -> Response:
    """Do again what was undone last, and answer."""

    def again(edits: list[Any], undone: list[Any]) -> tuple[list[Any], list[Any]]:
        if not undone:
            raise Conflict(
                "没有可重做的改动，情景没有改变。",
                english="There is no edit to redo; nothing changed.",
            )
        return [*edits, undone[-1]], undone[:-1]

    return _changed(here, run_id, scenario_id, asked["version"], "redo", again)


@blueprint.route(f"{ONE}/answer")
@requires(Permission.RUN_READ)
@blueprint.arguments(ScenarioQuerySchema, location="query")
@blueprint.response(200, ScenarioAnswerSchema)
def answer(here: Here, asked: dict[str, str], run_id: UUID, scenario_id: UUID) -> Response:
    """Give what the scenario changes, against its run."""
    edits = _edits_of(here, run_id, scenario_id)
    opened = open_here(here, run_id)
    from core.studies.whatif.answer import answer as answered  # noqa: PLC0415 - the compiler, when asked

    with _study(here, opened, scenario_id, edits) as study:
        body = answered(study, key=asked["key"], area=asked["area"])
    return _json(body)


@blueprint.route(f"{ONE}/homes")
@requires(Permission.RUN_READ)
@blueprint.arguments(FormatQuerySchema, location="query")
@blueprint.response(200, ChangedHomesSchema)
def homes(here: Here, asked: dict[str, str], run_id: UUID, scenario_id: UUID) -> Response:
    """Give the homes whose walk to one format is another, before and after."""
    edits = _edits_of(here, run_id, scenario_id)
    opened = open_here(here, run_id)
    from core.studies.whatif.answer import homes as changed  # noqa: PLC0415 - the compiler, when asked

    with _study(here, opened, scenario_id, edits) as study:
        body = changed(study, asked["format"])
    return _json(body)


@blueprint.route(f"{AT}/scenarios/compare")
@requires(Permission.RUN_READ)
@blueprint.arguments(ScenariosQuerySchema, location="query")
@blueprint.response(200, ComparedSchema)
def compare(here: Here, asked: dict[str, str], run_id: UUID) -> Response:
    """Set up to four scenarios beside the run."""
    ids = _ids(asked["with"])
    with here.session() as session:
        found = [rows.find(session, run_id, one) for one in ids]
        shown = [ScenarioRowSchema().dump(_row(one)) for one in found]
        edits = [one.edits for one in found]
    opened = open_here(here, run_id)
    from core.studies.whatif.answer import side_by_side, totals  # noqa: PLC0415 - the compiler, when asked

    counted = []
    for one, some in zip(ids, edits, strict=True):
        with _study(here, opened, one, some) as study:
            counted.append(totals(study))
    return _json({"scenarios": shown, **side_by_side(counted)})


@blueprint.route(f"{AT}/whatif", methods=["POST"])
@requires(Permission.RUN_READ)
@blueprint.arguments(WhatIfSchema)
@blueprint.response(200, ScenarioAnswerSchema)
def whatif(here: Here, asked: dict[str, Any], run_id: UUID) -> Response:
    """Answer edits without keeping them."""
    edits = [to_json(parse(one, number)) for number, one in enumerate(asked["edits"], 1)]
    opened = open_here(here, run_id)
    from core.studies.whatif.answer import answer as answered  # noqa: PLC0415 - the compiler, when asked

    with _study(here, opened, (here.actor.id, run_id), edits) as study:
        body = answered(study, key=asked["key"], area=asked["area"])
    return _json(body)


def _changed(
    here: Here,
    run_id: UUID,
    scenario_id: UUID,
    version: int,
    action: str,
    step: Callable[[list[Any], list[Any]], tuple[list[Any], list[Any]]],
) -> Response:
    """Compute first, outside of any transaction; then write, if nobody else did meanwhile."""
    with here.session() as session:
        run = find_done(session, run_id)
        plan, fingerprint = run.plan, run.fingerprint
        found = rows.find(session, run_id, scenario_id)
        rows.require_version(found, version)
        edits, undone = step(list(found.edits), list(found.undone))
    from core.studies.opened import open_run  # noqa: PLC0415 - the compiler, when asked

    opened = open_run(here.services.blobs, here.services.host, plan, fingerprint)
    from core.studies.whatif.answer import answer as answered  # noqa: PLC0415 - the compiler, when asked

    with _study(here, opened, scenario_id, edits) as study:
        body = answered(study)
    with here.session() as session:
        found = rows.find(session, run_id, scenario_id)
        written = rows.change(session, found, version, action, edits=edits, undone=undone)
        shown = ScenarioSchema().dump(_whole(written))
    return _json({"scenario": shown, "answer": body})


def _edits_of(here: Here, run_id: UUID, scenario_id: UUID) -> list[Any]:
    with here.session() as session:
        return list(rows.find(session, run_id, scenario_id).edits)


def _study(
    here: Here, opened: Opened, name: Any, edits: Sequence[Any]
) -> AbstractContextManager[Study]:
    """Give the run with edits on top, and nobody else at it meanwhile."""
    from core.studies.whatif.standing import stand  # noqa: PLC0415 - the compiler, when first asked
    from core.studies.whatif.study import studying  # noqa: PLC0415 - the compiler, when first asked

    known = [_known(json.dumps(one), number) for number, one in enumerate(edits, 1)]
    return studying(stand(opened, here.services.blobs), name, known)


@lru_cache(maxsize=8192)
def _known(written: str, number: int) -> Edit:
    """Read an edit that was checked before, once."""
    return parse(json.loads(written), number)


def _ids(words: str) -> list[UUID]:
    """Read ids with commas between them."""
    named = [word.strip() for word in words.split(",") if word.strip()]
    try:
        ids = list(dict.fromkeys(UUID(word) for word in named))
    except ValueError:
        ids = []
    if not 1 <= len(ids) <= MOST_COMPARED:
        raise Invalid(
            f"请给出 1 到 {MOST_COMPARED} 个情景编号，用逗号分开。没有比较。",
            english=f"Name 1 to {MOST_COMPARED} scenarios by their ids, with commas between them. "
            "Nothing was compared.",
            details=[{"field": "with"}],
        )
    return ids


def _row(one: Scenario) -> dict[str, Any]:
    names = ("id", "run_id", "name", "version", "created_at", "updated_at")
    return {**{name: getattr(one, name) for name in names}, "count": len(one.edits)}


def _whole(one: Scenario) -> dict[str, Any]:
    return {**_row(one), "edits": one.edits, "undone": one.undone}


def _json(body: Mapping[str, Any]) -> Response:
    written = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(written, mimetype="application/json")
