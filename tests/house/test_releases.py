"""Every released database comes to the newest revision with its data, while people work in it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable
from sqlalchemy import MetaData, create_engine, insert, select, text
from sqlalchemy.exc import OperationalError

from core.db import Database, Run, Tenant, new_id
from core.db.audit import first_broken
from core.db.init import create_roles, current, downgrade, head, scripts, upgrade
from core.db.session import WEB_OPTIONS
from core.keeping import figures
from tests.core.keeping.conftest import of, sql
from tests.house.test_migrations import ask, shape
from tests.house.test_walls import Side, is_owned, row_for

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.sql"))


def steps(first):
    """List the revisions after one, in order."""
    walked = ScriptDirectory(str(scripts())).walk_revisions("base", "head")
    names = [script.revision for script in walked][::-1]
    return names[names.index(first) + 1 :]


def reflected(url):
    metadata = MetaData()
    ask(url, metadata.reflect)
    return {table.name: table for table in metadata.sorted_tables}


def rows_of(url, tables):
    """Give every table's rows in the columns that the release had, and still has."""

    def read(connection):
        there = {
            (row.table_name, row.column_name)
            for row in connection.execute(
                text("SELECT table_name, column_name FROM information_schema.columns")
            )
        }
        return {
            name: sorted(map(repr, connection.execute(select(*kept))))
            for name, table in tables.items()
            if name != "alembic_version"
            and (kept := [column for column in table.c if (name, column.name) in there])
        }

    return ask(url, read)


@pytest.fixture(params=RELEASES, ids=lambda path: path.stem)
def released(request, servers):
    """Give the addresses of a database as a release left it."""
    name = "lc_released"
    sql(servers, f"DROP DATABASE IF EXISTS {name}")
    create_roles(servers.superuser_url, name)
    urls = of(servers, name)
    script = request.param.read_text(encoding="utf-8")
    ask(urls.owner_url, lambda c: c.connection.driver_connection.execute(script))
    yield urls
    sql(servers, f"DROP DATABASE {name} WITH (FORCE)")


def events(url):
    """Give what was recorded of the installation itself, in order."""

    def read(connection):
        asked = text("SELECT action, subject FROM installation_events ORDER BY number")
        return [tuple(row) for row in connection.execute(asked)]

    return ask(url, read)


def superuser(urls):
    return urls.owner_url.replace("//lc_owner@", "//postgres@")


def test_a_release_has_a_row_in_every_table(released):
    tables = reflected(superuser(released))
    rows = rows_of(superuser(released), tables)
    assert len(rows) >= 22
    assert all(rows.values())


def test_its_data_are_kept_on_the_way_up_and_down_and_up_again(released, database_urls):
    before = current(released.owner_url)
    tables = reflected(superuser(released))
    rows = rows_of(superuser(released), tables)
    was = ask(superuser(released), shape)
    upgrade(released.owner_url)
    assert current(released.owner_url) == head()
    assert rows_of(superuser(released), tables) == rows
    assert ask(superuser(released), shape) == ask(database_urls.owner_url, shape)
    told = [("database.upgrade", f"revision:{each}") for each in steps(max(before, "0005"))]
    assert events(superuser(released)) == told
    walls = ask(superuser(released), figures.walls)
    fresh = ask(database_urls.backup_url, figures.walls)
    assert figures.first_difference(walls, fresh) in {"", "columns", "constraints"}  # their order
    downgrade(released.owner_url, before)
    assert ask(superuser(released), shape) == was
    assert rows_of(superuser(released), tables) == rows
    upgrade(released.owner_url)
    assert rows_of(superuser(released), tables) == rows
    assert ask(superuser(released), figures.walls) == walls


def test_the_release_before_goes_on_working_on_the_new_tables(released):
    tables = reflected(superuser(released))
    upgrade(released.owner_url)
    ids = [new_id() for _ in range(2)]
    sides = [Side(tenant=ids[n], partner=ids[1 - n], user=ids[n]) for n in (0, 1)]
    database = Database(released.app_url)
    with database.unbound() as session:
        for number, each in enumerate(ids):
            place = {"level": "city", "slug": f"n{number}", "name": "市", "path": f"/n{number}/"}
            session.execute(insert(tables["tenants"]).values(id=each, **place))
            person = {"login": f"n{number}", "name": "人", "password_hash": "", "failed": 0}
            session.execute(insert(tables["users"]).values(id=each, **person))
    for late in (False, True):
        for number, side in enumerate(sides):
            with database.session(side.tenant) as session:
                for table in tables.values():
                    if is_owned(table) and (table.name == "reviews") == late:
                        side.rows[table.name] = row_for(table, side, sides[1 - number])
                        session.execute(insert(table).values(side.rows[table.name]))
    database.close()


HERE = Path(__file__).parent
TOP = HERE.parents[1]


