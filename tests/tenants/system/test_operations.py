"""System roles: one each, never beside a tenant's, and a record of every change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import func, insert, update
from sqlalchemy.exc import IntegrityError

from core.db import verify_installation
from core.errors import Conflict, NotFound
from core.policy import Actor, Permission, SystemPermission
from tenants.people.models import Role, User
from tenants.people.operations import add_member, find_user, make_token
from tenants.people.policy import RoomPolicy
from tenants.people.roles import SYSTEM_PERMISSIONS, SYSTEM_ROLE_NAMES
from tenants.people.totp import next_step
from tenants.system.commands import commands, identity
from tenants.system.models import Identity, SystemRole, SystemRoleHeld
from tenants.system.operations import (
    add_system_role,
    paused_accounts,
    refuse_working,
    remove_system_role,
    system_role_of,
    system_roles,
    unpause,
)


def hold(database, who, role):
    with database.unbound() as session:
        add_system_role(session, session.get_one(User, who.id), SystemRole(role))


@pytest.fixture
def type_in(known):
    def run(*words, command=commands):
        return CliRunner().invoke(command, words, obj=known, catch_exceptions=False)

    return run


@pytest.mark.parametrize("second", SystemRole)
def test_nobody_holds_two(database, person, second):
    who = person()
    hold(database, who, "audit_admin")
    with pytest.raises(Conflict, match="三权分立"):
        hold(database, who, second)
    with database.unbound() as session:
        assert system_role_of(session, who.id) == SystemRole.AUDIT_ADMIN


def test_the_database_itself_refuses_a_second_role_and_an_unknown_one(database, person):
    who, other = person(), person()
    hold(database, who, "audit_admin")
    for user_id, role in ((who.id, "system_admin"), (other.id, "king")):
        with pytest.raises(IntegrityError), database.unbound() as session:
            session.execute(insert(SystemRoleHeld.__table__).values(user_id=user_id, role=role))


def test_whoever_works_in_a_tenant_runs_no_installation_and_the_other_way_round(
    database, tree, person
):
    worker, runner = person("bureau_staff"), person()
    with pytest.raises(Conflict, match="370100"), database.unbound(worker.id) as session:
        refuse_working(session, session.get_one(User, worker.id))
    with database.unbound(runner.id) as session:
        refuse_working(session, session.get_one(User, runner.id))
    hold(database, runner, "system_admin")
    with pytest.raises(Conflict, match="系统管理员"), database.session(tree["370100"]) as session:
        add_member(session, runner.id, Role.AUDITOR)


def test_even_a_role_that_was_there_before_counts_for_nothing(database, known, tree, person):
    who = person("bureau_admin")
    hold(database, who, "system_admin")  # as a slip on the server would
    policy = RoomPolicy(database, known.config)
    runner = Actor(id=who.id, name="x", system="system_admin")
    assert not any(policy.may(runner, each, tree["370100"]) for each in Permission)


def test_a_token_from_before_is_worth_nothing(app, database, tree, person):
    who = person("bureau_admin")
    with database.session(tree["370100"]) as session:
        token = make_token(session, who.id, name="脚本", scopes=[Permission.TENANT_READ])
    headers = {"Authorization": f"Bearer {token}"}
    client = app.test_client()
    assert client.get("/api/v1/tenants/370100", headers=headers).status_code == 200
    hold(database, who, "audit_admin")
    assert client.get("/api/v1/tenants/370100", headers=headers).status_code in {403, 404}
    assert client.get("/system/events", headers=headers).status_code == 404


@pytest.mark.parametrize("role", SystemRole)
def test_each_role_may_exactly_what_the_table_says(database, known, role):
    policy = RoomPolicy(database, known.config)
    holder = Actor(id=database_id(), name="x", session_id=database_id(), system=role)
    may = {each for each in SystemPermission if policy.may_system(holder, each)}
    assert may == SYSTEM_PERMISSIONS[role]
    nobody = Actor(id=holder.id, name="x", session_id=holder.session_id)
    program = Actor(id=holder.id, name="x", tenant_id=holder.id, system=role)
    for other in (nobody, program):
        assert not any(policy.may_system(other, each) for each in SystemPermission)


def database_id():
    from core.db import new_id  # noqa: PLC0415 - a name of its own

    return new_id()


def test_every_role_has_its_row_and_its_name_and_no_power_is_shared_but_looking():
    assert set(SYSTEM_PERMISSIONS) == set(SYSTEM_ROLE_NAMES) == set(SystemRole)
    assert frozenset().union(*SYSTEM_PERMISSIONS.values()) == set(SystemPermission)
    for one in SystemRole:
        for other in SystemRole:
            if one != other:
                shared = SYSTEM_PERMISSIONS[one] & SYSTEM_PERMISSIONS[other]
                assert shared == {SystemPermission.ROLES_READ}


def test_whoever_runs_the_installation_is_asked_for_a_second_factor(database, person):
    who = person()
    hold(database, who, "security_admin")
    with database.unbound(who.id) as session:
        assert next_step(session, session.get_one(User, who.id)) == "code"


def test_roles_are_given_taken_and_listed_by_command(database, type_in, person, happened):
    who = person()
    worker = person("bureau_staff")
    added = type_in("add", who.login, "--role", "system_admin")
    assert "系统管理员" in added.output
    for login in (who.login, worker.login):
        with pytest.raises(Conflict):
            type_in("add", login, "--role", "audit_admin")
    assert f"{who.login}\tsystem_admin" in type_in("list").output
    assert "不再是系统管理员" in type_in("remove", who.login).output
    assert who.login not in type_in("list").output
    with pytest.raises(NotFound):
        type_in("remove", who.login)
    assert [event for event in happened() if event[0].startswith("system_role")] == [
        ("system_role.add", f"user:{who.id}", {"role": "system_admin"}),
        ("system_role.remove", f"user:{who.id}", {"role": "system_admin"}),
    ]


def test_the_first_one_gets_an_account_by_the_same_command(database, type_in, tree):
    type_in("add", "first.admin", "--role", "security_admin", "--name", "张三")
    with database.unbound() as session:
        user = find_user(session, "first.admin")
        assert (user.name, user.password_hash) == ("张三", "")
        assert (user.login, "security_admin") in [
            (each.login, held.role) for each, held in system_roles(session)
        ]
        remove_system_role(session, user)


def test_an_identity_is_bound_by_command_and_recorded_without_its_subject(
    database, type_in, person, happened
):
    who = person()
    words = (who.login, "--provider", "house", "--subject", "s-by-command")
    assert type_in(*words, command=identity).exit_code == 0
    with pytest.raises(Conflict):
        type_in(*words, command=identity)
    with pytest.raises(NotFound):
        type_in(who.login, "--provider", "nowhere", "--subject", "x", command=identity)
    with database.unbound() as session:
        from sqlalchemy import select  # noqa: PLC0415 - one row

        row = session.scalars(select(Identity).where(Identity.subject == "s-by-command")).one()
        assert row.user_id == who.id
    assert ("identity.bind", f"user:{who.id}", {"provider": "house"}) in happened()


def test_a_paused_account_is_listed_and_let_in_again_by_whoever_may(database, person, happened):
    who = person()
    later = func.now() + func.make_interval(0, 0, 0, 0, 0, 10)
    with database.unbound() as session:
        session.execute(update(User).where(User.id == who.id).values(failed=5, locked_until=later))
    with database.unbound() as session:
        assert who.login in [user.login for user in paused_accounts(session)]
        unpause(session, who.id)
    with database.unbound() as session:
        user = session.get_one(User, who.id)
        assert (user.failed, user.locked_until) == (0, None)
        with pytest.raises(NotFound):
            unpause(session, who.id)
    assert ("account.unpause", f"user:{who.id}", {}) in happened()


def test_every_word_of_signing_in_leaves_exactly_one_event(app, database, person, happened):
    from tests.tenants.browsing import Browser  # noqa: PLC0415 - only here
    from tests.tenants.conftest import PASSWORD  # noqa: PLC0415 - only here

    who = person("operator", password=PASSWORD)
    before = len(happened())
    browser = Browser(app)
    told = []

    def since():
        told.append([event[:2] for event in happened()[before + sum(map(len, told)) :]])
        return told[-1]

    browser.sign_in(who.login, "not the password")
    assert since() == [("sign_in.refuse", f"user:{who.id}")]
    browser.sign_in("nobody.at.all", "not the password")
    assert since() == [("sign_in.refuse", "login:unknown")]
    browser.sign_in(who.login, PASSWORD)
    assert since() == [("sign_in.accept", f"user:{who.id}")]
    browser.send("/sign-out", page="/account")
    (ended,) = since()
    assert ended[0] == "session.end"
    assert SimpleNamespace(id=who.id).id  # nobody is named
    everything = str(happened())
    for word in (who.login, who.name, "nobody.at.all", "not the password"):
        assert word not in everything


def test_places_and_plugins_leave_an_event_beside_their_tenants_own_record(
    database, services, tree, happened
):
    from tenants.tree.operations import create_tenant  # noqa: PLC0415 - only here
    from tenants.tree.plugins import Word, set_plugin  # noqa: PLC0415 - only here

    with database.unbound() as session:
        place = create_tenant(session, name="新城", slug="x-event")
        tenant_id = place.id
    with database.session(tenant_id) as session:
        set_plugin(session, services.host, Word(plugin_key="grid", on=True))
    told = {"tenant": str(tenant_id), "state": "on", "locked": False}
    made = {"level": "city", "path": "/x-event/", "sample": False}
    assert happened() == [
        ("tenant.create", "tenant:x-event", made),
        ("plugin.set", "plugin:grid", told),
    ]


def test_somebody_who_runs_the_installation_finds_its_pages_from_where_they_land(holder):
    assert 'href="/system"' in holder("audit_admin").open("/account").text
    assert 'href="/system"' not in holder(None).open("/account").text


@pytest.mark.parametrize("role", SystemRole)
def test_the_readme_names_each_role_with_exactly_its_permissions(role):
    readme = Path(__file__).resolve().parents[3] / "tenants" / "system" / "README.md"
    (row,) = (
        line
        for line in readme.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| `{role}`")
    )
    told = {permission for permission in SystemPermission if f"`{permission}`" in row}
    assert told == SYSTEM_PERMISSIONS[role]


def test_a_link_that_lets_nobody_in_leaves_an_event_without_its_text(app, happened):
    from tests.tenants.browsing import Browser  # noqa: PLC0415 - only here

    browser = Browser(app)
    path = "/sign-in/link/some-unknown-text"
    assert browser.send(path, page=path).status_code == 401
    assert happened() == [("sign_in.refuse", "link:unknown", {})]


def test_two_people_cannot_be_given_one_persons_two_roles_at_once(database, person):
    who = person()

    def give(role):
        try:
            hold(database, who, role)
        except Conflict:
            return 0
        return 1

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(give, SystemRole)) == 1
    with database.unbound() as session:
        assert verify_installation(session) is None
