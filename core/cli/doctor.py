"""``lifecircle doctor``: what this machine has and lacks, with the remedy."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from core.config import Config
from core.errors import LifecircleError, Misconfigured
from core.limits import read
from core.refusals import check_queue, check_secret

OLDEST = (3, 11)
MIB = 1 << 20
FREE_MIB = 1024  # below this a city's files soon do not fit
SKEW_SECONDS = 5.0
WORKER_MIB = 512  # below this a large district does not fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and what to do if not."""

    key: str
    well: bool
    seen: str
    remedy: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="机器可读的结果。")
def doctor(as_json: bool) -> None:
    """检查本机环境，并预热计算内核。Checks this machine and warms up the engine."""
    found = []
    for finding in examined(Config.from_environment()):
        found.append(finding)
        if not as_json:
            _tell(finding)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=1))
    sys.exit(0 if all(each.well for each in found) else 1)


def examined(config: Config) -> Iterator[Finding]:
    """Look at one thing after the other."""
    yield Finding(
        key="python",
        well=sys.version_info >= OLDEST,
        seen=f"Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        remedy="请安装 Python 3.11 或更新的版本。Install Python 3.11 or later.",
    )
    yield from _engine()
    yield _memory(config)
    yield _disk(config)
    yield _fonts()
    yield from _plugins(config)
    yield from _web(config)
    yield from _servers(config)


def _engine() -> Iterator[Finding]:
    from core.kernel.warm import warm

    warmed = warm()
    yield Finding(
        key="engine",
        well=warmed.right,
        seen=f"{len(warmed.modules)} modules in {warmed.seconds:.1f} s",
        remedy="计算内核的自检不对，请勿使用，并报告本机型号。The engine's self-check failed: do "
        "not use it, and report the machine.",
    )
    yield Finding(
        key="engine cache",
        well=warmed.kept,
        seen="writable" if warmed.kept else "nowhere to keep compiled loops",
        remedy="每次启动都要重新编译。请把 NUMBA_CACHE_DIR 设为可写目录。Every start compiles "
        "anew. Set NUMBA_CACHE_DIR to a folder that can be written.",
    )


def _memory(config: Config) -> Finding:
    from core.runs.budget import allowed_bytes

    share = allowed_bytes(config.worker_memory_mib) // MIB
    return Finding(
        key="memory",
        well=share >= WORKER_MIB,
        seen=f"{share:,} MiB for one worker",
        remedy=f"少于 {WORKER_MIB} MiB，较大的区县会被拒绝计算。Less than {WORKER_MIB} MiB: large "
        "districts will be refused.",
    )


def _disk(config: Config) -> Finding:
    folder = config.blobs
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free // MIB
    return Finding(
        key="disk",
        well=free >= FREE_MIB and _writable(folder),
        seen=f"{free:,} MiB free at {folder}",
        remedy="空间不足或不可写。请清理磁盘，或另设 LIFECIRCLE_BLOBS。Too little space, or not "
        "writable. Make room, or set LIFECIRCLE_BLOBS elsewhere.",
    )


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _plugins(config: Config) -> Iterator[Finding]:
    from core.catalog.host import State, load

    host = load(config.plugins)
    broken = [f"{one.key}: {one.error}" for one in host.records if one.state is State.BROKEN]
    yield Finding(
        key="plugins",
        well=not broken,
        seen="; ".join(broken) or f"{len(host.records)} installed",
        remedy="见 lifecircle plugin list。See lifecircle plugin list.",
    )


def _fonts() -> Finding:
    """Look for a font with Chinese characters; pages bring their own, pictures made here do not."""
    tool = shutil.which("fc-list")
    remedy = (
        "图片里的汉字会变成方框。请安装中文字体，如 fonts-noto-cjk。Chinese characters in pictures "
        "made here would be boxes. Install a font that has them, such as fonts-noto-cjk."
    )
    if tool is None:
        return Finding(key="fonts", well=True, seen="not known here: there is no fc-list")
    asked = [tool, ":lang=zh", "family"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=30).stdout
    families = sorted({line.split(",")[0].strip() for line in told.splitlines() if line.strip()})
    return Finding(
        key="fonts", well=bool(families), seen=", ".join(families[:3]) or "none", remedy=remedy
    )