def commit_of(release):
    line = next(
        line
        for line in (HERE / "releases" / "README.md").read_text().splitlines()
        if f"`{release}.sql`" in line
    )
    return line.split("`")[-2]


def tree_of(commit, folder):
    """Unpack a commit where the next test run finds it again, with its compiled loops."""
    tree = Path(tempfile.gettempdir()) / f"lifecircle-release-{commit}"
    if not tree.exists():
        packed = folder / "tree.tar"
        subprocess.run(["git", "archive", "-o", packed, commit], cwd=TOP, check=True)
        with tarfile.open(packed) as tar:
            tar.extractall(folder / "tree", filter="data")
        (folder / "tree").rename(tree)
    return tree


@pytest.mark.slow
@pytest.mark.timeout(300)  # it compiles the release's loops
@pytest.mark.skipif(not (TOP / ".git").exists(), reason="needs the history, for the old code")
def test_a_releases_own_code_works_on_the_newest_tables(released, servers, tmp_path):
    tree = tree_of(commit_of(RELEASES[0].stem), tmp_path)
    upgrade(released.owner_url)
    told = (released.app_url, released.dispatch_url, servers.redis_url, tmp_path / "blobs")
    older = [HERE / "releases" / "older.py", tree, *told]
    done = subprocess.run(
        [sys.executable, "-P", *older], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100
    database = Database(released.app_url)
    with database.unbound() as session:
        place = session.scalars(select(Tenant.id).where(Tenant.slug == "of-the-release")).one()
    with database.session(place) as session:  # and this release reads what it wrote
        assert session.scalars(select(Run)).one().result_digest
        assert first_broken(session) is None
    database.close()


def work(tenant, url, tables, over, failed, done):
    """Read and write as pages do, within their time limits, one transaction after another."""
    database = Database(url, options=WEB_OPTIONS)
    while not over.is_set():
        began = time.monotonic()
        try:
            login = f"w-{new_id()}"
            for table in (tables["jobs"], tables["tenant_plugins"], tables["users"]):
                with database.session(tenant) as session:
                    session.execute(select(table.c.id)).all()
                    session.execute(table.update().values(updated_at=table.c.updated_at))
                    if table.name == "users":
                        person = {"id": new_id(), "login": login, "name": "人"}
                        person |= {"password_hash": "", "failed": 0}
                        session.execute(insert(table).values(person))
            done.append((login, time.monotonic() - began))
        except Exception as error:  # noqa: BLE001 - whatever fails is the finding
            failed.append(error)
    database.close()


def test_each_step_succeeds_while_others_read_and_write_and_none_of_them_fails(released):
    """Others keep the limits of pages: 2 s for a lock, 5 s for a statement; none waits longer."""
    tables = reflected(superuser(released))
    tenants = ask(superuser(released), lambda c: list(c.scalars(select(tables["tenants"].c.id))))
    over, failed, done = threading.Event(), [], []
    told = (released.app_url, tables, over, failed, done)
    threads = [threading.Thread(target=work, args=(tenant, *told)) for tenant in tenants]
    for thread in threads:
        thread.start()
    try:
        for revision in steps(current(released.owner_url)):
            worked = len(done)
            upgrade(released.owner_url, revision)
            while len(done) < worked + 4 and not failed:
                over.wait(0.01)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert current(released.owner_url) == head()
    assert not failed
    logins = ask(superuser(released), lambda c: set(c.scalars(select(tables["users"].c.login))))
    assert {login for login, _ in done} <= logins
    assert max(seconds for _, seconds in done) < 3 * 5


def test_a_step_that_fails_leaves_those_before_it_and_the_next_try_goes_on(released):
    """Each is a transaction of its own, so that no table is held while another is changed."""
    before, tables = current(released.owner_url), reflected(superuser(released))
    rows = rows_of(superuser(released), tables)
    engine = create_engine(superuser(released))
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE tenants IN ACCESS SHARE MODE"))
        with pytest.raises(OperationalError):
            upgrade(released.owner_url)
    engine.dispose()
    assert before < current(released.owner_url) < head()
    assert rows_of(superuser(released), tables) == rows
    upgrade(released.owner_url)
    assert current(released.owner_url) == head()
    assert rows_of(superuser(released), tables) == rows


def test_a_step_that_meets_a_long_transaction_gives_up_and_changes_nothing(released):
    before = current(released.owner_url)
    was = ask(superuser(released), shape)
    engine = create_engine(superuser(released))
    with engine.begin() as connection:
        for name in reflected(superuser(released)):
            connection.execute(text(f"LOCK TABLE {name} IN ACCESS SHARE MODE"))
        with pytest.raises(OperationalError) as caught:
            upgrade(released.owner_url)
    engine.dispose()
    assert isinstance(caught.value.orig, LockNotAvailable)
    assert current(released.owner_url) == before
    assert ask(superuser(released), shape) == was
    upgrade(released.owner_url)
