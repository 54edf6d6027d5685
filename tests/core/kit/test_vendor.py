"""A vendor's package, installed beside ours, tested by its author in one file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLUGIN = """
from lifecircle import BusinessFormat, Manifest, hookimpl

@hookimpl
def lifecircle_manifest():
    return Manifest(key="acme", name="某厂", version="1.0", api=(1, 0))

@hookimpl
def lifecircle_business_formats():
    return [BusinessFormat(key="acme.market", name="夜市", english="Night market")]
"""
TESTS = """
from lifecircle.testing import PluginConformance

class TestAcme(PluginConformance):
    plugin = "acme"

def test_the_fixtures_are_there(sample_town, plugin_host):
    assert len(sample_town.homes) == 6
    assert plugin_host.record("acme").title == "某厂"
"""


@pytest.fixture
def vendor(tmp_path):
    """Lay out an installed vendor's package and our façade, as a wheel packages it."""
    shutil.copytree(ROOT / "core" / "facade", tmp_path / "lifecircle")
    facts = tmp_path / "acme-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[lifecircle.plugins]\nacme = acme_lifecircle\n")
    (tmp_path / "test_acme.py").write_text(TESTS, "utf-8")

    def tested(code):
        (tmp_path / "acme_lifecircle.py").write_text(code, "utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
        command += ["-p", "no:lifecircle", "-p", "core.kit.pytest_plugin", "test_acme.py"]
        environ = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PYTHONUTF8": "1"}
        return subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )

    return tested


def test_a_sound_plugin_passes_the_inherited_tests(vendor):
    ran = vendor(PLUGIN)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "19 passed" in ran.stdout


def test_a_planted_bare_key_fails_with_our_sentence(vendor):
    ran = vendor(PLUGIN.replace("acme.market", "market"))
    assert ran.returncode == 1
    assert "键“market”应以“acme.”开头" in ran.stdout
