"""The doctor says what a machine lacks, and what to do about it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from core.cli.doctor import doctor, examined
from core.config import Config


def by_key(config):
    return {finding.key: finding for finding in examined(config)}


def test_this_machine_measures_a_small_town_right(tmp_path):
    found = by_key(Config(blobs=tmp_path / "not" / "yet", home=tmp_path))
    assert found["engine"].well
    assert "modules" in found["engine"].seen
    assert all(finding.well for finding in found.values()), found


def test_a_database_that_does_not_answer_is_told_with_the_variable_to_check(tmp_path):
    there = "postgresql+psycopg://app@127.0.0.1:1/lifecircle"
    found = by_key(Config(blobs=tmp_path, database_url=there, redis_url="redis://127.0.0.1:1"))
    assert not found["database"].well
    assert "LIFECIRCLE_DATABASE_URL" in found["database"].remedy
    assert not found["queue"].well
    assert "LIFECIRCLE_REDIS_URL" in found["queue"].remedy


def test_servers_that_answer_are_well(tmp_path, database_urls, servers):
    config = Config(
        blobs=tmp_path,
        database_url=database_urls.app_url,
        owner_url=database_urls.owner_url,
        redis_url=servers.redis_url,
    )
    found = by_key(config)
    assert found["database"].well, found["database"]
    assert found["queue"].well


def test_too_little_memory_is_told(tmp_path):
    found = by_key(replace(Config(blobs=tmp_path), worker_memory_mib=100))
    assert not found["memory"].well
    assert "100 MiB" in found["memory"].seen


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_the_command_ends_with_one_where_something_is_wrong(words, tmp_path, monkeypatch):
    monkeypatch.setenv("LIFECIRCLE_BLOBS", str(tmp_path))
    monkeypatch.setenv("LIFECIRCLE_WORKER_MEMORY_MIB", "100")
    told = CliRunner().invoke(doctor, words)
    assert told.exit_code == 1
    if words:
        assert {"key": "memory", "well": False}.items() <= json.loads(told.output)[3].items()
    else:
        assert "✗ memory" in told.output
