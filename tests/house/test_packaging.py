"""The wheel installs outside the checkout and works there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import pytest

from core.db.init import head

TOP = Path(__file__).resolve().parents[2]
OURS_ASIDE = {key: value for key, value in os.environ.items() if not key.startswith("LIFECIRCLE")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel and install it, without its dependencies, into an empty environment.

    The dependencies are lent from the environment that runs the tests, by a path file; a path
    file inside a lent folder is not read, so an editable install does not leak in.
    """
    folder = tmp_path_factory.mktemp("wheel")
    environment = {**os.environ, "LIFECIRCLE_SKIP_FRONTEND": "1"}
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=TOP,
        env=environment,
        check=True,
        capture_output=True,
    )
    wheel = next(folder.glob("*.whl"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env/bin/python"
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
    )
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
        names = archive.namelist()
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python, folder, names


def _run(installed, code, **environment):
    python, folder, _names = installed
    return subprocess.run(
        [python, "-P", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**OURS_ASIDE, "PYTHONPATH": "", **environment},
    )


def test_the_wheel_carries_the_rooms_the_facade_and_the_migrations(installed):
    names = installed[2]
    for wanted in (
        "core/app.py",
        "tenants/__init__.py",
        "plugins/__init__.py",
        "wsgi.py",
        "lifecircle/__init__.py",
        "lifecircle/testing.py",
        "lifecircle/_migrations/env.py",
        "lifecircle/_migrations/versions/0001_tables.py",
        "core/web/templates/base.html",
        "core/web/static/tokens.css",
        "core/web/translations/en/LC_MESSAGES/messages.po",
        "core/demo/trades.toml",
        "tenants/templates/people/sign_in.html",
        "tenants/tree/names.toml",
        "plugins/basics/formats.toml",
    ):
        assert wanted in names
    for unwanted in ("tests/", "core/web/frontend/", "core/web/build_hook.py"):
        assert not [name for name in names if name.startswith(unwanted)], unwanted
    assert not [name for name in names if name.endswith((".pyc", ".map"))]


def test_the_installed_command_tells_its_version(installed):
    found = _run(
        installed, "import sys; sys.argv = ['lifecircle', '--version']; import wsgi; wsgi.main()"
    )
    assert "0.1.0" in found.stdout, found.stderr


def test_a_vendor_can_import_the_facade(installed):
    found = _run(
        installed, "import lifecircle; print(lifecircle.hookimpl.project_name, lifecircle.__file__)"
    )
    assert found.stdout.startswith("lifecircle "), found.stderr
    assert str(installed[1]) in found.stdout


def test_the_installed_plugins_are_ready(installed):
    found = _run(
        installed,
        "import sys; sys.argv = ['lifecircle', 'plugin', 'list']; import wsgi; wsgi.main()",
    )
    assert found.returncode == 0, found.stderr
    states = [line.split()[2] for line in found.stdout.splitlines()]
    assert states
    assert set(states) == {"ready"}, found.stdout


def test_the_installed_command_migrates_an_empty_database(installed):
    home = Path(tempfile.mkdtemp(prefix="lc-wheel-"))
    home.chmod(0o711)  # as root, the servers' user passes through
    code = "import sys; sys.argv = ['lifecircle', 'db', 'upgrade']; import wsgi; wsgi.main()"
    try:
        found = _run(installed, code, LIFECIRCLE_HOME=str(home))
    finally:
        shutil.rmtree(home)
    assert found.returncode == 0, found.stderr
    assert f"数据库版本 {head()}" in found.stdout
