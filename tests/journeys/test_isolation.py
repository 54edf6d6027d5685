"""Another tenant's things answer like things that do not exist, at every address there is."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from sqlalchemy import select

from core.db import TenantPlugin
from core.policy import Permission
from tenants.people.models import ApiToken, Role
from tenants.people.operations import add_member, create_user, make_token
from tenants.people.roles import PERMISSIONS
from tenants.people.signing import make_link, redeem_link
from tenants.review.models import Verdict
from tenants.review.operations import review, submit
from tests.journeys.operations import described, pages
from tests.journeys.small_place import RESIDENTS

pytestmark = pytest.mark.journey
CANARY = "金丝雀"
TOGETHER_ALL = (Role.BUREAU_ADMIN, Role.REVIEWER, Role.AUDITOR)
NOWHERE = "x-nowhere"
IDS = (
    *("upload_id", "dataset_id", "version_id", "job_id"),
    *("run_id", "scenario_id", "submission_id", "token_id", "user_id"),
)
CSRF = re.compile(r'(?<=name="csrf_token" value=")[^"]*')


def nobodys():
    """Give ids that nobody has."""
    return {name: str(uuid4()) for name in IDS} | {"above": "x-above"}


@pytest.fixture(scope="module")
def above(settle):
    """Give the place above both, with a reviewer."""
    return settle("x-above", name="上级", level="nation")


@pytest.fixture(scope="module")
def theirs(settle, above, services):
    """Give the other tenant, which has one of everything, each with a canary in it; and its ids."""
    place = settle("x-theirs", name=f"{CANARY}市", parent_slug="x-above")
    place.furnish(CANARY)
    bad = place.bring("residents", place.file(f"{CANARY}.csv", f"{RESIDENTS}c,{CANARY},36.65,5\n"))
    asked = {"ruleset": "national-2023-plan", "label": CANARY}
    run = place.client.post(place.address("runs"), json=asked).json
    place.work()
    made = place.client.post(place.address(f"runs/{run['id']}/scenarios"), json={"name": CANARY})
    with services.database.session(place.tenant_id, place.user_id) as session:
        session.add(TenantPlugin(plugin_key="osm", state="on", settings={}))
        submission = submit(session, run["id"], "x-above", place.user_id).id
        token = session.scalars(select(ApiToken.id)).first()
    with services.database.session(above.tenant_id, above.user_id) as session:
        review(session, submission, Verdict.RETURNED, CANARY, above.user_id)
    dataset = place.get("datasets")[0]
    ids = {
        "upload_id": place.get("uploads")[0]["id"],
        "dataset_id": dataset["id"],
        "version_id": next(
            each["latest"]["id"] for each in place.get("datasets") if each["kind"] == "streets"
        ),
        "job_id": bad["id"],
        "run_id": run["id"],
        "scenario_id": made.json["id"],
        "submission_id": str(submission),
        "token_id": str(token),
        "user_id": str(place.user_id),
        "above": "x-above",
    }
    assert place.get(f"runs/{run['id']}")["state"] == "done"
    assert set(ids) == {*IDS, "above"}
    return place, ids


@pytest.fixture(scope="module")
def ours(settle, above):
    """Give a tenant beside it, with data of its own."""
    place = settle("x-ours", name="本市", parent_slug="x-above")
    place.furnish()
    return place


def with_token(app, services, place, role):
    """Give a client with a token of somebody who has a role there, for all that it allows."""
    with services.database.unbound() as session:
        user_id = create_user(session, login=f"{role}-{uuid4()}", name=str(role)).id
    with services.database.session(place.tenant_id, user_id) as session:
        add_member(session, user_id, role)
        token = make_token(session, user_id, name="walk", scopes=PERMISSIONS[role])
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def with_cookie(app, services, place, role):
    """Give a client that is signed in as somebody who has a role there."""
    with services.database.unbound() as session:
        user = create_user(session, login=f"{role}-{uuid4()}", name=str(role))
        user_id, link = user.id, make_link(session, user)
    with services.database.session(place.tenant_id, user_id) as session:
        add_member(session, user_id, role)
    with services.database.unbound() as session:
        signed = redeem_link(session, link)
    client = app.test_client()
    client.set_cookie("lc", signed.token)
    [token] = set(CSRF.findall(client.get("/account").text))
    client.environ_base["HTTP_X_CSRFTOKEN"] = token
    return client


@pytest.fixture(scope="module")
def strangers(app, services, ours, above):
    """Give people beside and above who together hold every permission; two of them browsers."""
    walkers = [(ours, with_token, role) for role in TOGETHER_ALL]
    walkers += [(above, with_token, role) for role in TOGETHER_ALL]
    walkers += [(ours, with_cookie, Role.BUREAU_ADMIN), (above, with_cookie, Role.REVIEWER)]
    return [(place.slug, how(app, services, place, role)) for place, how, role in walkers]


def answered(client, operation, slug, ids):
    """Give an answer without what may differ: the address asked for, an anti-forgery token."""
    answer = client.open(**operation.request(slug, ids))
    body = answer.get_data()
    answer.close()
    headers = {name: value for name, value in answer.headers if name != "Set-Cookie"}
    if answer.mimetype == "text/html":
        body = CSRF.sub("", body.decode()).replace(slug, "…").encode()
        for name in IDS:
            body = body.replace(ids[name].encode(), b"...")
        headers.pop("Content-Length", None)
    if "Location" in headers:
        headers["Location"] = headers["Location"].replace(slug, "…")
        for name in IDS:
            headers["Location"] = headers["Location"].replace(ids[name], "...")
    return answer.status_code, headers, body


def secrets_of(theirs):
    """List what may be in no answer."""
    place, ids = theirs
    run = place.get(f"runs/{ids['run_id']}")
    return [CANARY.encode(), run["fingerprint"].encode(), place.tenant_id.hex.encode()]


def walk(client, theirs, home, operations):
    """Ask for everything of theirs; collect where the answer tells it from nothing."""
    place, ids = theirs
    hidden, telling = secrets_of(theirs), []
    for operation in operations:
        pairs = [((place.slug, ids), (NOWHERE, nobodys()))]
        named = set(operation.ids) & set(IDS)
        if named and not (home == "x-above" and named == {"submission_id"}):  # handed up to it
            pairs.append(((home, ids), (home, nobodys())))
        for asked, nothing in pairs:
            answer = answered(client, operation, *asked)
            empty = answered(client, operation, *nothing)
            if answer != empty or any(secret in answer[2] for secret in hidden):
                telling.append((operation.method, operation.path, asked[0], answer, empty))
    return telling


def test_nothing_tells_another_tenants_things_from_what_is_not_there(app, strangers, theirs, above):
    operations = [*described(app), *pages(app)]
    before = theirs[0].rows(), above.rows("submissions", "reviews", "tenant_plugins")
    telling = [
        each for home, client in strangers for each in walk(client, theirs, home, operations)
    ]
    assert not telling
    assert (theirs[0].rows(), above.rows("submissions", "reviews", "tenant_plugins")) == before


def test_the_same_addresses_do_answer_their_owner(app, services, theirs):
    place, ids = theirs
    assert set().union(*(PERMISSIONS[role] for role in TOGETHER_ALL)) == set(Permission)
    owners = [with_token(app, services, place, role) for role in TOGETHER_ALL]
    told = b""
    for operation in [*described(app), *pages(app)]:
        if operation.method != "GET" or operation.path.endswith("/comparison"):
            continue
        answers = [answered(owner, operation, place.slug, ids) for owner in owners]
        status, _, body = min(answers, key=lambda answer: answer[0])
        received_above = "{submission_id}" in operation.path and status == 404
        assert status in (200, 303) or received_above, (operation, body)
        told += body
    assert all(secret in told for secret in secrets_of(theirs)[:2])


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        ("runs", lambda ids: {"ruleset": "jinan", "inputs": {"streets": ids["version_id"]}}),
        ("runs", lambda ids: {"ruleset": "jinan", "inputs": {"areas": ids["version_id"]}}),
        ("submissions", lambda ids: {"run_id": ids["run_id"], "to": "x-above"}),
    ],
)
def test_an_id_in_a_body_says_no_more_than_one_that_nobody_has(ours, theirs, rest, body):
    before, nothing = theirs[0].rows(), nobodys()
    said = []
    for ids in (theirs[1], nothing):
        answer = ours.client.post(ours.address(rest), json=body(ids))
        text = answer.text
        for name in IDS:
            text = text.replace(ids[name], "...")
        said.append((answer.status_code, text))
    assert said[0] == said[1]
    assert said[0][0] in (404, 422)
    assert theirs[0].rows() == before


def test_a_place_that_is_not_above_says_no_more_than_one_that_is_not_there(ours, theirs):
    run = ours.client.post(ours.address("runs"), json={"ruleset": "jinan"}).json
    ours.work()
    said = []
    for slug in ("x-theirs", NOWHERE):
        asked = {"run_id": run["id"], "to": slug}
        answer = ours.client.post(ours.address("submissions"), json=asked)
        said.append((answer.status_code, answer.text.replace(slug, "...")))
    assert said[0] == said[1]


def test_a_name_that_is_taken_is_refused_without_saying_by_whom(ours, theirs):
    answer = ours.client.post(ours.address("children"), json={"name": "新", "slug": "x-theirs"})
    assert answer.status_code == 409
    assert CANARY not in answer.text


def test_that_another_has_the_same_file_and_run_is_not_told(ours, theirs):
    place, ids = theirs
    path = place.folder / "outlets.csv"
    job = ours.bring("outlets", path)
    assert job["state"] == "done"
    assert not job["result"]["reused"]
    version = ours.get(f"versions/{job['result']['dataset_version_id']}")
    assert version["number"] == 2
    asked = {"ruleset": "national-2023-plan", "label": "ours"}
    answer = ours.client.post(ours.address("runs"), json=asked)
    assert answer.status_code == 202
    assert answer.json["id"] != ids["run_id"]
    assert answer.json["label"] == "ours"
