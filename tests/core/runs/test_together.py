"""People who reach several things at once."""

from __future__ import annotations

import numpy as np
import pytest

from core.db import Run
from core.runs.together import reach_all
from core.store import write_table


@pytest.fixture
def run(blobs):
    table = {
        "people": np.array([1, 10, 100, 1000], dtype=np.int32),
        "walk:a": np.array([0, 9000, 9001, -1], dtype=np.int32),
        "walk:b": np.array([3000, 9000, 9000, 0], dtype=np.int32),
    }
    return Run(minutes_digest=blobs.put(write_table(table)))


def test_a_walk_of_exactly_the_limit_counts_and_one_beyond_does_not(blobs, run):
    assert reach_all(blobs, run, ["a"], 15) == 11


def test_every_one_must_be_reached(blobs, run):
    assert reach_all(blobs, run, ["b"], 15) == 1111
    assert reach_all(blobs, run, ["a", "b"], 15) == 11
    assert reach_all(blobs, run, ["a", "b"], 5) == 1


def test_what_was_not_measured_is_not_nought(blobs, run):
    assert reach_all(blobs, run, ["a", "c"], 15) is None
    assert reach_all(blobs, run, [], 15) is None
