"""Chaos in its short form: a few faults of every kind; ``lifecircle dev chaos`` does hundreds."""

import random

import pytest

from tests.chaos.check import KINDS
from tests.chaos.disk import Disk, cut_power
from tests.chaos.faults import WEIGHTS, plan
from tests.chaos.story import tell

SEED = 20261125
FAULTS = 20


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_is_lost_doubled_or_different_when_everything_is_killed():
    told = tell(seed=SEED, faults=FAULTS, seconds=25, places=2, say=print)
    assert told.accepted
    assert not told.red, told.defects
    assert set(told.counts) >= set(KINDS)


def test_a_seed_gives_the_same_faults_and_every_kind_at_least_once():
    assert list(plan(SEED, 40)) == list(plan(SEED, 40))
    assert list(plan(SEED, 40)) != list(plan(SEED + 1, 40))
    assert {kind for kind, _ in plan(SEED, len(WEIGHTS))} == set(WEIGHTS)


@pytest.mark.parametrize(("lying", "left"), [(False, b"whole"), (True, None)])
def test_a_power_cut_takes_what_was_not_synced_and_nothing_else(tmp_path, monkeypatch, lying, left):
    from core.store import Blobs  # noqa: PLC0415 - its fsync is replaced first

    root, log = tmp_path / "blobs", tmp_path / "synced.log"
    disk = Disk(root, log, lying=lying)
    monkeypatch.setattr("os.fsync", disk.sync)
    blobs = Blobs(root)
    path = blobs.open(blobs.put(b"whole"))
    (root / "ab").mkdir(exist_ok=True)
    (root / "ab" / "never-synced").write_bytes(b"half of it")
    assert cut_power(root, log, random.Random(SEED)) == (2 if lying else 1)  # noqa: S311 - no secret
    assert (path.read_bytes() if path.exists() else None) in (
        {left} if left else {None, b"", b"wh"}
    )
