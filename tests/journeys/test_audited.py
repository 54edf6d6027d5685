"""Every deed has exactly one record, in its own transaction; looking and refusals have none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.db.audit import first_broken
from core.jobs.tasks import Bench, perform
from tenants.people.models import Role
from tests.isolation.world import fill, with_cookie, with_token
from tests.journeys.furnished import NATIONAL, World
from tests.journeys.ledger import RUN, Wall, faults, watching
from tests.journeys.operations import OTHER_VALUES, PREFIX, described, pages
from tests.journeys.small_place import RESIDENTS

pytestmark = pytest.mark.journey
_numbers = count(1)
# Operations that compute, or that are refused here; each says why it leaves no record.
SILENT = {
    "POST /runs/{run_id}/whatif": "computes and keeps nothing",
    "POST /runs/{run_id}/siting": "computes and keeps nothing",
}
# What needs more than a furnished place; who tests each with its record.
ELSEWHERE = {
    **dict.fromkeys(
        (
            f"POST {where}/{verb}"
            for where in ("/places/{place}", "/t/{tenant}/places/{slug}")
            for verb in ("rename", "move", "merge", "split")
        ),
        "tests/tenants/tree",
    ),
    "POST /t/{tenant}/members/{user_id}/reset": "tests/tenants/people: somebody with a phone",
    "DELETE /members/{user_id}/phone": "tests/tenants/people: somebody with a phone",
}


@dataclass(frozen=True)
class Act:
    """How an operation is done once: other ids, another body, or a form."""

    ids: dict[str, str] = field(default_factory=dict)
    json: Any = None
    data: dict[str, str] | None = None
    by: Callable[[World], Any] | None = None


def versioned(steps, **body):
    def act(world):
        ids, version = world.scenario(*steps)
        return Act(ids=ids, json={"version": version, **body})

    return act


def new_run(world):
    minutes = 20 + next(_numbers) / 64
    return Act(json={"ruleset": NATIONAL, "params": {"limit_minutes": minutes}})


def new_run_page(world):
    minutes = 20 + next(_numbers) / 64
    return Act(data={"ruleset": NATIONAL, "limit_minutes": str(minutes)})


def file_page(world):
    content = RESIDENTS.replace("40", str(100 + next(_numbers)))
    path = world.place.file("r.csv", content)
    return Act(data={"kind": "residents", "file": (path.open("rb"), "r.csv")})


def after(prepare, **act):
    def acting(world):
        prepare(world)
        return Act(**act)

    return acting


def hand_up_page(world):
    world.withdrawn()
    return Act(data={"run": world.ids["run_id"], "to": world.above.slug})


def with_ids(name, find, **act):
    return lambda world: Act(ids={name: find(world)}, **act)


# How each operation is done once where its bare body would not do.
ACTS: dict[str, Callable[[World], Act]] = {
    "POST /runs": new_run,
    "POST /t/{tenant}/runs": new_run_page,
    "POST /uploads": file_page,
    "POST /t/{tenant}/data": file_page,
    "DELETE /jobs/{job_id}": with_ids("job_id", lambda world: world.queued_run()[1]),
    "POST /t/{tenant}/data/jobs/{job_id}/cancel": with_ids("job_id", World.queued_import),
    "POST /t/{tenant}/runs/{run_id}/cancel": with_ids(
        "run_id", lambda world: world.queued_run()[0]
    ),
    "PATCH /runs/{run_id}/scenarios/{scenario_id}": versioned([], name="other"),
    "DELETE /runs/{run_id}/scenarios/{scenario_id}": versioned([]),
    "POST /runs/{run_id}/scenarios/{scenario_id}/edits": versioned(
        [], edit={"kind": "close_outlet", "outlet": 0}
    ),
    "POST /runs/{run_id}/scenarios/{scenario_id}/undo": versioned(["edits"]),
    "POST /runs/{run_id}/scenarios/{scenario_id}/redo": versioned(["edits", "undo"]),
    "POST /submissions": after(World.withdrawn),
    "POST /t/{tenant}/submissions": hand_up_page,
    "POST /t/{tenant}/tokens": lambda _world: Act(data={"kind": "service"}),
    "DELETE /submissions/{submission_id}": after(World.handed_up),
    "POST /t/{tenant}/submissions/{submission_id}/withdraw": after(World.handed_up),
    "POST /submissions/{submission_id}/reviews": after(World.handed_up),
    "POST /t/{tenant}/submissions/{submission_id}/reviews": after(World.handed_up),
    "DELETE /tokens/{token_id}": with_ids("token_id", World.token),
    "POST /t/{tenant}/tokens/{token_id}/revoke": with_ids("token_id", World.token),
    "POST /t/{tenant}/members/{user_id}/remove": with_ids(
        "user_id", World.member, data={"role": "bureau_staff"}
    ),
    "POST /t/{tenant}/my-tokens/{token_id}/revoke": with_ids("token_id", World.token),
    "POST /t/{tenant}/members": lambda world: Act(
        data={"login": world.account(), "role": "auditor"}
    ),
    "POST /t/{tenant}/invitations": lambda _world: Act(
        data={"login": f"n-{next(_numbers)}", "name": "新人", "role": "auditor"}
    ),
    "POST /t/{tenant}/invitations/{invitation_id}/resend": with_ids(
        "invitation_id", World.invitation
    ),
    "POST /t/{tenant}/invitations/{invitation_id}/revoke": with_ids(
        "invitation_id", World.invitation
    ),
    "POST /invitations": lambda _world: Act(
        json={"login": f"n-{next(_numbers)}", "name": "新人", "role": "auditor"}
    ),
    "POST /invitations/{invitation_id}/link": with_ids("invitation_id", World.invitation),
    "DELETE /invitations/{invitation_id}": with_ids("invitation_id", World.invitation),
    **dict.fromkeys(
        (
            "DELETE /members/{user_id}/sessions",
            "DELETE /members/{user_id}/sessions/{session_id}",
            "POST /members/{user_id}/phone/code",
            "POST /t/{tenant}/members/{user_id}/sessions/end",
            "POST /t/{tenant}/members/{user_id}/sessions/{session_id}/end",
            "POST /t/{tenant}/members/{user_id}/phone-code",
        ),
        lambda world: Act(ids=world.signed_member()),
    ),
    "POST /t/{tenant}/sharing": lambda _world: Act(data={"sees": "all"}),
}


@pytest.fixture(scope="module")
def world(app, services, settle):
    above = settle("x-above", name="上级", level="nation")
    place = settle("x-place", name="本地", parent_slug="x-above")
    ids = fill(place, above, "t")
    made = World(app, services, place, above, ids)
    made.clients = [
        place.client,
        *(with_token(app, services, place, role) for role in (Role.REVIEWER, Role.AUDITOR)),
        with_cookie(app, services, place, Role.BUREAU_ADMIN),
    ]
    return made


@pytest.fixture(scope="module")
def ledger(services):
    with watching(services.database._app) as ledger:
        yield ledger


def name_of(operation):
    return f"{operation.method} {operation.path.removeprefix(PREFIX)}"


def send(client, operation, slug, ids, act):
    unknown = {name: str(uuid4()) for name in operation.ids if name not in OTHER_VALUES}
    asked = operation.request(slug, {**unknown, **ids, **act.ids})
    if act.json is not None:
        asked["json"] = act.json
    if act.data is not None:
        asked.pop("json", None)
        asked["data"] = {**asked.get("data", {}), **act.data}
        if any(isinstance(value, tuple) for value in act.data.values()):
            asked["content_type"] = "multipart/form-data"
    answer = client.open(**asked)
    answer.get_data()
    answer.close()
    return answer


def operations(app):
    return [*described(app), *pages(app)]


def tries(world, name):
    """Give where and by whom an operation is tried: the first that may do it does it."""
    if "/reviews" in name:
        yield world.above.slug, world.above.client
        yield world.above.slug, reviewer(world)
    for client in world.clients:
        yield world.place.slug, client


def sentence(answer):
    """Give the words of a refusal."""
    found = re.findall(r"notice--lack.*?<b>(.*?)</b>(?:<p>(.*?)</p>)?", answer.text, re.DOTALL)
    return found or answer.text[:300]


def done_once(world, ledger, operation):
    """Do an operation once; give what is wrong with what it wrote."""
    name, said, refusals = name_of(operation), [], []
    for slug, client in tries(world, name):
        act = ACTS.get(name, lambda _world: Act())(world)
        ledger.take()
        try:
            answer = send(client, operation, slug, world.ids, act)
        except KeyError as unknown:
            return [f"tests/journeys/operations.py has no {unknown}"]
        written = ledger.take()
        said += faults(written)
        recorded = sum(bool(each.records) for each in written)
        if answer.status_code < 400:
            if bool(recorded) == (name in SILENT):
                said.append(f"{answer.status_code} and {recorded} records")
            return said
        refusals.append(f"{client}: {answer.status_code} {sentence(answer)}")
        if recorded:
            said.append(f"refused with {answer.status_code} and yet recorded")
    return [*said, *refusals]


def test_every_deed_has_exactly_one_record_in_its_own_transaction(app, world, ledger):
    deeds = [each for each in operations(app) if each.method != "GET"]
    names = {name_of(each) for each in deeds}
    assert {*SILENT, *ELSEWHERE, *ACTS} <= names
    deeds = [each for each in deeds if name_of(each) not in ELSEWHERE]
    wrong = {name_of(each): said for each in deeds if (said := done_once(world, ledger, each))}
    assert not wrong, "\n".join(f"{name}: {said}" for name, said in wrong.items())
    with world.database.session(world.place.tenant_id) as session:
        assert first_broken(session) is None


def reviewer(world):
    return with_token(world.app, world.services, world.above, Role.REVIEWER)


def test_looking_leaves_no_record(app, world, ledger):
    wrong = {}
    for operation in operations(app):
        if operation.method != "GET":
            continue
        for client in world.clients:
            ledger.take()
            send(client, operation, world.place.slug, world.ids, Act())
            written = ledger.take()
            if any(each.records or each.deeds for each in written):
                wrong[name_of(operation)] = written
    assert not wrong, "\n".join(f"{name}: {said}" for name, said in wrong.items())


def test_being_refused_leaves_no_record(app, services, world, ledger):
    nobody = with_token(app, services, world.place, Role.OPERATOR)
    wrong = {}
    for operation in operations(app):
        ledger.take()
        answer = send(nobody, operation, world.place.slug, world.ids, Act())
        written = ledger.take()
        if answer.status_code < 400 and operation.method != "GET":
            wrong[name_of(operation)] = answer.status_code
        if answer.status_code >= 400 and any(each.records or each.deeds for each in written):
            wrong[name_of(operation)] = written
    assert not wrong, "\n".join(f"{name}: {said}" for name, said in wrong.items())


def end_of(bench, world, ledger, job_id):
    """Perform a job and give what is wrong with its records, and its state."""
    ledger.take()
    perform(bench, world.place.tenant_id, UUID(job_id))
    return faults(ledger.take()), world.place.job(job_id)["state"]


@pytest.fixture
def bench(services):
    return Bench(
        database=services.database,
        blobs=services.blobs,
        host=services.host,
        redis_url=services.redis_url,
    )


def test_every_job_that_ends_has_one_record_of_its_end(bench, world, ledger):
    assert end_of(bench, world, ledger, world.queued_run()[1]) == ([], "done")
    assert end_of(bench, world, ledger, world.queued_import()) == ([], "done")
    bad = world.place.ask("residents", world.place.file("b.csv", f"{RESIDENTS}c,x,36.65,5\n"))
    assert end_of(bench, world, ledger, bad) == ([], "failed")
    broken = replace(bench, host=object.__new__(Wall))
    job_id = world.queued_run()[1]
    for attempt in (1, 2, 3):
        ledger.take()
        with pytest.raises(ZeroDivisionError):
            perform(broken, world.place.tenant_id, UUID(job_id))
        written = ledger.take()
        assert faults(written) == []
        assert sum(bool(each.records) for each in written) == (attempt == 3)


def test_the_ledger_sees_a_deed_without_a_record_and_one_with_two(world, ledger):
    from core.db import Run, audit  # noqa: PLC0415 - beside its one use

    ledger.take()
    with world.database.session(world.place.tenant_id) as session:
        session.get(Run, (world.place.tenant_id, UUID(world.ids["run_id"]))).label = "x"
        session.add(Run(**RUN))
    assert "no record" in faults(ledger.take())[0]
    with world.database.session(world.place.tenant_id) as session:
        audit.record(session, action="a.b", subject="c:1")
        audit.record(session, action="a.b", subject="c:2")
    assert "more than one record" in faults(ledger.take())[0]
