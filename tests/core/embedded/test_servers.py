"""The embedded servers: started, found again, ended with us, whatever was killed before."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from sqlalchemy import make_url

from core.embedded import Servers, launch, postgres
from core.embedded import server as server_module
from core.embedded.server import NOBODY, User, living_in, readable
from core.errors import Misconfigured, Unavailable

TOP = Path(__file__).resolve().parents[3]
OWNER = """
import sys, time
from pathlib import Path
from core.embedded import Servers
with Servers(Path(sys.argv[1])) as addresses:
    print(addresses.superuser_url, addresses.redis_url, flush=True)
    time.sleep(120)
"""


@pytest.fixture
def home():
    """Give a folder that every user can reach, with a short name."""
    folder = Path(tempfile.mkdtemp(prefix="lc-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def owner(home):
    """Run the servers of ``home`` from another process."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home)], cwd=TOP, stdout=subprocess.PIPE, text=True
    ) as process:
        process.addresses = process.stdout.readline().split()
        yield process
        process.kill()
    assert gone(home / "postgres")
    assert gone(home / "valkey")


def connect(url):
    parts = make_url(url)
    return psycopg.connect(
        user=parts.username, dbname=parts.database, autocommit=True, **parts.query
    )


def ask(url, sql):
    with connect(url) as connection:
        return connection.execute(sql).fetchone()[0]


def works(addresses):
    with Redis.from_url(addresses.redis_url) as client:
        return ask(addresses.superuser_url, "SELECT 1") == 1 and client.ping()


def gone(folder):
    """Wait until nobody works in ``folder``; pytest's time limit ends a wait in vain."""
    while living_in(folder):
        time.sleep(0.01)
    return True


