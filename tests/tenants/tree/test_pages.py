"""The list of places: one's own, those that let themselves be seen, and nothing of others."""

from __future__ import annotations

import pytest

from core.db import ParentSees
from tenants.people.models import Role
from tenants.people.operations import add_member
from tenants.tree.operations import find_tenant, set_parent_sees

LONGEST = 40


def places(browser):
    return browser.open("/").text


def test_nobody_sees_a_list_without_signing_in(browser, tree):
    assert browser.open("/").location == "/sign-in?next=/"


def test_ones_places_are_listed_with_their_way_up_and_ones_roles(signed, database, tree):
    browser = signed("bureau_staff", "370103")
    with database.session(tree["cn"]) as session:
        add_member(session, browser.person.id, Role.REVIEWER)
    text = places(browser)
    assert 'href="/t/370103/"' in text
    assert "全国 / 山东省 / 济南市" in text
    assert "商务局工作人员" in text
    assert "评审员" in text
    assert 'href="/t/cn/submissions"' in text
    assert "苏州市" not in text


def test_a_place_below_appears_when_it_lets_everything_be_seen(signed, database, tree):
    browser = signed("bureau_staff", "320000")
    assert 'href="/t/320500/"' not in places(browser)
    with database.session(tree["320500"]) as session:
        set_parent_sees(session, find_tenant(session, "320500"), ParentSees.ALL)
    assert 'href="/t/320500/"' in places(browser)
    assert "上级，只看" in places(browser)
    assert browser.open("/t/320500/").status_code == 200


def test_who_works_nowhere_is_told_so(signed):
    assert "还没有任何地区的角色" in places(signed())


def test_an_administrator_says_what_the_places_above_see(signed, database, tree):
    browser, page = signed("bureau_admin", "370103"), "/t/370103/submissions"
    assert browser.send("/t/370103/sharing", page=page, sees="nothing").location == page
    with database.unbound() as session:
        assert find_tenant(session, "370103").parent_sees == ParentSees.NOTHING
    assert browser.send("/t/370103/sharing", page=page, sees="more").status_code == 422


STRANGE = ("CN", "%00", "a%00b", "a" * (LONGEST + 1), "x" * 5000, "'--", "%F0%9F%8F%99", "cn%20")


@pytest.mark.parametrize("slug", ["nowhere", "320500", *STRANGE])
def test_a_strange_slug_and_a_strangers_place_are_answered_like_none(signed, slug):
    browser = signed("bureau_staff", "370100")
    answer = browser.open(f"/t/{slug}/")
    assert answer.status_code == 404
    if "%00" not in slug:  # control characters are refused before anything looks at them
        assert answer.text == browser.open("/t/never-was/").text
