"""A backup is everything, and what is restored is what was backed up."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from core.db.init import current, head
from core.errors import Conflict, Invalid, Misconfigured, Unavailable
from core.keeping import figures
from core.keeping.archive import read_head
from core.keeping.whole import backup, restore
from core.runs.verify import verify
from core.store import Blobs, Damaged

SECRET = b"a key of the tests, long enough"


COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_name = :name AND data_type = 'text' AND table_schema = 'public'
      AND column_name NOT IN ('digest', 'summary_digest', 'hash', 'prev_hash')
      AND NOT EXISTS (SELECT FROM information_schema.check_constraints c
                      WHERE c.check_clause LIKE '%' || column_name || '%')
"""


def looked_at(url, look):
    engine = create_engine(url)
    with engine.begin() as connection:
        found = look(connection)
    engine.dispose()
    return found


def state(urls, blobs):
    rows = looked_at(urls.backup_url, figures.row_hashes)
    walls = looked_at(urls.backup_url, figures.walls)
    names = {path.relative_to(blobs.root) for path in blobs.root.rglob("*") if path.is_file()}
    return rows, walls, names


@pytest.mark.parametrize(
    ("secret", "tables"),
    [(None, True), (SECRET, False)],
    ids=["open, over empty tables", "sealed, with roles alone"],
)
def test_a_restored_installation_has_the_same_rows_walls_blobs_and_run(  # noqa: PLR0917 - fixtures
    lived, empty, opened, host, tmp_path, secret, tables
):
    urls, blobs, tenant_id, run_id = lived
    file = tmp_path / "all.backup"
    kept = backup(urls.backup_url, blobs, file, secret)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["all.backup"]
    assert kept.blobs >= 10
    assert kept.missing == ("x",)  # what a made-up row names
    fresh, store = empty(tables=tables), Blobs(tmp_path / "blobs")
    assert restore(fresh.backup_url, fresh.owner_url, store, file, secret) == kept
    rows, walls, names = state(urls, blobs)
    again = state(fresh, store)
    assert again[0] == rows
    assert sum(each["rows"] > 0 for each in rows.values()) > 20
    assert all(each["rows"] for name, each in rows.items() if name in _owned(walls))
    assert again[1] == walls
    assert again[2] <= names
    assert len(again[2]) == kept.blobs
    assert current(fresh.owner_url) == head()
    assert verify(opened(fresh), store, host, tenant_id, run_id).same


def _owned(walls):
    return {name for name, enabled, forced, _owner in walls["security"] if enabled and forced}


def test_a_restored_sequence_goes_on_where_it_was(lived, empty, tmp_path, servers):
    _, blobs, *_ = lived
    fresh = empty()
    looked_at(fresh.owner_url, lambda c: c.execute(text("CREATE SEQUENCE counted")))
    looked_at(fresh.owner_url, lambda c: c.execute(text("SELECT setval('counted', 41)")))
    looked_at(fresh.owner_url, lambda c: c.execute(text("GRANT SELECT ON counted TO lc_backup")))
    backup(fresh.backup_url, blobs, tmp_path / "one")
    other = empty()
    restore(other.backup_url, other.owner_url, Blobs(tmp_path / "blobs"), tmp_path / "one")
    assert looked_at(other.owner_url, lambda c: c.scalar(text("SELECT nextval('counted')"))) == 42


def test_one_changed_row_is_another_hash_and_the_order_of_rows_is_none(lived):
    urls, *_ = lived
    engine = create_engine(urls.superuser_url.replace("/postgres?", urls_name(urls)))
    with engine.connect() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # records stay, else
        before = figures.row_hashes(connection)
        connection.execute(text("CREATE TEMP TABLE kept AS SELECT * FROM run_lines ORDER BY id"))
        connection.execute(text("DELETE FROM run_lines"))
        connection.execute(text("INSERT INTO run_lines SELECT * FROM kept ORDER BY id DESC"))
        assert figures.row_hashes(connection) == before
        for name in figures.tables(connection):
            columns = connection.execute(text(COLUMNS), {"name": name}).scalars().all()
            for column in columns:
                with connection.begin_nested() as nested:
                    connection.execute(
                        text(f"UPDATE {name} SET \"{column}\" = COALESCE(\"{column}\", '') || ' '")
                    )
                    found = figures.first_difference(before, figures.row_hashes(connection))
                    assert found in ({name} if before[name]["rows"] else {""}), column
                    nested.rollback()
        connection.rollback()
    engine.dispose()