def test_both_servers_answer_and_stop_and_keep_what_was_written(home):
    with Servers(home) as addresses:
        assert works(addresses)
        with connect(addresses.superuser_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 15 AS minutes")
        with Redis.from_url(addresses.redis_url) as client:
            client.set("lifecircle:kept", "15")
    assert living_in(home / "postgres") == living_in(home / "valkey") == []
    with Servers(home) as addresses:
        assert ask(addresses.superuser_url, "SELECT minutes FROM kept") == 15
        with Redis.from_url(addresses.redis_url) as client:
            assert client.get("lifecircle:kept") == b"15"


def test_starting_twice_and_stopping_twice_is_starting_and_stopping_once(home):
    servers = Servers(home, durable=False)
    addresses = servers.start()
    assert servers.start() == addresses
    servers.stop()
    servers.stop()
    assert not (home / "servers.json").exists()
    assert works(servers.start())
    servers.stop()


def test_the_servers_are_set_as_the_product_needs_them(home):
    with Servers(home) as addresses:
        for setting, value in {
            "listen_addresses": "",
            "server_encoding": "UTF8",
            "fsync": "on",
            "TimeZone": "UTC",
        }.items():
            assert ask(addresses.superuser_url, f"SHOW {setting}") == value
        with Redis.from_url(addresses.redis_admin_url) as client:
            told = client.config_get("*")
            assert told["port"] == "0"
            assert told["appendonly"] == "yes"
            assert told["maxmemory-policy"] == "noeviction"
        for folder in ("sockets", "postgres", "valkey"):
            assert (home / folder).stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes user")
def test_as_root_the_servers_run_as_nobody(home):
    with Servers(home, durable=False):
        for folder in ("postgres", "valkey"):
            for pid in living_in(home / folder):
                assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_an_ordinary_user_runs_them_directly(home):
    """Root becomes ``nobody`` first, and needs a Python that ``nobody`` may execute."""
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    if os.geteuid() == 0:
        if python is None:
            pytest.skip("no system Python that another user may execute")
        nobody = User(how=launch.SWITCH, uid=NOBODY, gid=NOBODY)
        if not all(map(nobody.reaches, (Path(launch.__file__).parent, TOP))):
            pytest.skip("this checkout lies where another user may not read it")
        if not nobody.reaches(Path(sys.prefix)):
            pytest.skip("this environment lies where another user may not read it")
        os.chown(home, NOBODY, NOBODY)
    script = f"""
import os, sys
from pathlib import Path
from core.embedded import Servers
from core.embedded.server import server_user
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid({NOBODY}, {NOBODY}, {NOBODY})
    os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
    sys.executable = {python!r}
with Servers(Path({str(home)!r}) / "mine", durable=False) as addresses:
    print(server_user().how, addresses.redis_url)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=TOP
    )
    assert done.stdout.startswith("self unix://lifecircle:")


def test_killing_the_starter_ends_the_servers_and_the_next_start_recovers(home, owner):
    url, _ = owner.addresses
    with connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 15 AS minutes")
    owner.kill()
    owner.wait()
    assert gone(home / "postgres")
    assert gone(home / "valkey")
    with Servers(home) as addresses:
        assert ask(addresses.superuser_url, "SELECT minutes FROM kept") == 15


def test_killing_the_servers_themselves_loses_nothing_that_was_committed(home, owner):
    url, redis_url = owner.addresses
    with connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 15 AS minutes")
    with Redis.from_url(redis_url) as client:
        client.set("lifecircle:kept", "15")
        client.execute_command("WAITAOF", 1, 0, 0)
    for folder in ("postgres", "valkey"):
        for pid in living_in(home / folder):
            os.kill(pid, signal.SIGKILL)
    owner.kill()
    owner.wait()
    assert (home / "postgres" / "postmaster.pid").exists()
    with Servers(home) as addresses:
        assert ask(addresses.superuser_url, "SELECT minutes FROM kept") == 15
        with Redis.from_url(addresses.redis_url) as client:
            assert client.get("lifecircle:kept") == b"15"


def test_a_lock_file_that_names_a_stranger_does_not_hinder(home):
    with Servers(home, durable=False):
        pass
    stale = home / "postgres" / "postmaster.pid"
    stale.write_text(f"{os.getppid()}\n{home / 'postgres'}\n0\n5432\n{home}\n\n0 0\nready   \n")
    with Servers(home, durable=False) as addresses:
        assert works(addresses)


def test_a_half_made_data_folder_is_made_again(home):
    unfinished = home / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with Servers(home, durable=False) as addresses:
        assert works(addresses)
    assert not unfinished.exists()


def test_a_second_process_attaches_and_leaves_the_servers_running(home, owner):
    servers = Servers(home)
    with servers as addresses:
        assert servers.attached
        assert [addresses.superuser_url, addresses.redis_url] == owner.addresses
        assert works(addresses)
    assert works(addresses)


def test_a_home_that_is_held_by_a_silent_process_is_an_error_that_says_so(home, monkeypatch):
    monkeypatch.setattr("core.embedded.ATTACH_PATIENCE", 0.1)
    holder = Servers(home)
    holder._lock = holder._take_lock()
    with pytest.raises(Unavailable, match="占用"):
        Servers(home).start()
    os.close(holder._lock)
    holder._lock = None


# From Python 3.12 a fork beside any thread warns; the arithmetic libraries keep some.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_ends_nothing(home):
    servers = Servers(home, durable=False)
    addresses = servers.start()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        servers.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert works(addresses)
    assert (home / "servers.json").exists()
    servers.stop()


def test_a_home_too_long_for_a_socket_gets_a_short_private_folder(home):
    long = home / ("长" * 30) / "x"
    long.parent.mkdir(mode=0o711)
    with Servers(long, durable=False) as addresses:
        sockets = Path(make_url(addresses.app_url).query["host"])
        assert sockets.parent == Path("/tmp")  # noqa: S108 - where the product puts it
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert works(addresses)
    assert not sockets.exists()
    assert not postgres.socket_fits(long / "sockets")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")
def test_a_home_that_the_servers_user_cannot_reach_keeps_its_permissions(home):
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    with Servers(closed / "home", durable=False) as addresses:
        assert works(addresses)
        place = Path(make_url(addresses.app_url).query["host"]).parent
    assert place.parent == Path("/var/lib/lifecircle")
    assert closed.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")
def test_binaries_that_the_servers_user_cannot_read_are_copied_side_by_side(tmp_path):
    user = User(how=launch.SWITCH, uid=NOBODY, gid=NOBODY)
    trees = [tmp_path / "site" / name for name in ("wheel", "wheel.libs")]
    for tree in trees:
        tree.mkdir(parents=True)
        (tree / "server").write_text("x")
        (tree / "server").chmod(0o700)
    copies = readable(user, trees, tmp_path / "copies")
    assert copies == [tmp_path / "copies" / name for name in ("wheel", "wheel.libs")]
    assert all((copy / "server").stat().st_mode & 0o777 == 0o755 for copy in copies)
    assert readable(User(how=launch.SELF, uid=0, gid=0), trees, tmp_path / "unused") == trees


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user to change from")
def test_root_that_may_not_switch_user_maps_itself(home):
    user = User(how=launch.MAP, uid=NOBODY, gid=NOBODY)
    if subprocess.run(
        server_module._command(user, ["/bin/true"], signal=0), check=False, capture_output=True
    ).returncode:
        pytest.skip("this machine makes no user namespaces")
    database = postgres.Postgres(
        user=user,
        data=home / "postgres",
        sockets=home / "sockets",
        binaries=home / "binaries",
        log=home / "log",
        durable=False,
    )
    running = database.start()
    assert ask(database.url("postgres", "postgres"), "SELECT 1") == 1
    running.stop()


def test_a_server_that_does_not_start_says_what_it_said_and_leaves_nothing_running(home):
    with Servers(home, durable=False):
        pass
    (home / "postgres" / "PG_VERSION").write_text("9\n")
    servers = Servers(home, durable=False)
    with pytest.raises(Unavailable, match="initialized by PostgreSQL version 9"):
        servers.start()
    assert gone(home / "postgres")
    (home / "postgres" / "PG_VERSION").write_text("18\n")
    assert works(servers.start())
    servers.stop()


def test_a_missing_package_names_the_setting_that_makes_it_needless():
    with pytest.raises(Misconfigured, match="LIFECIRCLE_REDIS_URL"):
        server_module.package_folder("no_such_wheel", "LIFECIRCLE_REDIS_URL")


def test_servers_start_from_the_main_thread_only(home):
    caught = []

    def start():
        try:
            Servers(home, durable=False).start()
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in caught[0]
