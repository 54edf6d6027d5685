import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.intake.people import whole_groups, whole_people

fractions = st.lists(st.floats(0, 500), min_size=1, max_size=60)


@given(fractions)
def test_the_sum_is_the_rounded_sum_and_nobody_moves_by_one(people):
    array = np.array(people)
    whole = whole_people(array)
    assert whole.sum() == round(float(array.sum()))
    assert (np.abs(whole - array) <= 1).all()
    assert whole.dtype == np.int32


def test_the_largest_remainders_are_rounded_up_and_earlier_rows_first():
    assert whole_people(np.array([0.2, 0.9, 0.9])).tolist() == [0, 1, 1]
    assert whole_people(np.array([0.5, 0.5, 0.5, 0.5])).tolist() == [1, 1, 0, 0]


def test_whole_numbers_stay():
    assert whole_people(np.array([3.0, 0.0, 7.0])).tolist() == [3, 0, 7]


def test_no_row_gets_more_than_its_most():
    most = np.array([0, 1, 1], dtype=np.int32)
    assert whole_people(np.array([0.9, 0.6, 0.6]), most).tolist() == [0, 1, 1]
    assert whole_people(np.array([0.9, 0.9, 0.9]), most).tolist() == [0, 1, 1]


@given(
    st.lists(
        st.tuples(st.floats(0, 99), *(st.floats(0, 1) for _ in range(4))), min_size=1, max_size=30
    )
)
def test_every_group_stays_within_the_one_that_holds_it(rows):
    people, old, older, young, younger = np.array(rows).T
    homes = {
        "people": people,
        "people_60+": people * old,
        "people_65+": people * old * older,
        "people_0-6": people * (1 - old) * young,
        "people_0-3": people * (1 - old) * young * younger,
    }
    whole = whole_groups(homes)
    assert whole["people"].sum() == round(float(people.sum()))
    assert (whole["people_65+"] <= whole["people_60+"]).all()
    assert (whole["people_0-3"] <= whole["people_0-6"]).all()
    assert (whole["people_60+"] + whole["people_0-6"] <= whole["people"]).all()


def test_a_group_without_its_wider_one_is_rounded_within_all_people():
    whole = whole_groups({"people": np.array([1.0, 2.0]), "people_65+": np.array([0.5, 0.5])})
    assert whole["people_65+"].tolist() == [1, 0]
    assert "people_60+" not in whole
