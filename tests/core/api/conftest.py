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


@pytest.fixture(scope="module")
def town(services, tmp_path_factory):
    """Give the tenant's id, its administrator's token and a finished run's id."""
    tenant_id, token = member_token(services, TOWN)
    city = generate(7, "示例", (117.0, 36.65), tmp_path_factory.mktemp("city"), residents=40_000)
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
