"""Roles for a part of a place: what is stored, what is left, what cannot be."""

from __future__ import annotations

import pytest

from core.config import Config
from core.db import ParentSees
from core.errors import Invalid
from core.policy import Actor, Permission
from tenants.people.models import Role
from tenants.people.operations import add_member, members_of, permissions_here
from tenants.people.policy import RoomPolicy
from tenants.people.roles import FOR_THE_WHOLE, LEFT_TO_A_PART, PERMISSIONS
from tenants.tree.operations import find_tenant

PART = "street:370103001"


def give(database, tree, who, role, part, slug="370100"):
    with database.session(tree[slug]) as session:
        return add_member(session, who.id, role, scope_area=part).scope_area


@pytest.mark.parametrize("role", sorted(set(Role) - FOR_THE_WHOLE))
def test_a_role_for_a_part_looks_and_changes_nothing(database, tree, person, role):
    who, policy = person(), RoomPolicy(database, Config())
    assert give(database, tree, who, role, f" {PART} ") == PART
    actor = Actor(id=who.id, name=who.name)
    may = {each for each in Permission if policy.may(actor, each, tree["370100"])}
    assert may == PERMISSIONS[role] & LEFT_TO_A_PART
    with database.session(tree["370100"]) as session:
        assert permissions_here(session, who.id) == may
    assert not {Permission.DATA_IMPORT, Permission.RUN_START, Permission.RUN_SUBMIT} & may


def test_a_part_of_a_place_above_shows_nothing_below(database, tree, person):
    who, policy = person(), RoomPolicy(database, Config())
    with database.unbound() as session:
        find_tenant(session, "370103").parent_sees = ParentSees.ALL
    actor = Actor(id=who.id, name=who.name)
    give(database, tree, who, Role.BUREAU_STAFF, PART)
    assert not any(policy.may(actor, each, tree["370103"]) for each in Permission)
    give(database, tree, who, Role.BUREAU_STAFF, None)
    assert policy.may(actor, Permission.RUN_READ, tree["370103"])
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
