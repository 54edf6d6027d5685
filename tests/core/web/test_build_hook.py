"""The build hook: what it skips, when it builds again, and what a failure leaves."""

import json
from pathlib import Path

import pytest

from core.web.build_hook import SKIP, STAMP, FrontendNotBuilt, build, digest_of

FRONTEND = Path(__file__).parents[3] / "core" / "web" / "frontend"


@pytest.fixture
def web(tmp_path):
    sources = tmp_path / "frontend"
    sources.mkdir()
    (sources / "package.json").write_text('{"name": "x", "dependencies": {"esbuild": "1.0.0"}}')
    (sources / "package-lock.json").write_text(
        '{"name": "x", "lockfileVersion": 3, "packages": {"": {"name": "x"}}}'
    )
    return tmp_path


def built_from(web, digest):
    dist = web / "static" / "dist"
    dist.mkdir(parents=True)
    (dist / STAMP).write_text(digest)
    (dist / "map.js").write_text("old")
    return dist


def test_the_way_round_builds_nothing(web):
    assert SKIP in build(web, {SKIP: "1"})
    assert not (web / "static").exists()


def test_what_was_built_from_the_same_sources_is_kept(web):
    built_from(web, digest_of(web / "frontend"))
    assert build(web, {}) == "browser files: up to date"


def test_a_failing_npm_stops_with_the_way_round_and_leaves_what_was_there(web):
    dist = built_from(web, "of other sources")
    (web / "frontend" / "package.json").write_text("{ no JSON")
    with pytest.raises(FrontendNotBuilt, match=f"{SKIP}=1"):
        build(web, {})
    assert (dist / "map.js").read_text() == "old"


def test_the_digest_sees_every_source_and_nothing_that_npm_installed(web):
    sources = web / "frontend"
    before = digest_of(sources)
    (sources / "node_modules").mkdir()
    (sources / "node_modules" / "x.js").write_text("1")
    assert digest_of(sources) == before
    (sources / "new.ts").write_text("1")
    assert digest_of(sources) != before


def test_the_lock_carries_digests_and_no_addresses_of_packages():
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    packages = [entry for name, entry in lock["packages"].items() if name]
    assert packages
    assert all("integrity" in entry and "resolved" not in entry for entry in packages)
