"""Within: an unbound session acts inside one tenant for a block, a bound one never elsewhere."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select

from core.db import AcrossTenants, Tenant, TenantPlugin
from core.db.within import within


@pytest.fixture
def two(database):
    """Make two tenants."""
    with database.unbound() as session:
        made = []
        for _ in range(2):
            slug = f"x-{uuid4().hex[:8]}"
            made.append(Tenant(level="city", slug=slug, name="某市", path=f"/{slug}/"))
        session.add_all(made)
        session.flush()
        return [tenant.id for tenant in made]


def test_rows_of_several_tenants_are_written_in_one_transaction(database, two):
    with database.unbound() as session:
        for tenant_id in two:
            with within(session, tenant_id):
                session.add(TenantPlugin(plugin_key="acme", state="on"))
    for tenant_id in two:
        with database.session(tenant_id) as session:
            assert session.scalar(select(TenantPlugin.tenant_id)) == tenant_id


def test_inside_the_block_only_its_tenant_is_seen(database, two):
    with database.unbound() as session:
        with within(session, two[0]):
            session.add(TenantPlugin(plugin_key="acme", state="on"))
        with within(session, two[1]):
            assert session.scalars(select(TenantPlugin)).all() == []


def test_after_the_block_the_session_is_bound_to_none_again(database, two):
    with database.unbound() as session:
        with within(session, two[0]):
            pass
        with pytest.raises(AcrossTenants):
            session.scalars(select(TenantPlugin))


def test_a_bound_session_stays_with_its_tenant(database, two):
    with (
        database.session(two[0]) as session,
        pytest.raises(ValueError, match="stays with it"),
        within(session, two[1]),
    ):
        pass
