"""The tree: places at their place, found, refused."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.db import AuditEvent, Level, ParentSees, Tenant, TenantState, audit
from core.errors import Conflict, Invalid, NotFound
from tenants.tree.operations import (
    all_tenants,
    ancestors,
    create_tenant,
    descendants,
    find_tenant,
    set_parent_sees,
)


def create(database, **wished):
    with database.unbound() as session:
        tenant = create_tenant(session, **wished)
        return tenant.slug, tenant.path, tenant.level, tenant.name


def test_official_places_stand_below_each_other(database, tree):
    with database.unbound() as session:
        shizhong = find_tenant(session, "370103")
        assert shizhong.path == "/cn/37/3701/370103/"
        assert (shizhong.level, shizhong.name, shizhong.english) == (
            "district",
            "市中区",
            "Shizhong",
        )
        assert [place.slug for place in ancestors(session, shizhong)] == ["cn", "370000", "370100"]
        below = descendants(session, find_tenant(session, "370000"))
        assert {place.slug for place in below} >= {"370100", "370103"}
        assert "320500" not in {place.slug for place in below}
        assert all_tenants(session)[0].slug == "cn"


def test_a_level_may_be_left_out_when_something_above_exists(database, tree):
    assert create(database, code="110101", name="东城区")[1] == "/cn/110101/"
    with pytest.raises(Conflict, match="自上而下"):
        create(database, code="11")


def test_a_place_elsewhere_needs_only_a_name(database, tree):
    slug, path, level, name = create(database, name=" Las Palmas ")
    assert slug.startswith("x-")
    assert len(slug) == 10
    assert (path, level, name) == (f"/{slug}/", "city", "Las Palmas")


def test_a_place_without_a_code_may_have_a_slug_and_a_parent(database, tree):
    slug, path, level, _ = create(database, name="高新区", slug="gaoxin", parent_slug="370100")
    assert (slug, path, level) == ("gaoxin", "/cn/37/3701/gaoxin/", "district")


@pytest.mark.parametrize(
    "wished",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "字" * 61},
        {"name": "济南\x00"},
        {"name": "济南\u202e"},
        {"name": "济\n南"},
        {"name": "甲", "slug": "UPPER"},
        {"name": "甲", "slug": "370199"},
        {"name": "甲", "slug": "a/b"},
        {"name": "甲", "slug": "-a"},
        {"name": "甲", "code": "37010"},
        {"code": "370199"},
        {"code": "370201", "name": "市南区", "parent_slug": "370100"},
        {"name": "甲", "level": Level.PROVINCE, "parent_slug": "370100"},
    ],
)
def test_what_is_no_place_is_refused_and_nothing_is_made(database, tree, wished):
    with database.unbound() as session:
        before = len(all_tenants(session))
    with pytest.raises(Invalid):
        create(database, **wished)
    with database.unbound() as session:
        assert len(all_tenants(session)) == before


def test_parents_must_exist(database, tree):
    with pytest.raises(NotFound):
        create(database, name="甲", parent_slug="nowhere")


def test_without_any_ancestor_a_code_is_refused_with_the_way_round(database_urls, database, tree):
    with database.unbound() as session:
        for place in all_tenants(session):
            place.state = TenantState.SUSPENDED
        session.flush()
        with pytest.raises(NotFound, match="--code cn"):
            create_tenant(session, code="410100", name="郑州市")
        for place in all_tenants(session):
            place.state = TenantState.ACTIVE


def test_a_place_is_made_once(database, tree):
    with pytest.raises(Conflict, match="济南市"):
        create(database, code="370100")


def test_a_suspended_place_is_not_found(database, tree):
    slug = create(database, name="停用的地方")[0]
    with database.unbound() as session:
        find_tenant(session, slug).state = TenantState.SUSPENDED
    with pytest.raises(NotFound), database.unbound() as session:
        find_tenant(session, slug)


@pytest.mark.parametrize("slug", ["", "nowhere", "\x00", "\ud800", "370100/..", "3701%", "x" * 500])
def test_what_is_no_slug_finds_nothing(database, tree, slug):
    with pytest.raises(NotFound), database.unbound() as session:
        find_tenant(session, slug)


def test_creation_is_the_first_record_of_its_chain(database, tree):
    with database.session(tree["370100"]) as session:
        first = session.scalar(select(AuditEvent).where(AuditEvent.number == 1))
        assert (first.action, first.subject) == ("tenant.create", "tenant:370100")
        assert first.details["path"] == "/cn/37/3701/"
        assert audit.first_broken(session) is None


def test_a_tenant_says_itself_what_is_seen_from_above(database, tree):
    with database.session(tree["320500"]) as session:
        suzhou = find_tenant(session, "320500")
        set_parent_sees(session, suzhou, ParentSees.NOTHING)
    with database.session(tree["320500"]) as session:
        assert session.get_one(Tenant, tree["320500"]).parent_sees == "nothing"
        last = session.scalars(select(AuditEvent).order_by(AuditEvent.number.desc())).first()
        assert last.details == {"before": "submitted", "after": "nothing"}
