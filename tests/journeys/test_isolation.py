"""Another tenant's things answer like things that do not exist, at every address there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.policy import Permission
from tenants.people.models import Role
from tenants.people.roles import PERMISSIONS
from tests.isolation import matrix, tree
from tests.isolation.matrix import Found, ask, operations_of, secrets_of
from tests.isolation.outside import operations_outside, outside
from tests.isolation.policies import REMEDY, committed, declared, text_of
from tests.isolation.world import (
    CANARY,
    IDS,
    NOWHERE,
    Walker,
    anonymous,
    by_role,
    by_scope,
    by_system,
    bystander,
    fill,
    nobodys,
    once_a_member,
    with_cookie,
    with_token,
)

pytestmark = pytest.mark.journey
TOGETHER_ALL = (Role.BUREAU_ADMIN, Role.REVIEWER, Role.AUDITOR)


@pytest.fixture(scope="module")
def above(settle):
    """Give the place above both, with a reviewer."""
    return settle("x-above", name="上级", level="nation")


@pytest.fixture(scope="module")
def theirs(settle, above, services):
    """Give the other tenant, which has one of everything, each with a canary in it; and its ids."""
    place = settle("x-theirs", name=f"{CANARY}市", parent_slug="x-above")
    return place, fill(place, above)


@pytest.fixture(scope="module")
def ours(settle, above):
    """Give a tenant beside it, with data of its own."""
    place = settle("x-ours", name="本市", parent_slug="x-above")
    place.furnish()
    return place


@pytest.fixture(scope="module")
def strangers(app, services, ours, above):
    """Give people beside and above who together hold every permission; two of them browsers."""
    walkers = [(ours, with_token, role) for role in TOGETHER_ALL]
    walkers += [(above, with_token, Role.REVIEWER)]
    walkers += [(ours, with_cookie, Role.BUREAU_ADMIN), (above, with_cookie, Role.REVIEWER)]
    return [anonymous(app)] + [
        Walker(f"{role} at {place.slug}", place.slug, frozenset(), how(app, services, place, role))
        for place, how, role in walkers
    ]


def test_every_policy_is_the_committed_one(app):
    assert text_of(declared(app)) == text_of(committed()), REMEDY
    assert "UNDECLARED" not in committed().values()


def test_nothing_tells_another_tenants_things_from_what_is_not_there(app, strangers, theirs, above):
    found = Found()
    before = matrix.imprint(theirs[0]), above.rows("submissions", "reviews", "tenant_plugins")
    matrix.strangers(app, strangers, *theirs, found)
    assert not found.defects
    after = matrix.imprint(theirs[0]), above.rows("submissions", "reviews", "tenant_plugins")
    assert after == before


def test_a_stranger_who_is_let_in_by_mistake_is_found(app, services, theirs, ours):
    [spy] = [Walker("spy", ours.slug, frozenset(), theirs[0].client)]
    found = Found()
    matrix.strangers(app, [spy], *theirs, found, looking=True)
    assert any("GET" in defect for defect in found.defects)


def test_every_role_and_scope_may_at_home_what_the_table_says(app, services, settle, above):
    place = settle("x-inside", name="内部", parent_slug="x-above")
    ids = fill(place, above, tag="内部")
    walkers = [anonymous(app), *by_scope(app, services, place)[::3], *by_role(app, services, place)]
    found = Found()
    matrix.insiders(app, walkers, place, ids, found)
    assert not found.defects


def test_the_same_addresses_do_answer_their_owner(app, services, theirs):
    place, ids = theirs
    assert set().union(*(PERMISSIONS[role] for role in TOGETHER_ALL)) == set(Permission)
    owners = [with_token(app, services, place, role) for role in TOGETHER_ALL]
    told = b""
    for operation in operations_of(app):
        if operation.method != "GET" or operation.path.endswith("/comparison"):
            continue
        answers = [ask(owner, operation, place.slug, ids) for owner in owners]
        best = min(answers, key=lambda answer: answer.status)
        received_above = "{submission_id}" in operation.path and best.status == 404
        assert best.status in (200, 303) or received_above, (operation, best.body)
        told += best.body
    assert all(secret in told for secret in secrets_of(place, ids)[:2])


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


@pytest.fixture(scope="module")
def family(settle, above, theirs, ours):
    """Give places around both, by their slugs: children, a grandchild, another tree."""
    made = {"x-above": above, "x-theirs": theirs[0], "x-ours": ours}
    for slug, parent in (
        *(("x-nephew", "x-theirs"), ("x-child", "x-ours"), ("x-other", "x-ours")),
        *(("x-grand", "x-child"), ("x-abroad", None)),
    ):
        made[slug] = settle(slug, name=f"地方{len(made)}", parent_slug=parent)
    return made


FROM_ABOVE = tree.Around(
    acting="x-above", one="x-theirs", child="x-nephew", other="x-ours", elsewhere=("x-abroad",)
)
FROM_OURS = tree.Around(
    acting="x-ours",
    one="x-child",
    child="x-grand",
    other="x-other",
    elsewhere=("x-above", "x-theirs", "x-nephew", "x-abroad"),
)
MEMBERS = (Role.BUREAU_ADMIN, Role.BUREAU_STAFF, Role.OPERATOR)


def members(app, services, place):
    """Give nobody, some people of a place by their tokens, and its administrator's browser."""
    ways = [(with_token, role) for role in MEMBERS] + [(with_cookie, Role.BUREAU_ADMIN)]
    return [anonymous(app)] + [
        Walker(f"{role}", place.slug, PERMISSIONS[role], how(app, services, place, role))
        for how, role in ways
    ]


