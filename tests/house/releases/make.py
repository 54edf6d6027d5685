"""Writes a release's database as SQL, with a row in every table: ``make.py RELEASE REVISION``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import MetaData, create_engine, insert

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from core.db import Database, new_id  # noqa: E402 - the checkout's, found above
from core.db.init import create_roles, upgrade  # noqa: E402 - the checkout's
from core.embedded import Servers  # noqa: E402 - the checkout's
from core.keeping import tools  # noqa: E402 - the checkout's
from tests.house.test_walls import VALUES, Side, is_owned, row_for  # noqa: E402 - the checkout's


def whole_row(table, side, other):
    """Fill every column, those that may be empty too, but not what must not stand together."""
    extra = {
        column.name: VALUES[column.type.python_type]()
        for column in table.c
        if column.nullable
        and not column.foreign_keys
        and column.type.python_type in VALUES
        and column.name not in {"fault_message", "dataset_version_id"}
    }
    return extra | row_for(table, side, other)


def reflected(url):
    engine = create_engine(url)
    metadata = MetaData()
    metadata.reflect(engine)
    engine.dispose()
    return {table.name: table for table in metadata.sorted_tables}


def fill(database, tables):
    """Write two tenants and two people, and a row of each tenant into every other table."""
    ids = [new_id() for _ in range(2)]
    sides = [Side(tenant=ids[n], partner=ids[1 - n], user=ids[n]) for n in (0, 1)]
    with database.unbound() as session:
        for number, each in enumerate(ids):
            place = {"id": each, "level": "city", "slug": f"t{number}", "code": f"t{number}"}
            place |= {"name": "市", "path": f"/t{number}/"}
            session.execute(insert(tables["tenants"]).values(**place))
            person = {"id": each, "login": f"u{number}", "name": "人"}
            session.execute(insert(tables["users"]).values(**person, password_hash="", failed=0))
        for table in tables.values():
            if not is_owned(table) and table.name not in {"tenants", "users", "alembic_version"}:
                values = row_for(table, sides[0], sides[1])
                del values["tenant_id"]
                session.execute(insert(table).values(**values))
    for late in (False, True):  # a review needs the other side's submission first
        for number, side in enumerate(sides):
            with database.session(side.tenant) as session:
                for table in tables.values():
                    if is_owned(table) and (table.name == "reviews") == late:
                        side.rows[table.name] = whole_row(table, side, sides[1 - number])
                        session.execute(insert(table).values(side.rows[table.name]))


def written(superuser_url):
    """Give the database as SQL that any driver runs: no word for psql in it."""
    url = re.sub(r"/postgres\?", "/lifecircle?", superuser_url)
    words = ["--format=plain", "--column-inserts", "--no-owner", "--no-password"]
    done = subprocess.run(
        [tools._found("pg_dump", 18), *words],
        env=os.environ | tools._environment(url),
        check=True,
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith(("\\", "--"))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def main():
    release, revision = sys.argv[1:]
    home = Path(tempfile.mkdtemp(prefix="lc-release-"))
    home.chmod(0o711)
    with Servers(home, durable=False) as addresses:
        create_roles(addresses.superuser_url)
        upgrade(addresses.owner_url, revision)
        database = Database(addresses.app_url)
        fill(database, reflected(addresses.owner_url))
        database.close()
        (HERE / f"{release}.sql").write_text(written(addresses.superuser_url), encoding="utf-8")


if __name__ == "__main__":
    main()
