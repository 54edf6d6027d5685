"""A tenant with a small generated city, imported and judged once for all tests of the API."""

from __future__ import annotations

import pytest

from core.catalog.enabled import catalogue_of
from core.contract import TableKind
from core.demo.city import generate
from core.intake.pipeline import ask_import
from core.intake.receive import receive
from core.jobs.worker import run_worker
from core.policy import Permission
from core.runs.plan import ask_run
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user, make_token
from tenants.tree.operations import create_tenant
from tests.copies import copied, named, opened_database, opened_services

TOWN = "x-sample"
OTHER = "x-other"
GRANTED = frozenset(Permission) - {Permission.SUBMISSION_REVIEW, Permission.AUDIT_READ}


def member_token(services, slug):
    """Make a tenant with an administrator and give that person's token."""
    with services.database.unbound() as session:
        tenant_id = create_tenant(session, name=slug, slug=slug, sample=True).id
        user_id = create_user(session, login=f"admin-{slug}", name="管理员").id
    with services.database.session(tenant_id, user_id) as session:
        add_member(session, user_id, Role.BUREAU_ADMIN)
        return tenant_id, make_token(session, user_id, name="tests", scopes=GRANTED)


@pytest.fixture(scope="session")
def whole_town(servers, template, tmp_path_factory):
    """Make the town once: its database, its store, and the tenant's id, a token, a run's id."""
    home = tmp_path_factory.mktemp("town")
    database = opened_database(copied(servers, template, "lc_town"))
    services = opened_services(database, named(servers, "lc_town"), home)
    found = settled(services, home)
    database.close()
    return "lc_town", home / "blobs", found


@pytest.fixture(scope="module")
def original(whole_town):
    """Let this room's modules begin with a copy of the town, which each may change."""
    return whole_town[:2]


@pytest.fixture(scope="module")
def town(whole_town):
    """Give the tenant's id, its administrator's token and a finished run's id."""
    return whole_town[2]


def settled(services, folder):
    """Make a tenant with a small generated city, imported and judged by real workers."""
    tenant_id, token = member_token(services, TOWN)
    city = generate(7, "示例", (117.0, 36.65), folder, residents=40_000)
    for kind, path in (
        (TableKind.STREETS, city.streets),
        (TableKind.RESIDENTS, city.residents),
        (TableKind.OUTLETS, city.outlets),
        (TableKind.AREAS, city.areas),
    ):
        with services.database.session(tenant_id) as session, path.open("rb") as stream:
            upload = receive(
                session, services.blobs, stream=stream, filename=path.name, by=None, limit=10**8
            )
            ask_import(
                session, upload, kind=kind, options={"as_of": "2026-01-01", "note": "示例数据"}
            )
    run_worker(services.config, burst=True, host=services.host)
    with services.database.session(tenant_id) as session:
        run_id = ask_run(
            session, catalogue_of(session, services.host), ruleset_key="national-2023-plan"
        )[0].id
    run_worker(services.config, burst=True, host=services.host)
    return tenant_id, token, run_id


@pytest.fixture
def client(app, town):
    """Give a client that speaks for the town's administrator."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {town[1]}"
    return client
