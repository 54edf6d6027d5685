"""A place with a person who is signed in as a browser is: by a session's cookie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from core.app import create_app
from core.catalog.enabled import catalogue_of
from core.contract import TableKind
from core.demo.city import generate
from core.intake.pipeline import ask_import
from core.intake.receive import receive
from core.jobs.worker import run_worker
from core.runs.plan import ask_run
from core.services import Services
from tenants import ROOM
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user
from tenants.people.policy import cookie_name
from tenants.people.signing import make_link, redeem_link
from tenants.tree.operations import create_tenant

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A tenant and a browser in which somebody with a role there is signed in."""

    services: Services
    client: Any
    slug: str
    tenant_id: UUID
    user_id: UUID

    def see(self, rest: str = "", status: int = 200) -> str:
        """Open a page of the place; gives its HTML."""
        answer = self.client.get(f"/t/{self.slug}/{rest}")
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, rest: str, **form: Any) -> Any:
        """Send a form with the token that the pages carry."""
        token = TOKEN.search(self.see())
        assert token is not None
        form["csrf_token"] = token.group(1)
        return self.client.post(f"/t/{self.slug}/{rest}", data=form)

    def work(self) -> None:
        """Let a worker do what waits."""
        run_worker(self.services.config, burst=True, host=self.services.host)


@pytest.fixture(scope="module")
def app(services):
    """Give the real app, in place of the bare one of the other tests of this room."""
    return create_app(services.config, [ROOM], services)


@pytest.fixture(scope="module")
def sign_in(services, app):
    """Give a way to make a place and sign somebody in there."""

    def make(slug, role=Role.BUREAU_ADMIN):
        with services.database.unbound() as session:
            tenant_id = create_tenant(session, name=f"地区{slug}", slug=slug, sample=True).id
            user = create_user(session, login=f"person-{slug}", name="王敏")
            user_id = user.id
            link = make_link(session, user)
            token = redeem_link(session, link).token
        with services.database.session(tenant_id, user_id) as session:
            add_member(session, user_id, role)
        client = app.test_client()
        client.set_cookie(cookie_name(services.config), token)
        return Desk(
            services=services, client=client, slug=slug, tenant_id=tenant_id, user_id=user_id
        )

    return make


@pytest.fixture(scope="module")
def judged(services, sign_in, tmp_path_factory):
    """Give a desk with a small generated city, and the id of its finished run."""
    desk = sign_in("x-city")
    city = generate(7, "示例", (117.0, 36.65), tmp_path_factory.mktemp("city"), residents=40_000)
    for kind, path in (
        (TableKind.STREETS, city.streets),
        (TableKind.RESIDENTS, city.residents),
        (TableKind.OUTLETS, city.outlets),
        (TableKind.AREAS, city.areas),
    ):
        with services.database.session(desk.tenant_id) as session, path.open("rb") as stream:
            sent = receive(
                session, services.blobs, stream=stream, filename=path.name, by=None, limit=10**8
            )
            options = {"as_of": "2026-01-01", "note": "示例数据", "attribution": "程序生成"}
            ask_import(session, sent, kind=kind, options=options)
    desk.work()
    with services.database.session(desk.tenant_id) as session:
        catalogue = catalogue_of(session, services.host)
        run_id = ask_run(session, catalogue, ruleset_key="national-2023-plan")[0].id
    desk.work()
    return desk, run_id