def _web(config: Config) -> Iterator[Finding]:
    """Look at what the web process would refuse, and at what it lets pass but should not be."""
    if config.insecure_http:
        yield Finding(key="transport", well=True, seen="plain http, for this machine alone")
        return
    if config.secret_key:
        yield _tried("secret", lambda: check_secret(config.secret_key), "long enough")
    yield _tried("limits", lambda: read(config.limits), config.limits or "the usual ones")
    yield Finding(
        key="hosts",
        well=bool(config.trusted_hosts) or not config.database_url,
        seen=", ".join(config.trusted_hosts) or "any name is answered to",
        remedy="请把本站的域名写进 LIFECIRCLE_TRUSTED_HOSTS（逗号分隔）。Put this site's names "
        "into LIFECIRCLE_TRUSTED_HOSTS, by comma.",
    )


def _tried(key: str, check: Callable[[], object], well: str) -> Finding:
    try:
        check()
    except Misconfigured as error:
        return Finding(
            key=key, well=False, seen="refused", remedy=f"{error.message}{error.english}"
        )
    return Finding(key=key, well=True, seen=well)


def _servers(config: Config) -> Iterator[Finding]:
    if not config.database_url:
        yield Finding(key="database", well=True, seen="embedded, started by the commands")
    else:
        yield _database(config)
        yield _clock(config)
    if not config.redis_url:
        yield Finding(key="queue", well=True, seen="embedded, started by the commands")
    else:
        yield _queue(config)
        yield _tried("queue safety", lambda: check_queue(config.redis_url), "guarded, keeps all")


def _database(config: Config) -> Finding:
    from core.db.init import current, head
    from core.db.session import Database

    database = Database(config.database_url, owner_url=config.owner_url)
    remedy = (
        "请检查 LIFECIRCLE_DATABASE_URL 与数据库，必要时运行 lifecircle db upgrade。Check "
        "LIFECIRCLE_DATABASE_URL and the server; run lifecircle db upgrade if need be."
    )
    try:
        database.check_role()
        at = current(config.owner_url) if config.owner_url else head()
    except LifecircleError as error:
        return Finding(key="database", well=False, seen=error.english, remedy=remedy)
    except Exception as error:  # noqa: BLE001 - whatever a driver raises is the finding
        return Finding(key="database", well=False, seen=type(error).__name__, remedy=remedy)
    finally:
        database.close()
    return Finding(key="database", well=at == head(), seen=f"tables at {at}", remedy=remedy)


def _clock(config: Config) -> Finding:
    """Compare this machine's clock with the database's, by which leases and sessions end."""
    from sqlalchemy import func, select
    from sqlalchemy.exc import SQLAlchemyError

    from core.db.session import Database

    remedy = (
        "本机与数据库的时钟相差太多，页面上的时间会不对。请用 NTP 校时。This machine's clock and "
        "the database's differ: times on pages would be wrong. Set both by NTP."
    )
    database = Database(config.database_url)
    try:
        with database.unbound() as session:
            asked = datetime.now(UTC)
            told = session.scalar(select(func.clock_timestamp()))
            back = datetime.now(UTC)
    except (LifecircleError, SQLAlchemyError) as error:
        return Finding(key="clock", well=False, seen=type(error).__name__, remedy=remedy)
    finally:
        database.close()
    off = 0.0 if told is None else (told - asked).total_seconds()
    late = (back - asked).total_seconds()
    return Finding(
        key="clock",
        well=-SKEW_SECONDS <= off <= late + SKEW_SECONDS,
        seen=f"{off:+.1f} s from the database's",
        remedy=remedy,
    )


def _queue(config: Config) -> Finding:
    from redis import RedisError

    from core.jobs.queues import connect

    remedy = "请检查 LIFECIRCLE_REDIS_URL。Check LIFECIRCLE_REDIS_URL."
    try:
        connection = connect(config.redis_url)
        connection.ping()
        connection.close()
    except (RedisError, OSError, ValueError) as error:
        return Finding(key="queue", well=False, seen=type(error).__name__, remedy=remedy)
    return Finding(key="queue", well=True, seen="answers")


def _tell(finding: Finding) -> None:
    mark = click.style("✓", fg="green") if finding.well else click.style("✗", fg="red")
    click.echo(f"{mark} {finding.key}: {finding.seen}")
    if not finding.well:
        click.echo(f"    {finding.remedy}")
