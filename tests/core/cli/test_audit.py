"""``lifecircle audit`` as an operator types it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, make_url, text

from core.cli.audit import audit
from core.db import Tenant
from core.db.audit import record
from core.db.installation import record as record_installation
from core.errors import Invalid


@pytest.fixture(scope="module")
def tenants(database):
    made = {}
    with database.unbound() as session:
        for slug in ("x-one", "x-two"):
            tenant = Tenant(level="city", slug=slug, name=slug, path=f"/{slug}/")
            session.add(tenant)
            session.flush()
            made[slug] = tenant.id
        record_installation(session, action="thing.do", subject="thing:1")
    for tenant_id in made.values():
        for number in range(3):
            with database.session(tenant_id) as session:
                record(session, action="thing.do", subject=f"thing:{number}")
    return made


@pytest.fixture
def type_in(database, tenants):
    def run(*words):
        console = SimpleNamespace(database=database)
        return CliRunner().invoke(audit, words, obj=console)

    return run


@pytest.fixture
def tampered(database_urls):
    """Give a function that tampers with the database, and mends nothing."""
    name = make_url(database_urls.owner_url).database
    engine = create_engine(make_url(database_urls.superuser_url).set(database=name))

    def run(words, **values):
        with engine.begin() as connection:
            connection.execute(text("SET session_replication_role = replica"))
            assert connection.execute(text(words), values).rowcount == 1

    yield run
    engine.dispose()


def test_chains_that_hold_are_told_with_their_heads(type_in):
    said = type_in("verify")
    assert said.exit_code == 0
    heads = [json.loads(line) for line in type_in("head").output.splitlines()]
    assert [each["chain"] for each in heads] == ["x-one", "x-two", "installation"]
    for line, one in zip(said.output.splitlines(), heads, strict=True):
        assert line == f"{one['chain']}  一致 holds  {one['number']}  {one['hash']}"


def test_exported_records_are_lines_with_their_hashes(type_in):
    lines = [
        json.loads(line) for line in type_in("export", "--tenant", "x-one").output.split("\n")[:-1]
    ]
    assert [each["number"] for each in lines] == [1, 2, 3]
    assert [each["prev_hash"] for each in lines[1:]] == [each["hash"] for each in lines[:-1]]
    later = type_in("export", "--tenant", "x-one", "--after", "2").output
    assert json.loads(later)["number"] == 3


def test_a_broken_chain_is_named_with_its_record_and_fails(type_in, tenants, tampered, tmp_path):
    noted = tmp_path / "heads"
    noted.write_text(type_in("head").output)
    assert type_in("verify", "--heads", str(noted)).exit_code == 0
    tampered("DELETE FROM audit_events WHERE tenant_id = :t AND number = 3", t=tenants["x-two"])
    assert type_in("verify", "--tenant", "x-two").exit_code == 0  # alone, a cut tail does not show
    said = type_in("verify", "--heads", str(noted))
    assert said.exit_code == 1
    assert "x-one  一致" in said.output
    assert "x-two  不一致 broken  第 3 条：这一条起的末尾被截去" in said.output
    tampered(
        "UPDATE audit_events SET subject = 'x' WHERE tenant_id = :t AND number = 2",
        t=tenants["x-two"],
    )
    said = type_in("verify", "--tenant", "x-two")
    assert (said.exit_code, "record 2: its content" in said.output) == (1, True)


def test_what_belongs_to_no_tenant_is_checked_with_the_rest(type_in, tampered):
    tampered("UPDATE installation_events SET subject = 'x' WHERE number = 1")
    said = type_in("verify")
    assert "installation  不一致 broken  第 1 条：内容与其摘要不符" in said.output
    assert said.exit_code == 1


def test_a_file_that_holds_no_heads_is_refused(type_in, tmp_path):
    (tmp_path / "heads").write_text("nothing\n")
    said = type_in("verify", "--heads", str(tmp_path / "heads"))
    assert isinstance(said.exception, Invalid)
