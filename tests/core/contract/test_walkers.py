from dataclasses import fields

import pytest

from core.contract import ADULT, ELDER, PROFILES, PUSHCHAIR, WHEELCHAIR, Status, Walker
from core.contract.walkers import described


def test_the_adult_is_the_walker_by_default():
    assert Walker() == ADULT
    assert (ADULT.metres_per_second, ADULT.steps, ADULT.crossing_seconds) == (1.2, 1.0, 0.0)
    assert (ADULT.uphill, ADULT.through_gates) == (0.0, True)


def test_wheels_do_not_use_steps():
    assert PUSHCHAIR.steps is None
    assert WHEELCHAIR.steps is None
    assert ELDER.steps is not None


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_number_of_a_named_walker_has_a_status_and_a_source(profile):
    assert set(profile.stated) == {one.name for one in fields(Walker)} - {"key"}
    assert all(one.source for one in profile.stated.values())


def test_no_number_of_a_named_walker_passes_for_official():
    stated = [one for profile in PROFILES.values() for one in profile.stated.values()]
    assert {one.status for one in stated} == {Status.ASSUMED, Status.DERIVED}


def test_a_note_says_each_number_with_its_status():
    note = PROFILES["wheelchair"].note
    assert note.startswith("轮椅：步速 0.8 米/秒（设：")
    assert "不能走台阶（设：" in note
    assert "等灯 34 秒（设：" in note
    assert "（推：Tobler" in PROFILES["elder"].note


def test_a_walker_is_described_by_what_differs_from_length_alone():
    assert described(ADULT) == "1.2 米/秒"
    assert described(Walker(through_gates=False, uphill=2)) == (
        "1.2 米/秒、每升高 1 米加 2 米、不过门禁"
    )
