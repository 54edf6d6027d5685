"""Invitations: what the link is worth, once, for seven days, and to whom."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from core.db import AuditEvent, Tenant, TenantState
from core.errors import Conflict, Invalid, NotFound
from tenants.people.invitations import (
    LASTS,
    accept,
    invitations_of,
    invite,
    invited_by,
    resend,
    revoke,
)
from tenants.people.models import Invitation, Membership, Role, Step, User
from tenants.people.operations import find_user
from tenants.people.signing import sign_in
from tests.tenants.browsing import Browser
from tests.tenants.conftest import PASSWORD

LINK = re.compile(r"http://localhost(/invitation/[\w.-]+)")


@pytest.fixture
def invitation(database, tree, request):
    """Give a function that invites somebody to 济南市: the link's text."""

    def make(login=None, role=Role.SURVEYOR, **kwargs):
        name = login or re.sub(r"\W", "", request.node.name)[-40:].lower()
        with database.session(tree["370100"]) as session:
            return invite(session, login=name, name="新人", role=role, **kwargs)

    return make


def last_of(session):
    return invitations_of(session)[0]


def actions(database, tenant_id):
    with database.session(tenant_id) as session:
        events = select(AuditEvent.action).order_by(AuditEvent.number)
        return session.scalars(events).all()


def test_an_invitation_says_where_and_as_what_and_keeps_only_a_digest(database, tree, invitation):
    token = invitation(days=30, scope_area="street:370103001")
    told = invited_by(database, token)
    assert (told.place, told.name, told.role) == ("济南市", "新人", Role.SURVEYOR)
    with database.session(tree["370100"]) as session:
        row = last_of(session)
        assert token.partition(".")[2] not in (row.token_hash, str(row.id))
        assert row.expires_at - row.created_at == LASTS


def test_accepting_makes_account_password_and_role_with_one_record(database, tree, invitation):
    token = invitation("li.si", days=30, scope_area="street:370103001")
    before = actions(database, tree["370100"])
    user_id = accept(database, token, PASSWORD)
    assert actions(database, tree["370100"]) == [*before, "invitation.accept"]
    with database.session(tree["370100"]) as session:
        held = session.scalars(select(Membership).where(Membership.user_id == user_id)).one()
        assert (held.role, held.scope_area) == ("surveyor", "street:370103001")
        days = session.scalar(select(func.now()))
        assert (held.expires_at - days).days in {29, 30}
        assert last_of(session).accepted_by == user_id
    assert sign_in(database, "li.si", PASSWORD).user_id == user_id


def test_a_link_is_accepted_once_even_by_many_at_a_time(database, invitation):
    token = invitation()

    def take():
        try:
            accept(database, token, PASSWORD)
        except (NotFound, Conflict):
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(done.result() for done in [pool.submit(take) for _ in range(6)]) == 1
    with pytest.raises(NotFound):
        invited_by(database, token)


def test_a_weak_password_leaves_the_invitation_as_it_was(database, invitation):
    token = invitation("wang.wu")
    with pytest.raises(Invalid):
        accept(database, token, "password1234")
    with pytest.raises(NotFound), database.unbound() as session:
        find_user(session, "wang.wu")
    assert accept(database, token, PASSWORD)


def test_a_revoked_an_old_and_a_renewed_link_are_worth_nothing(database, tree, invitation):
    revoked = invitation("one.one")
    with database.session(tree["370100"]) as session:
        revoke(session, last_of(session).id)
    old = invitation("two.two")
    with database.session(tree["370100"]) as session:
        session.execute(update(Invitation).values(expires_at=func.now()))
    renewed = invitation("three.three")
    with database.session(tree["370100"]) as session:
        fresh = resend(session, last_of(session).id)
    for token in (revoked, old, renewed, "unknown", f"{tree['370100']}.unknown", ""):
        with pytest.raises(NotFound):
            accept(database, token, PASSWORD)
    assert accept(database, fresh, PASSWORD)


def test_an_expired_invitation_is_renewed_for_seven_more_days(database, tree, invitation):
    invitation()
    with database.session(tree["370100"]) as session:
        session.execute(update(Invitation).values(expires_at=func.now()))
        fresh = resend(session, last_of(session).id)
    assert invited_by(database, fresh)


def test_what_was_accepted_or_revoked_is_neither_renewed_nor_revoked(database, tree, invitation):
    accept(database, invitation(), PASSWORD)
    with database.session(tree["370100"]) as session:
        known = last_of(session).id
    for verb in (resend, revoke):
        with pytest.raises(NotFound), database.session(tree["370100"]) as session:
            verb(session, known)


def test_whoever_has_an_account_or_an_open_invitation_is_not_invited(database, person, invitation):
    with pytest.raises(Conflict):
        invitation(person().login)
    invitation("twice")
    with pytest.raises(Conflict):
        invitation("TWICE")


