"""The doctor says what a machine lacks, and what to do about it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime, timedelta

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
    found.pop("fonts")  # a machine's own, and of no weight for measuring
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
    assert found["queue safety"].well
    assert found["clock"].well, found["clock"]
    assert not found["hosts"].well
    assert "LIFECIRCLE_TRUSTED_HOSTS" in found["hosts"].remedy


def test_a_clock_that_runs_ahead_is_told(tmp_path, database_urls, monkeypatch):
    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None) -> datetime:
            return datetime.now(tz) + timedelta(days=1)

    monkeypatch.setattr(sys.modules["core.cli.doctor"], "datetime", Ahead)
    found = by_key(Config(blobs=tmp_path, database_url=database_urls.app_url))
    assert not found["clock"].well
    assert found["clock"].seen.startswith("-86")


def test_what_a_start_would_refuse_is_told_with_how_to_mend_it(tmp_path):
    found = by_key(
        Config(
            blobs=tmp_path,
            secret_key="changeme" * 8,
            redis_url="redis://queue.example:6379/0",
            limits="everybody=1",
        )
    )
    for key, variable in (
        ("secret", "LIFECIRCLE_SECRET_KEY"),
        ("queue safety", "LIFECIRCLE_REDIS_URL"),
        ("limits", "LIFECIRCLE_LIMITS"),
    ):
        assert not found[key].well
        assert variable in found[key].remedy


def test_a_machine_without_chinese_letters_is_told(tmp_path, monkeypatch):
    empty = tmp_path / "fc-list"
    empty.write_text("#!/bin/sh\n")
    empty.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    found = by_key(Config(blobs=tmp_path))
    assert not found["fonts"].well
    assert "fonts-noto-cjk" in found["fonts"].remedy


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