def urls_name(urls):
    return "/" + urls.app_url.split("/")[3].split("?")[0] + "?"


def test_a_target_that_holds_rows_is_refused_and_left_as_it_is(lived, tmp_path):
    urls, blobs, *_ = lived
    backup(urls.backup_url, blobs, tmp_path / "one")
    before = state(urls, blobs)
    with pytest.raises(Conflict, match="已有数据"):
        restore(urls.backup_url, urls.owner_url, blobs, tmp_path / "one")
    assert state(urls, blobs) == before


@pytest.mark.parametrize("secret", [None, SECRET], ids=["open", "sealed"])
@pytest.mark.parametrize("place", [0.001, 0.02, 0.3, 0.6, 0.9, 0.9999])
def test_a_damaged_byte_anywhere_is_refused_with_the_part_and_nothing_is_changed(
    lived, empty, tmp_path, secret, place
):
    urls, blobs, *_ = lived
    backup(urls.backup_url, blobs, tmp_path / "one", secret)
    data = bytearray((tmp_path / "one").read_bytes())
    data[int(len(data) * place)] ^= 0x40
    (tmp_path / "one").write_bytes(data)
    fresh, store = empty(), Blobs(tmp_path / "blobs")
    before = state(fresh, store)
    with pytest.raises((Damaged, Invalid)) as caught:
        restore(fresh.backup_url, fresh.owner_url, store, tmp_path / "one", secret)
    if isinstance(caught.value, Damaged):
        assert any(w in caught.value.english for w in ("manifest.", "database.dump", "blobs/"))
    assert state(fresh, store) == before


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_cut_off_archive_is_refused(lived, empty, tmp_path, share):
    urls, blobs, *_ = lived
    backup(urls.backup_url, blobs, tmp_path / "one")
    data = (tmp_path / "one").read_bytes()
    (tmp_path / "one").write_bytes(data[: int(len(data) * share)])
    fresh = empty()
    with pytest.raises(Damaged):
        restore(fresh.backup_url, fresh.owner_url, Blobs(tmp_path / "b"), tmp_path / "one")


def test_another_secret_or_none_opens_nothing(lived, empty, tmp_path):
    urls, blobs, *_ = lived
    backup(urls.backup_url, blobs, tmp_path / "one", SECRET)
    assert b"manifest" not in (tmp_path / "one").read_bytes()
    with pytest.raises(Invalid, match="口令"):
        read_head(tmp_path / "one")
    with pytest.raises(Damaged, match="口令"):
        read_head(tmp_path / "one", b"another key, long enough too")
    with pytest.raises(Invalid, match="12"):
        backup(urls.backup_url, blobs, tmp_path / "two", b"short")
    assert not (tmp_path / "two").exists()


def test_an_archive_of_an_unknown_release_is_refused(lived, empty, tmp_path, monkeypatch):
    _, blobs, *_ = lived
    fresh = empty()
    looked_at(
        fresh.owner_url, lambda c: c.execute(text("UPDATE alembic_version SET version_num='9999'"))
    )
    backup(fresh.backup_url, blobs, tmp_path / "one")
    other = empty()
    with pytest.raises(Invalid, match="9999"):
        restore(other.backup_url, other.owner_url, Blobs(tmp_path / "b"), tmp_path / "one")


def test_a_blob_that_is_missing_is_told_and_the_rest_is_kept(database, tmp_path, lived):
    urls, *_ = lived
    elsewhere = Blobs(tmp_path / "elsewhere")
    kept = backup(urls.backup_url, elsewhere, tmp_path / "one")
    assert kept.blobs == 0
    assert len(kept.missing) >= 6


def test_nothing_is_written_over_and_a_role_without_the_right_writes_no_part(lived, tmp_path):
    urls, blobs, *_ = lived
    (tmp_path / "one").write_text("mine")
    with pytest.raises(Conflict):
        backup(urls.backup_url, blobs, tmp_path / "one")
    assert (tmp_path / "one").read_text() == "mine"
    with pytest.raises(Unavailable, match=r"row-level security|permission denied"):
        backup(urls.app_url, blobs, tmp_path / "two")
    with pytest.raises(Misconfigured, match="LIFECIRCLE_BACKUP_URL"):
        backup("", blobs, tmp_path / "two")
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