@pytest.mark.parametrize(
    "kwargs",
    [
        {"login": "a b"},
        {"role": Role.BUREAU_ADMIN, "scope_area": "street:1"},
        {"scope_area": "a part"},
        {"scope_area": "whole"},
    ],
)
def test_what_cannot_be_is_not_invited(invitation, kwargs):
    with pytest.raises(Invalid):
        invitation(**kwargs)


def test_another_place_neither_sees_nor_changes_an_invitation(database, tree, invitation):
    token = invitation()
    with database.session(tree["370100"]) as session:
        known = last_of(session).id
    with database.session(tree["320500"]) as session:
        assert invitations_of(session) == []
    for verb in (resend, revoke):
        with pytest.raises(NotFound), database.session(tree["320500"]) as session:
            verb(session, known)
    secret = token.partition(".")[2]
    with pytest.raises(NotFound):
        invited_by(database, f"{tree['320500']}.{secret}")


def test_a_suspended_place_takes_nobody_in(database, tree, invitation):
    token = invitation()
    with database.unbound() as session:
        session.get_one(Tenant, tree["370100"]).state = TenantState.SUSPENDED
    with pytest.raises(NotFound):
        accept(database, token, PASSWORD)
    with database.unbound() as session:
        session.get_one(Tenant, tree["370100"]).state = TenantState.ACTIVE


def test_every_verb_writes_one_record(database, tree, invitation):
    before = actions(database, tree["370100"])
    invitation()
    with database.session(tree["370100"]) as session:
        resend(session, last_of(session).id)
    with database.session(tree["370100"]) as session:
        revoke(session, last_of(session).id)
    made = ["invitation.make", "invitation.resend", "invitation.revoke"]
    assert actions(database, tree["370100"]) == before + made


def test_an_administrator_invites_and_the_invited_chooses_a_password(signed, app, database):
    browser, page = signed("bureau_admin"), "/t/370100/invitations"
    form = {
        "login": "xin.ren",
        "name": "辛仁",
        "role": "community_worker",
        "days": "30",
        "part": "",
    }
    answer = browser.send(page, page=page, **form)
    (link,) = LINK.findall(answer.text)
    listed = browser.open(page).text
    assert "辛仁" in listed
    assert "待接受" in listed
    assert link not in listed
    newcomer = Browser(app)
    opened = newcomer.open(link)
    assert "辛仁，您受邀在济南市担任社区工作者" in opened.text
    refused = newcomer.send(link, page=link, new=PASSWORD, again="something else")
    assert refused.status_code == 422
    done = newcomer.send(link, page=link, new=PASSWORD, again=PASSWORD)
    assert (done.status_code, done.location) == (303, "/")
    assert "社区工作者" in newcomer.open("/account").text
    assert Browser(app).open(link).status_code == 404
    assert "已接受" in browser.open(page).text
    with database.unbound() as session:
        assert find_user(session, "xin.ren").password_hash.startswith("$argon2id$")


def test_invited_staff_enrol_a_phone_before_they_are_in(signed, app, database):
    browser, page = signed("bureau_admin"), "/t/370100/invitations"
    form = {"login": "xin.guan", "name": "辛关", "role": "bureau_staff"}
    (link,) = LINK.findall(browser.send(page, page=page, **form).text)
    newcomer = Browser(app)
    done = newcomer.send(link, page=link, new=PASSWORD, again=PASSWORD)
    assert done.location == "/sign-in/phone?next=/"
    assert newcomer.open("/account").status_code == 302
    with database.unbound() as session:
        assert session.scalar(select(User.password_hash).where(User.login == "xin.guan"))
    assert sign_in(database, "xin.guan", PASSWORD).awaits is Step.CODE  # later, not by a password


def test_the_page_makes_a_new_link_and_takes_an_invitation_back(signed, app):
    browser, page = signed("bureau_admin"), "/t/370100/invitations"
    form = {"login": "hou.bu", "name": "侯补", "role": "surveyor"}
    (old,) = LINK.findall(browser.send(page, page=page, **form).text)
    (path,) = re.findall(rf'action="({page}/[\w-]+/resend)"', browser.open(page).text)[:1]
    (new,) = LINK.findall(browser.send(path, page=page).text)
    assert Browser(app).open(old).status_code == 404
    assert Browser(app).open(new).status_code == 200
    assert browser.send(path.replace("resend", "revoke"), page=page).status_code == 303
    assert Browser(app).open(new).status_code == 404
    assert browser.send(path.replace("resend", "revoke"), page=page).status_code == 404


@pytest.mark.parametrize("role", ["bureau_staff", "reviewer", "auditor"])
def test_others_neither_see_nor_make_invitations(signed, role):
    browser = signed(role)
    assert browser.open("/t/370100/invitations").status_code == 403
    form = {"login": "x.y", "name": "x", "role": "surveyor"}
    answer = browser.send("/t/370100/invitations", page="/account", **form)
    assert answer.status_code == 403
