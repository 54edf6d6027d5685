"""The sample town's answers, each checked by hand on one straight street."""

import pytest

from core.contract import Demand, Fact, Walker, Window
from core.kit.town import sample_town, unmeasured

TOWN = sample_town()


@pytest.mark.parametrize(
    ("demand", "low", "high", "people"),
    [
        # 720 m from 0: homes at 0, 300 and 600
        (Demand(formats=("convenience_store",), minutes=10), 600, 600, 1000),
        # 360 m from 0, and from 1500: 0, 300; 1200, 1500
        (Demand(formats=("convenience_store", "supermarket"), minutes=5), 500, 500, 1000),
        # both within 720 m: none of 0–600 lies within 720 m of 1500, 900 lies near one only
        (Demand(formats=("convenience_store", "supermarket"), minutes=10, at_least=2), 0, 0, 1000),
        # 1080 m: from 0 up to 900, from 1500 down to 600: both at 600 and 900
        (
            Demand(formats=("convenience_store", "supermarket"), minutes=15, at_least=2),
            500,
            500,
            1000,
        ),
        # 720 m from 300: 0–900; the one at 1500 may be open: 900, 1200, 1500
        (
            Demand(formats=("breakfast_shop",), minutes=10, window=Window(390, 510)),
            800,
            1000,
            1000,
        ),
        # in the evening the one at 300 is surely shut: only what is unknown remains
        (
            Demand(formats=("breakfast_shop",), minutes=10, window=Window(1080, 1200)),
            0,
            400,
            1000,
        ),
        # 0.9 m/s for 15 minutes are 810 m from 600: all but 1500, where nobody is old
        (
            Demand(
                formats=("elder_canteen",),
                minutes=15,
                group="60+",
                walker=Walker(key="elder", metres_per_second=0.9),
            ),
            200,
            200,
            200,
        ),
        # 360 m from 300: 0, 300, 600 with 4 + 10 + 6 small children of 22
        (Demand(formats=("childcare_0_3",), minutes=5, group="0-3"), 20, 20, 22),
        (Demand(formats=("cinema",), minutes=15), 0, 0, 1000),
    ],
)
def test_an_answer_by_hand(demand, low, high, people):
    assert TOWN.answer(demand) == Fact(covered_low=low, covered_high=high, people=people)


def test_an_age_group_that_the_town_does_not_know_is_not_measured():
    demand = Demand(formats=("repair",), minutes=10, group="65+")
    facts = TOWN.facts([demand])
    assert facts[demand] is None
    assert facts.why(demand)


def test_a_fact_may_be_left_out():
    demand = Demand(formats=("repair",), minutes=10)
    assert TOWN.facts([demand])[demand] is not None
    assert TOWN.facts([demand], without=[demand])[demand] is None


def test_nothing_is_known_where_nothing_was_measured():
    facts = unmeasured(7)
    assert facts.people == 7
    assert facts.figure("satisfaction") is None
    assert facts[Demand(formats=("repair",), minutes=10)] is None
