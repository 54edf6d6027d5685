"""One server process: under which user, from which readable binaries, until when."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.embedded import launch
from core.errors import Misconfigured, Unavailable

NOBODY = 65534
LOG_TAIL = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """As whom the servers run: ``how`` is one of the launcher's three ways."""

    how: str
    uid: int
    gid: int

    def owns(self, folder: Path) -> None:
        """Make ``folder``, private to this user."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self.how == launch.SWITCH:
            os.chown(folder, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Tell whether this user may pass through every folder above and into ``path``."""
        if self.how != launch.SWITCH:
            return True
        return all(_open_to(self, folder) for folder in (path, *path.parents) if folder.exists())


def _open_to(user: User, folder: Path) -> bool:
    found = folder.stat()
    bit = 0o100 if found.st_uid == user.uid else 0o010 if found.st_gid == user.gid else 0o001
    return bool(found.st_mode & bit)


@functools.cache
def server_user() -> User:
    """Choose the user: oneself, or for root ``nobody``, by switching or else by mapping.

    Raises
    ------
    Misconfigured
        Root can neither switch to another user nor make a user namespace.
    """
    if os.geteuid() != 0:
        return User(how=launch.SELF, uid=os.geteuid(), gid=os.getegid())
    try:
        entry = pwd.getpwnam("nobody")
        uid, gid = entry.pw_uid, entry.pw_gid
    except KeyError:
        uid = gid = NOBODY
    for how in (launch.SWITCH, launch.MAP):
        user = User(how=how, uid=uid, gid=gid)
        probe = subprocess.run(
            _command(user, ["/bin/true"], signal=0), check=False, capture_output=True
        )
        if probe.returncode == 0:
            return user
    raise Misconfigured(
        "内置数据库不能以 root 运行，而这里既不能切换用户也不能建立用户命名空间。未启动任何服务。"
        "请以普通用户运行，或设置 LIFECIRCLE_DATABASE_URL 和 LIFECIRCLE_REDIS_URL。",
        english="The embedded database does not run as root, and root can neither switch user nor "
        "make a user namespace here. Nothing was started. Run as an ordinary user, or set "
        "LIFECIRCLE_DATABASE_URL and LIFECIRCLE_REDIS_URL.",
    )


def _command(user: User, command: Sequence[str], *, signal: int) -> list[str]:
    told = [user.how, str(user.uid), str(user.gid), str(signal), str(os.getpid())]
    return [sys.executable, "-I", "-S", launch.__file__, *told, *command]


def _environment(scratch: Path) -> dict[str, str]:
    """Give the few variables a server needs: none of ours, so none of our secrets."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(scratch)}


def run_once(user: User, command: Sequence[str], *, folder: Path) -> None:
    """Run a command to its end as ``user``.

    Raises
    ------
    Unavailable
        It ended with an error; the message carries the end of what it said.
    """
    done = subprocess.run(
        _command(user, command, signal=0),
        check=False,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        raise not_started(command[0], done.stdout.decode(errors="replace"))


def not_started(name: str, said: str) -> Unavailable:
    """Say that a server did not start, and what it said last."""
    tail = said.strip()[-LOG_TAIL:] or "—"
    short = Path(name).name
    return Unavailable(
        f"内置服务 {short} 未能启动，数据未改动。它最后输出：{tail}",
        english=f"The embedded {short} did not start; no data were changed. It last said: {tail}",
    )


class Server:
    """A running server, ended by ``stop`` or by the end of this process, whichever is first.

    Parameters
    ----------
    user, command
        What to run, as whom.
    folder
        Its working and data folder; a server found still living there is waited for.
    log
        File that takes its output; the last run's is kept beside it.
    end
        Signal that asks it to end in good order.
    """

    def __init__(
        self, user: User, command: Sequence[str], *, folder: Path, log: Path, end: int
    ) -> None:
        if threading.current_thread() is not threading.main_thread():
            # The parent-death signal fires when the thread that forked ends.
            raise RuntimeError("start the embedded servers from the main thread")
        self.name = command[0]
        self.log = log
        self.end = end
        if log.exists():
            log.replace(log.with_suffix(".last.log"))
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                _command(user, command, signal=end),
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; we end the servers last
            )

    @property
    def pid(self) -> int:
        """The server's process id: the launcher's, which became the server."""
        return self._process.pid

    def check(self) -> None:
        """Raise ``Unavailable`` with the end of its log when it has ended."""
        if self._process.poll() is not None:
            raise not_started(self.name, self.log.read_text(errors="replace"))

    def stop(self, *, patience: float = 30.0) -> None:
        """Ask it to end and wait; after ``patience`` seconds, kill it."""
        if self._process.poll() is None:
            self._process.send_signal(self.end)
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def living_in(folder: Path) -> list[int]:
    """List the processes whose working folder is ``folder``: a server and its children."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
    return found


def wait_until_empty(folder: Path, *, patience: float = 30.0) -> None:
    """Wait for the servers of a killed process to end by themselves.

    Raises
    ------
    Unavailable
        Something still works in ``folder`` after ``patience`` seconds.
    """
    deadline = time.monotonic() + patience
    while living := living_in(folder):
        if time.monotonic() > deadline:
            raise Unavailable(
                f"{folder} 仍被进程 {living} 占用，未启动新的服务。请先结束这些进程再试。",
                english=f"{folder} is still in use by processes {living}; nothing was started. "
                "End them and try again.",
            )
        time.sleep(0.02)


def package_folder(package: str, setting: str) -> Path:
    """Find an installed package's folder without importing it.

    Raises
    ------
    Misconfigured
        It is not installed; ``setting`` is the variable that makes it needless.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise Misconfigured(
            f"未安装 {package}，无法启动内置服务。请安装它，或用 {setting} 指向自己的服务。",
            english=f"{package} is not installed, so the embedded server cannot start. Install it, "
            f"or point {setting} at your own server.",
        )
    return Path(spec.submodule_search_locations[0])


def readable(user: User, trees: Sequence[Path], copies: Path) -> list[Path]:
    """Give the trees as ``user`` can read them: in place, or copied side by side to ``copies``.

    The copy is made once, under another name first, so that an interrupted one is never used.
    """
    if all(_all_readable(user, tree) for tree in trees):
        return list(trees)
    if not copies.exists():
        unfinished = copies.with_name(f"{copies.name}.{os.getpid()}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        for tree in trees:
            shutil.copytree(tree, unfinished / tree.name, symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        unfinished.rename(copies)
    return [copies / tree.name for tree in trees]


def _all_readable(user: User, tree: Path) -> bool:
    if user.how != launch.SWITCH:
        return True
    needed = {True: 0o005, False: 0o004}  # a folder is read and entered, a file is read
    return user.reaches(tree) and all(
        path.stat().st_mode & needed[path.is_dir()] == needed[path.is_dir()]
        for path in (tree, *tree.rglob("*"))
    )
