"""An erased tenant leaves nothing but what others hold, and a chain that ends with it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, func, select, text

from core.catalog.host import load
from core.db import AuditEvent, InstallationEvent, Run, Tenant, verify_installation
from core.db.audit import first_broken
from core.errors import Conflict, NotFound
from core.keeping import figures
from core.keeping.named import share
from core.keeping.one_tenant import carried, owned_tables
from core.store import Blobs
from tenants.leaving.commands import command
from tenants.leaving.erase import erase
from tenants.people.models import Role, User
from tenants.people.operations import add_member, create_user
from tenants.review.models import Submission
from tests.core.keeping.conftest import compute, fill
from tests.core.runs.small_town import TownPlugin

STAY = {"audit_anchors", "audit_events", "reviews", "runs", "submissions"}


@pytest.fixture(scope="module")
def lived(servers, database, database_urls, empty_queue, tmp_path_factory):
    """Make a computed tenant and two that have a row in every table and files of the first."""
    empty_queue()
    blobs = Blobs(tmp_path_factory.mktemp("lived") / "blobs")
    host = load(allowed=("none",), extra=[("small", TownPlugin())])
    town, _run = compute(database, blobs, host, servers.redis_url, "town")
    mine, other = fill(database, database_urls.owner_url)
    return SimpleNamespace(urls=database_urls, blobs=blobs, town=town, mine=mine, other=other)


def rows_of(database, tenant_id):
    with database.session(tenant_id) as session:
        return {
            table.name: session.execute(
                select(func.count()).select_from(table).where(table.c.tenant_id == tenant_id)
            ).scalar_one()
            for table in owned_tables()
        }


def hashes(urls, tenant_id):
    engine = create_engine(urls.backup_url)
    with engine.begin() as connection:
        connection.execute(figures.SETTINGS)
        found = {t.name: figures.hash_of(connection, t.name, tenant_id) for t in owned_tables()}
    engine.dispose()
    return found


def slug_of(database, tenant_id):
    with database.unbound() as session:
        return session.get_one(Tenant, tenant_id).slug


def test_rows_in_every_table_go_but_what_others_hold(database, lived):
    theirs = hashes(lived.urls, lived.other), hashes(lived.urls, lived.town)
    with database.session(lived.other) as session:
        held = session.execute(
            select(Submission.id, Submission.summary, Submission.summary_digest)
        ).all()
    assert all(rows_of(database, lived.mine).values())
    receipt = erase(database, lived.urls.owner_url, lived.blobs, "t0")
    left = {name for name, count in rows_of(database, lived.mine).items() if count}
    assert left == STAY
    assert (hashes(lived.urls, lived.other), hashes(lived.urls, lived.town)) == theirs
    assert receipt.submissions_kept == 1
    assert set(receipt.rows) == {table.name for table in owned_tables()} - STAY
    with database.session(lived.other) as session:
        found = session.execute(
            select(Submission.id, Submission.summary, Submission.summary_digest)
        ).all()
        assert found == held
    with database.session(lived.mine) as session:
        run = session.scalars(select(Run)).one()
        assert (run.plan, run.params, run.result_digest, run.by) == ({}, {}, None, None)
    with database.unbound() as session:
        assert session.get(User, lived.mine) is None
        assert session.get(User, lived.other) is not None
        place = session.get_one(Tenant, lived.mine)
        assert (place.state, place.code, place.name) == ("suspended", None, "市")
        assert place.slug.startswith("erased-")
    with pytest.raises(NotFound):
        erase(database, lived.urls.owner_url, lived.blobs, "t0")


def test_files_go_that_nobody_else_names_and_the_chain_ends_with_it(database, lived, tmp_path):
    blobs = lived.blobs
    shared = blobs.put(b"both have this")
    with database.session(lived.other) as session:
        session.execute(text("UPDATE runs SET minutes_digest = :d"), {"d": shared})
    with database.session(lived.town) as session:
        session.execute(text("UPDATE runs SET label = 'x'"))
        copied = session.scalars(select(Run.result_digest)).one()
        own = session.scalars(select(Run.minutes_digest)).one()
    with database.session(lived.other) as session:
        session.execute(text("UPDATE runs SET result_digest = :d"), {"d": copied})
    people = {}
    with database.unbound() as session:
        for name in ("here-only", "elsewhere-too"):
            people[name] = create_user(session, login=name, name="人").id
    for tenant_id, names in ((lived.town, people), (lived.other, ["elsewhere-too"])):
        for name in names:
            with database.session(tenant_id) as session:
                add_member(session, people[name], Role.AUDITOR)
    left = erase(database, lived.urls.owner_url, blobs, "town", young_seconds=-60)
    assert left.blobs >= 10
    assert left.blobs_left_to_the_sweep == 0
    assert not blobs.exists(own)
    assert blobs.exists(copied)
    assert blobs.exists(shared)
    assert left.people == 1
    with database.unbound() as session:
        assert session.get(User, people["here-only"]) is None
        assert session.get(User, people["elsewhere-too"]) is not None
        event = session.scalars(
            select(InstallationEvent).order_by(InstallationEvent.number.desc())
        ).first()
        assert (event.action, event.subject) == ("tenant.erase", "tenant:town")
        assert verify_installation(session) is None
    with database.session(lived.town) as session:
        last = session.scalars(select(AuditEvent).order_by(AuditEvent.number.desc())).first()
        assert (last.action, last.number, last.hash) == (
            "tenant.erase",
            left.audit_number,
            left.audit_hash,
        )
        assert first_broken(session) is None
        assert session.scalar(select(func.count()).select_from(Run)) == 0


def test_a_file_put_a_moment_ago_is_left_to_the_sweep(tmp_path):
    blobs = Blobs(tmp_path / "blobs")
    digest = blobs.put(b"somebody is about to name me")
    assert blobs.drop_unnamed({digest, "x", "0" * 64}, 3600) == (0, 1)
    assert blobs.drop_unnamed({digest}, -60) == (1, 0)


def test_a_place_with_places_below_and_one_while_a_backup_is_at_work_stay(database, lived, tree):
    before = hashes(lived.urls, tree["370100"])
    with pytest.raises(Conflict, match="370103"):
        erase(database, lived.urls.owner_url, lived.blobs, "370100")
    engine = create_engine(lived.urls.backup_url)
    with engine.begin() as connection:
        share(connection)
        with pytest.raises(Conflict, match="备份"):
            erase(database, lived.urls.owner_url, lived.blobs, "370103")
    engine.dispose()
    assert hashes(lived.urls, tree["370100"]) == before
    assert slug_of(database, tree["370103"]) == "370103"


def test_the_command_asks_to_be_sure_and_prints_a_receipt(database, lived, tree):
    services = SimpleNamespace(
        database=database,
        config=SimpleNamespace(owner_url=lived.urls.owner_url),
        blobs=lived.blobs,
    )
    refused = CliRunner().invoke(command, ["320500"], obj=services)
    assert refused.exit_code == 2
    assert slug_of(database, tree["320500"]) == "320500"
    done = CliRunner().invoke(command, ["320500", "--confirm"], obj=services)
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.output)["audit_hash"]) == 64


def test_the_owner_sees_no_row_of_a_tenant_that_its_transaction_does_not_name(lived):
    engine = create_engine(lived.urls.owner_url)
    with engine.begin() as connection:
        for table in owned_tables():
            asked = select(func.count()).select_from(table)
            assert connection.execute(asked).scalar_one() == 0, table.name
    engine.dispose()


def test_the_inventory_names_every_table_and_says_what_the_export_carries(lived):
    readme = (Path(__file__).parents[3] / "tenants" / "leaving" / "README.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in readme.splitlines() if line.startswith("| ")]
    told = {row[0].strip(): row[2].split(",")[0].strip() for row in rows[1:]}
    engine = create_engine(lived.urls.backup_url)
    with engine.connect() as connection:
        assert set(told) == set(figures.tables(connection))
    engine.dispose()
    for table in owned_tables():
        assert (told[table.name] == "yes") == (not carried(table)), table.name
