import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.coverage import (
    covered_homes,
    covered_people,
    people_near_limit,
    people_where,
    within,
)
from core.kernel.walks import UNREACHED

FIFTEEN = 15 * 600
WALKS = np.array(
    [
        [FIFTEEN, FIFTEEN + 1, 0, UNREACHED],
        [0, 0, FIFTEEN + 1, UNREACHED],
        [3000, 3001, 3000, 3000],
    ],
    dtype=np.int32,
)
PEOPLE = np.array([40, 50, 7, 3], dtype=np.int32)


def test_a_walk_of_exactly_fifteen_minutes_counts():
    assert within(WALKS[0], 15).tolist() == [True, False, True, False]
    assert covered_people(WALKS, PEOPLE, 15).tolist() == [47, 90, 100]


def test_five_minutes_are_a_threshold_on_the_same_walks():
    assert covered_people(WALKS, PEOPLE, 5).tolist() == [7, 90, 50]


def test_a_single_row_gives_a_single_number():
    assert int(covered_people(WALKS[0], PEOPLE, 15)) == 47


def test_nobody_who_is_unreached_is_ever_covered():
    walks = np.full((1, 2), UNREACHED, dtype=np.int32)
    assert covered_people(walks, PEOPLE[:2], (UNREACHED - 1) / 600).tolist() == [0]


@pytest.mark.parametrize(
    ("at_least", "homes"),
    [
        (1, [True, True, True, True]),
        (2, [True, True, True, False]),
        (3, [True, False, False, False]),
    ],
)
def test_any_some_or_all_of_several_formats(at_least, homes):
    assert covered_homes(WALKS, 15, at_least=at_least).tolist() == homes


def test_each_format_may_have_its_own_minutes():
    assert covered_homes(WALKS, [15, 0, 5], at_least=3).tolist() == [True, False, False, False]
    assert covered_homes(WALKS, [15, 0, 4.9], at_least=3).tolist() == [False] * 4


def test_people_of_marked_homes_are_summed():
    assert people_where(np.array([True, False, False, True]), PEOPLE) == 43


def test_a_nation_of_people_does_not_wrap_around():
    people = np.full(3, 2**31 - 1, dtype=np.int32)
    walks = np.zeros((1, 3), dtype=np.int32)
    assert covered_people(walks, people, 15).tolist() == [3 * (2**31 - 1)]
    assert people_where(np.ones(3, dtype=bool), people) == 3 * (2**31 - 1)


def test_people_near_the_limit_stand_on_both_sides_of_it():
    walks = np.array([FIFTEEN - 6, FIFTEEN - 5, FIFTEEN + 5, UNREACHED], dtype=np.int32)
    assert people_near_limit(walks, PEOPLE, 15, slack_ds=5) == 57
    assert people_near_limit(walks, PEOPLE, 15, slack_ds=6) == 97


@pytest.mark.parametrize("at_least", [0, 4, -1])
def test_asking_for_more_formats_than_there_are_is_refused(at_least):
    with pytest.raises(ValueError, match="at_least"):
        covered_homes(WALKS, 15, at_least=at_least)


def test_a_limit_for_some_formats_only_is_refused():
    with pytest.raises(ValueError, match="2 limits were given for 3 formats"):
        covered_homes(WALKS, [15, 5], at_least=1)


def test_fractions_of_people_are_refused():
    with pytest.raises(TypeError, match="whole numbers"):
        covered_people(WALKS, PEOPLE.astype(float), 15)


@pytest.mark.parametrize(
    ("people", "told"), [([40, 50, -7, 3], r"people\[2\] is negative"), ([40, 50], "4 homes")]
)
def test_people_that_cannot_be_are_refused(people, told):
    with pytest.raises(ValueError, match=told):
        covered_people(WALKS, np.array(people), 15)


@settings(max_examples=60, deadline=None, database=None)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 12000), min_size=3, max_size=3), st.integers(0, 900)),
        max_size=20,
    ),
    st.sampled_from([0, 2.5, 5, 10, 15]),
)
def test_counting_one_home_after_the_other_gives_the_same(homes, minutes):
    walks = np.array([w for w, _ in homes], dtype=np.int32).reshape(-1, 3).T
    people = np.array([p for _, p in homes], dtype=np.int32)
    for row in range(3):
        expected = sum(p for w, p in homes if w[row] <= minutes * 600)
        assert covered_people(walks, people, minutes)[row] == expected
    for least in (1, 2, 3):
        expected = sum(p for w, p in homes if sum(x <= minutes * 600 for x in w) >= least)
        assert people_where(covered_homes(walks, minutes, at_least=least), people) == expected
