"""Roles for a part of a place: what is stored, what is left, what cannot be."""

from __future__ import annotations

from uuid import uuid4

import pytest

from core.config import Config
from core.db import ParentSees
from core.errors import Invalid
from core.policy import EVERYWHERE, NOWHERE, Actor, Extent, NoPolicy, Permission
from tenants.people.models import Role, TokenKind
from tenants.people.operations import (
    add_member,
    make_token,
    members_of,
    permissions_here,
    remove_member,
)
from tenants.people.parts import places_held_whole
from tenants.people.policy import RoomPolicy
from tenants.people.roles import FOR_THE_WHOLE, LEFT_TO_A_PART, PERMISSIONS
from tenants.tree.operations import find_tenant

PART = "street:370103001"


def give(database, tree, who, role, part, slug="370100"):
    with database.session(tree[slug]) as session:
        return add_member(session, who.id, role, scope_area=part).scope_area


@pytest.mark.parametrize("role", sorted(set(Role) - FOR_THE_WHOLE))
def test_a_role_for_a_part_looks_at_that_part_and_changes_nothing(database, tree, person, role):
    who, policy = person(), RoomPolicy(database, Config())
    assert give(database, tree, who, role, f" {PART} ") == PART
    actor = Actor(id=who.id, name=who.name)
    assert not any(policy.may(actor, each, tree["370100"]) for each in Permission)
    held = {each: policy.extent(actor, each, tree["370100"]) for each in Permission}
    left = {each for each in Permission if held[each].anywhere}
    assert left == PERMISSIONS[role] & LEFT_TO_A_PART
    assert {held[each] for each in left} == {Extent(areas=frozenset({PART}))}
    with database.session(tree["370100"]) as session:
        assert permissions_here(session, who.id) == left
    assert left <= {Permission.TENANT_READ, Permission.RUN_READ}


def test_several_parts_count_together_and_the_whole_before_them(database, tree, person):
    who, policy = person(), RoomPolicy(database, Config())
    actor = Actor(id=who.id, name=who.name)

    def extent():
        return policy.extent(actor, Permission.RUN_READ, tree["370100"])

    assert extent() == NOWHERE
    give(database, tree, who, Role.STREET_OFFICER, "street:1")
    give(database, tree, who, Role.COMMUNITY_WORKER, "street:2")
    assert extent() == Extent(areas=frozenset({"street:1", "street:2"}))
    give(database, tree, who, Role.COMMUNITY_WORKER, None)
    assert extent() == EVERYWHERE


def test_a_token_counts_for_its_persons_part_while_they_hold_it(database, tree, person):
    who, policy = person(), RoomPolicy(database, Config())
    give(database, tree, who, Role.STREET_OFFICER, PART)
    scopes = frozenset({Permission.TENANT_READ})
    actor = Actor(id=who.id, name=who.name, tenant_id=tree["370100"], scopes=scopes)
    told = policy.extent(actor, Permission.TENANT_READ, tree["370100"])
    assert told == Extent(areas=frozenset({PART}))
    assert policy.extent(actor, Permission.RUN_READ, tree["370100"]) == NOWHERE
    assert policy.extent(actor, Permission.TENANT_READ, tree["370103"]) == NOWHERE
    with database.session(tree["370100"]) as session:
        remove_member(session, who.id, Role.STREET_OFFICER)
    assert policy.extent(actor, Permission.TENANT_READ, tree["370100"]) == NOWHERE


def test_a_personal_token_of_a_part_holds_no_more_than_is_left(database, tree, person):
    who = person()
    give(database, tree, who, Role.BUREAU_STAFF, PART)
    with database.session(tree["370100"]) as session:
        assert make_token(session, who.id, name="x", scopes=[Permission.RUN_READ])
        with pytest.raises(Invalid):
            make_token(session, who.id, name="x", scopes=[Permission.DATA_READ])


def test_a_service_token_is_the_whole_places_and_made_from_no_part(database, tree, person):
    who = person()
    give(database, tree, who, Role.BUREAU_STAFF, PART)
    service = {"name": "x", "scopes": [Permission.RUN_READ], "kind": TokenKind.SERVICE}
    with database.session(tree["370100"]) as session:
        with pytest.raises(Invalid):
            make_token(session, who.id, **service)
        add_member(session, who.id, Role.COMMUNITY_WORKER)
        assert make_token(session, who.id, **service)


def test_without_a_room_that_answers_nobody_has_any_extent():
    actor = Actor(id=uuid4(), name="x")
    assert not NoPolicy().extents(actor, uuid4())


def test_a_part_of_a_place_above_shows_nothing_below(database, tree, person):
    who, policy = person(), RoomPolicy(database, Config())
    with database.unbound() as session:
        find_tenant(session, "370103").parent_sees = ParentSees.ALL
    actor = Actor(id=who.id, name=who.name)
    give(database, tree, who, Role.BUREAU_STAFF, PART)
    below = {policy.extent(actor, each, tree["370103"]) for each in Permission}
    assert below == {NOWHERE}
    with database.unbound(who.id) as session:
        assert not places_held_whole(session, who.id)
    give(database, tree, who, Role.BUREAU_STAFF, None)
    assert policy.extent(actor, Permission.RUN_READ, tree["370103"]) == EVERYWHERE
    with database.unbound(who.id) as session:
        assert places_held_whole(session, who.id) == {tree["370100"]}
    with database.unbound() as session:
        find_tenant(session, "370103").parent_sees = ParentSees.SUBMITTED


@pytest.mark.parametrize("role", sorted(FOR_THE_WHOLE))
def test_who_answers_for_the_whole_place_is_given_no_part(database, tree, person, role):
    with pytest.raises(Invalid):
        give(database, tree, person(), role, PART)


@pytest.mark.parametrize("part", ["a b", "whole", "x" * 81, "\x00", "<b>"])
def test_what_is_no_area_is_no_part(database, tree, person, part):
    with pytest.raises(Invalid):
        give(database, tree, person(), Role.STREET_OFFICER, part)


def test_the_list_of_places_names_none_below_a_part(database, tree, signed):
    with database.unbound() as session:
        find_tenant(session, "370103").parent_sees = ParentSees.ALL
    browser = signed()
    give(database, tree, browser.person, Role.STREET_OFFICER, PART)
    assert "/t/370100/" in browser.open("/").text
    assert "/t/370103/" not in browser.open("/").text
    give(database, tree, browser.person, Role.STREET_OFFICER, None)
    assert "/t/370103/" in browser.open("/").text
    with database.unbound() as session:
        find_tenant(session, "370103").parent_sees = ParentSees.SUBMITTED


def test_the_members_page_gives_and_shows_a_part(database, tree, signed, person):
    browser, other, page = signed("bureau_admin"), person(), "/t/370100/members"
    browser.send(page, page=page, login=other.login, role="street_officer", part=PART, days="10")
    text = browser.open(page).text
    assert PART in text
    with database.session(tree["370100"]) as session:
        (held,) = (m for user, m in members_of(session) if user.id == other.id)
        assert (held.scope_area, held.granted_by) == (PART, browser.person.id)


def test_the_page_of_roles_is_the_table(signed):
    text = signed("surveyor").open("/t/370100/roles").text
    rows = [row for row in text.split("<tr>")[1:] if 'class="note">' in row]
    assert len(rows) == len(Permission)
    for permission, row in zip(Permission, rows, strict=True):
        assert f">{permission}<" in row
        told = row.split("</th>")[1].count("<td>有</td>")
        assert told == sum(permission in held for held in PERMISSIONS.values())
