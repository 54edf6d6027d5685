"""The second factor: who is asked, what fits, what fits once, what takes it away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import segno
from sqlalchemy import select

from core.db import AuditEvent
from core.db.installation import InstallationEvent
from core.errors import Conflict, Invalid, NotFound, NotSignedIn
from tenants.people import totp
from tenants.people.models import RecoveryCode, Role, Step, User
from tenants.people.operations import remove_member
from tenants.people.roles import STAFF
from tenants.people.signing import FAILURES, sign_in, sign_in_by_code, step_of
from tests.tenants.conftest import PASSWORD
from tests.tenants.phone import KEY, Phone


def user_of(session, who):
    return session.get_one(User, who.id)


def fits(database, who, code, key=KEY):
    with database.unbound(who.id) as session:
        return totp.fits(session, user_of(session, who), code, key)


def by_code(database, who, code):
    step = sign_in(database, who.login, PASSWORD)
    assert step.awaits is Step.CODE
    return sign_in_by_code(database, step.token, code, secret_key=KEY)


@pytest.mark.parametrize("role", Role)
def test_staff_without_a_phone_are_asked_for_a_code_and_others_are_in(database, person, role):
    who = person(role, password=PASSWORD)
    expected = Step.CODE if role in STAFF else None
    assert sign_in(database, who.login, PASSWORD).awaits is expected


def test_a_role_that_ended_asks_nothing_any_more(database, tree, person):
    who = person("bureau_staff", password=PASSWORD)
    with database.session(tree["370100"]) as session:
        remove_member(session, who.id, Role.BUREAU_STAFF)
    assert sign_in(database, who.login, PASSWORD).awaits is None


def test_a_phone_counts_whatever_the_role(database, enrolled):
    who, _phone, _codes = enrolled("surveyor", password=PASSWORD)
    assert sign_in(database, who.login, PASSWORD).awaits is Step.CODE


def test_the_secret_is_sealed_and_the_codes_are_hashed(database, enrolled):
    who, _phone, codes = enrolled()
    with database.unbound(who.id) as session:
        sealed = user_of(session, who).totp_secret
        mine = select(RecoveryCode.code_hash).where(RecoveryCode.user_id == who.id)
        kept = session.scalars(mine).all()
    assert len(codes) == len(set(codes)) == totp.RECOVERY_CODES == len(kept)
    assert len(sealed) > 60
    assert not set(codes) & set(kept)


def test_a_secret_stays_the_same_until_it_is_confirmed(database, person):
    who = person("bureau_staff")
    with database.unbound(who.id) as session:
        first = totp.begin(session, user_of(session, who), KEY)
        assert totp.begin(session, user_of(session, who), KEY) == first
        with pytest.raises(Invalid):
            totp.confirm(session, user_of(session, who), "000000", KEY)
        totp.confirm(session, user_of(session, who), Phone(first).code(), KEY)
        with pytest.raises(Conflict):
            totp.begin(session, user_of(session, who), KEY)
        with pytest.raises(Conflict):
            totp.confirm(session, user_of(session, who), Phone(first).code(1), KEY)


def test_a_code_of_the_enrolment_does_not_sign_in_afterwards(database, person):
    who = person("bureau_staff")
    with database.unbound(who.id) as session:
        phone = Phone(totp.begin(session, user_of(session, who), KEY))
        code = phone.code()
        totp.confirm(session, user_of(session, who), code, KEY)
    assert not fits(database, who, code)


def test_a_code_works_once_and_takes_the_older_ones_with_it(database, enrolled):
    who, phone, _codes = enrolled()
    older, code = phone.code(-1), phone.code()
    assert fits(database, who, code)
    assert not fits(database, who, code)
    assert not fits(database, who, older)
    assert fits(database, who, phone.code(1))


@pytest.mark.parametrize("ahead", [-3, 3, 100])
def test_a_code_of_another_time_does_not_fit(database, enrolled, ahead):
    who, phone, _codes = enrolled()
    assert not fits(database, who, phone.code(ahead))


def test_of_many_requests_with_one_code_one_signs_in(database, enrolled):
    who, phone, _codes = enrolled()
    code = phone.code()
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(fits, database, who, code) for _ in range(8)]
        assert sum(each.result() for each in done) == 1


@pytest.mark.parametrize("typed", ["", "12345", "１２３４５６", "\ud800", "000 000", "x" * 10_000])
def test_what_is_no_code_does_not_fit(database, enrolled, typed):
    who, _phone, _codes = enrolled()
    assert not fits(database, who, typed)


def test_a_recovery_code_works_once_however_it_is_typed(database, enrolled):
    who, _phone, codes = enrolled()
    other, _phone, _codes = enrolled()
    assert not fits(database, other, codes[0])
    assert fits(database, who, codes[0].upper().replace("-", " "))
    assert not fits(database, who, codes[0])
    with database.unbound(who.id) as session:
        assert totp.codes_left(session, who.id) == totp.RECOVERY_CODES - 1


def test_new_recovery_codes_end_the_old_ones(database, enrolled):
    who, _phone, codes = enrolled()
    with database.unbound(who.id) as session:
        fresh = totp.renew_codes(session, user_of(session, who))
    assert not fits(database, who, codes[0])
    assert fits(database, who, fresh[0])


def test_with_another_secret_key_the_phone_fails_and_a_recovery_code_still_works(
    database, enrolled
):
    who, phone, codes = enrolled()
    assert not fits(database, who, phone.code(), "another key of the installation")
    assert fits(database, who, codes[0], "another key of the installation")


def test_a_password_and_a_code_sign_in_with_a_new_token(database, enrolled):
    who, phone, _codes = enrolled(password=PASSWORD)
    step = sign_in(database, who.login, PASSWORD)
    signed = sign_in_by_code(database, step.token, phone.code(), secret_key=KEY)
    assert signed.user_id == who.id
    assert signed.token != step.token
    with database.unbound() as session:
        assert step_of(session, step.token) is None
    with pytest.raises(NotSignedIn):
        sign_in_by_code(database, step.token, phone.code(1), secret_key=KEY)


def test_guesses_at_codes_count_though_each_follows_a_right_password(database, enrolled):
    who, phone, _codes = enrolled(password=PASSWORD)
    for _ in range(FAILURES):
        with pytest.raises(NotSignedIn):
            by_code(database, who, "000000")
    with pytest.raises(NotSignedIn):
        sign_in(database, who.login, PASSWORD)
    with database.unbound() as session:
        user_of(session, who).locked_until = user_of(session, who).created_at
    assert by_code(database, who, phone.code()).user_id == who.id
    with database.unbound() as session:
        assert user_of(session, who).failed == 0


def test_an_administrator_takes_a_lost_phone_away_with_one_record(database, tree, enrolled):
    who, _phone, codes = enrolled(password=PASSWORD)
    signed = by_code(database, who, codes[0])
    with database.session(tree["370100"]) as session:
        before = len(session.scalars(select(AuditEvent)).all())
        assert totp.reset(session, who.id) == who.name
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.number)).all()
        last = events[-1].action, events[-1].subject
    assert len(events) == before + 1
    assert last == ("totp.reset", f"user:{who.id}")
    assert signed.token
    assert not fits(database, who, codes[1])
    assert sign_in(database, who.login, PASSWORD).awaits is Step.CODE


def test_an_administrators_code_leads_from_the_password_to_a_phone(database, tree, person):
    who = person("bureau_staff", password=PASSWORD)
    with database.session(tree["370100"]) as session:
        word = totp.allow_member(session, who.id)
        (last,) = session.scalars(select(AuditEvent).order_by(AuditEvent.number.desc()).limit(1))
        assert (last.action, last.subject) == ("totp.allow", f"user:{who.id}")
        assert word not in str(last.details)
    step = by_code(database, who, word)
    assert step.awaits is Step.ENROL
    with pytest.raises(NotSignedIn):
        by_code(database, who, word)


def test_no_code_is_made_for_who_has_a_phone_or_is_elsewhere(database, tree, enrolled, person):
    who, _phone, codes = enrolled()
    with pytest.raises(Conflict), database.session(tree["370100"]) as session:
        totp.allow_member(session, who.id)
    with pytest.raises(NotFound), database.session(tree["320500"]) as session:
        totp.allow_member(session, person("bureau_staff").id)
    assert fits(database, who, codes[0])


def test_somebody_elsewhere_is_nobody_to_an_administrator(database, tree, enrolled):
    who, _phone, codes = enrolled()
    with pytest.raises(NotFound), database.session(tree["320500"]) as session:
        totp.reset(session, who.id)
    assert fits(database, who, codes[0])


def test_what_has_no_phone_is_not_reset(database, tree, person):
    who = person("bureau_staff")
    with pytest.raises(Conflict), database.session(tree["370100"]) as session:
        totp.reset(session, who.id)


def test_ones_own_changes_are_recorded_once_each(database, enrolled):
    who, _phone, _codes = enrolled()
    with database.unbound(who.id) as session:
        totp.renew_codes(session, user_of(session, who))
    with database.unbound(who.id) as session:
        totp.exchange(session, user_of(session, who))
    with database.unbound() as session:
        mine = InstallationEvent.subject == f"user:{who.id}"
        events = select(InstallationEvent).where(mine).order_by(InstallationEvent.number)
        actions = [row.action for row in session.scalars(events)]
    assert actions[-3:] == ["totp.enrol", "totp.renew_codes", "totp.forget"]


def test_the_picture_is_the_address_and_leaves_no_dark_module_out():
    address = totp.address("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "wang")
    assert (
        address
        == "otpauth://totp/lifecircle:wang?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=lifecircle"
    )
    side, dark = totp.picture(address)
    drawn = segno.make_qr(address, error="m").matrix
    assert side == len(drawn)
    assert dark.count("M") == sum(map(sum, drawn))
    assert (
        totp.spelled("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        == "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"
    )