@pytest.mark.parametrize("around", [FROM_ABOVE, FROM_OURS], ids=["from above", "from beside"])
def test_only_who_may_arranges_places_and_only_those_below(app, services, family, around):
    walkers, found = members(app, services, family[around.acting]), Found()
    before = matrix.imprint(*family.values()), tree.standing(family["x-above"])
    tree.arranging(app, walkers, around, found)
    assert not found.defects
    looks, verbs = 2, 8  # by programs and on pages
    assert found.calls["tree 200"] == 4 * looks + 2 * verbs  # two of the four are administrators
    assert (matrix.imprint(*family.values()), tree.standing(family["x-above"])) == before


def test_whoever_reaches_beyond_their_tree_is_found(app, services, family):
    beyond = replace(FROM_OURS, elsewhere=("x-grand",))
    found = Found()
    tree.arranging(app, members(app, services, family["x-ours"])[1:2], beyond, found)
    assert any(defect.startswith("tells") for defect in found.defects)


def test_arranging_places_for_good_touches_the_tree_and_no_other_row(app, services, settle):
    made = {"x-root": settle("x-root", name="根", level="nation")}
    for slug, parent in (("x-full", "x-root"), ("x-part", "x-full"), ("x-beside", "x-root")):
        made[slug] = settle(slug, name=f"处{len(made)}", parent_slug=parent)
    made["x-full"].furnish()
    around = tree.Around(
        acting="x-root", one="x-full", child="x-part", other="x-beside", elsewhere=()
    )
    _, admin, *_, browser = members(app, services, made["x-root"])
    found = Found()
    tree.arranged(app, [admin, browser], around, made, found)
    assert not found.defects
    assert found.calls == {"arranged 200": 2, "arranged 303": 2}


def test_who_runs_the_installation_is_a_stranger_in_every_place(app, services, theirs, ours):
    walkers = [*by_system(app, services), once_a_member(app, services, ours)]
    found, before = Found(), matrix.imprint(theirs[0])
    matrix.strangers(app, walkers, *theirs, found)
    assert not found.defects
    assert set(found.calls) == {"foreign 404"}
    assert matrix.imprint(theirs[0]) == before


def test_what_names_no_place_answers_whom_it_says_and_tells_nothing(app, services, theirs, ours):
    asked = members(app, services, ours)
    asked += [*by_system(app, services), once_a_member(app, services, ours)]
    found = Found()
    outside(app, asked, bystander(app, services, theirs[0]), secrets_of(*theirs), found)
    assert not found.defects


def test_a_way_into_the_installation_by_mistake_is_found(app, services, theirs):
    [admin, *_] = by_system(app, services)
    found = Found()
    mistaken = replace(admin, system=frozenset())
    outside(app, [mistaken], bystander(app, services, theirs[0]), [], found)
    assert sum("GET /system" in defect for defect in found.defects) == 4  # two pages, asked twice


def test_a_route_that_names_no_tenant_is_in_one_of_the_two_lists(app):
    listed = [*operations_of(app), *operations_outside(app)]
    assert {matrix.name_of(each) for each in listed} == declared(app).keys()
