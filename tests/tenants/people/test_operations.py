"""Accounts, roles and tokens, and the record of each."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from core.db import AuditEvent, audit
from core.errors import Conflict, Invalid, NotFound
from core.policy import Permission
from tenants.people.models import Membership, Role, User
from tenants.people.operations import (
    add_member,
    create_user,
    find_user,
    make_token,
    members_of,
    permissions_here,
    places_of,
    remove_member,
    revoke_token,
    set_password,
    tokens_of,
)

GOOD = "correct horse battery"


def last_action(session):
    return session.scalars(select(AuditEvent).order_by(AuditEvent.number.desc())).first()


def test_a_login_has_one_form(database):
    with database.unbound() as session:
        create_user(session, login=" Ｗang.Ming@Jinan ", name="王明")
        assert find_user(session, "WANG.MING@JINAN").login == "wang.ming@jinan"
        with pytest.raises(Conflict):
            create_user(session, login="wang.ming@jinan", name="另一人")


@pytest.mark.parametrize("login", ["", "a", "a b", "a\x00b", "a/b", "x" * 65, "<b>"])
def test_a_bad_login_makes_no_account(database, login):
    with pytest.raises(Invalid), database.unbound() as session:
        create_user(session, login=login, name="某人")
    with database.unbound() as session:
        assert session.scalar(select(func.count()).where(User.name == "某人")) == 0


def test_a_new_account_has_no_password(database, person):
    someone = person()
    with database.unbound() as session:
        assert session.get_one(User, someone.id).password_hash == ""


def test_a_weak_password_leaves_the_old_one(database, person):
    someone = person(password=GOOD)
    with database.unbound() as session:
        before = session.get_one(User, someone.id).password_hash
    with pytest.raises(Invalid), database.unbound() as session:
        set_password(session, session.get_one(User, someone.id), "short")
    with database.unbound() as session:
        assert session.get_one(User, someone.id).password_hash == before


def test_nobody_is_found_as_nobody(database):
    with pytest.raises(NotFound), database.unbound() as session:
        find_user(session, "nobody-at-all")


def test_roles_are_given_prolonged_and_taken_with_a_record_each(database, tree, person):
    someone = person("reviewer", "cn", days=1)
    with database.session(tree["cn"]) as session:
        add_member(session, someone.id, Role.REVIEWER)
        held = session.scalar(select(Membership).where(Membership.user_id == someone.id))
        assert held.expires_at is None
        assert last_action(session).action == "member.add"
        remove_member(session, someone.id, Role.REVIEWER)
        assert last_action(session).subject == f"user:{someone.id}"
        with pytest.raises(NotFound):
            remove_member(session, someone.id, Role.REVIEWER)
        assert audit.first_broken(session) is None


def test_a_tenant_lists_its_own_members_even_for_somebody_who_works_elsewhere_too(
    database, tree, person
):
    someone = person("bureau_staff", "370100")
    with database.session(tree["320500"]) as session:
        add_member(session, someone.id, Role.AUDITOR)
    with database.session(tree["320500"], someone.id) as session:
        mine = [member.role for user, member in members_of(session) if user.id == someone.id]
        assert mine == ["auditor"]
        assert Permission.RUN_START not in permissions_here(session, someone.id)


def test_people_see_where_they_work_and_others_do_not(database, tree, person):
    someone, other = person("bureau_staff", "370100"), person("bureau_staff", "320500")
    with database.session(tree["370103"]) as session:
        add_member(session, someone.id, Role.REVIEWER)
        add_member(session, someone.id, Role.AUDITOR)
    with database.unbound(someone.id) as session:
        places = [(tenant.slug, roles) for tenant, roles in places_of(session, someone.id)]
    assert places == [("370100", {"bureau_staff"}), ("370103", {"reviewer", "auditor"})]
    with database.unbound(other.id) as session:
        assert places_of(session, someone.id) == []


def test_an_expired_role_gives_nothing(database, tree, person):
    someone = person("bureau_admin", "370100")
    with database.session(tree["370100"]) as session:
        held = session.scalar(select(Membership).where(Membership.user_id == someone.id))
        held.expires_at = func.now()
    with database.session(tree["370100"]) as session:
        assert permissions_here(session, someone.id) == frozenset()
    with database.unbound(someone.id) as session:
        assert places_of(session, someone.id) == []


def test_a_token_is_shown_once_and_holds_no_more_than_its_person(database, tree, person):
    someone = person("bureau_staff", "370100")
    with database.session(tree["370100"]) as session:
        text = make_token(session, someone.id, name="脚本", scopes=[Permission.RUN_READ])
        token = tokens_of(session)[0]
        assert text.startswith(f"{tree['370100']}.")
        assert text.partition(".")[2] not in (token.token_hash, str(token.scopes))
        assert last_action(session).details["scopes"] == ["run.read"]
        assert "hash" not in str(last_action(session).details)
        for scopes in (
            [],
            [Permission.PEOPLE_MANAGE],
            [Permission.RUN_READ, Permission.AUDIT_READ],
        ):
            with pytest.raises(Invalid):
                make_token(session, someone.id, name="脚本", scopes=scopes)
        for days in (0, 367, -1):
            with pytest.raises(Invalid):
                make_token(session, someone.id, name="x", scopes=[Permission.RUN_READ], days=days)


def test_a_token_is_revoked_by_its_tenant_alone(database, tree, person):
    someone = person("bureau_staff", "370100")
    with database.session(tree["370100"]) as session:
        make_token(session, someone.id, name="脚本", scopes=[Permission.RUN_READ])
        token_id = tokens_of(session)[0].id
    with pytest.raises(NotFound), database.session(tree["320500"]) as session:
        revoke_token(session, token_id)
    with database.session(tree["370100"]) as session:
        revoke_token(session, token_id)
        with pytest.raises(NotFound):
            revoke_token(session, token_id)
