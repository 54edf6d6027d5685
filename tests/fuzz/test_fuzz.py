"""A few hundred hostile files: each is refused or taken whole, and kills nobody."""

from __future__ import annotations

import pytest

from core.intake import apart
from tests.fuzz.bombs import bombs
from tests.fuzz.files import Hostile, draw
from tests.fuzz.lane import Lane, Tally

DRAWN = 300
pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def place(settle):
    """Give a place that has good data of every kind."""
    place = settle("x-fuzzed")
    place.furnish()
    return place


@pytest.fixture
def lane(place, monkeypatch):
    """Give a lane whose readers are forked, for the length of a test."""
    monkeypatch.setattr(apart, "subprocess", apart.subprocess)  # put back at the end
    lane = Lane(place, Tally())
    yield lane
    lane.engine.dispose()


def test_hundreds_of_hostile_files_are_refused_or_taken_whole(lane):
    lane.through(draw(2026, number) for number in range(DRAWN))
    assert lane.tally.defects == []
    assert lane.tally.files == DRAWN
    assert lane.tally.ends["done"] > 3  # some are only unusual
    assert len(lane.tally.codes) > 8


def test_every_bomb_is_refused_within_its_limits(lane):
    lane.through(bombs(heavy=False))
    assert lane.tally.defects == []
    assert set(lane.tally.ends) == {"failed invalid"}
    assert lane.tally.child_kib < 1024**2, "what TRUST asks, in KiB"


def test_an_import_that_leaves_half_of_itself_would_be_found(lane, place):
    good = Hostile(
        "sheet", "residents", "good.csv", "编号,经度,纬度,人口\na,117,36.65,5\n".encode(), {}
    )
    before = lane.counts()
    answer = lane.send(good)
    lane.look(good, answer.json["id"], {**before, "dataset_versions": -1})
    assert lane.tally.defects


def test_the_same_seed_draws_the_same_files():
    assert [draw(7, number) for number in range(20)] == [draw(7, number) for number in range(20)]
    assert draw(7, 1) != draw(8, 1)
