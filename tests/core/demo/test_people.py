import numpy as np
import pytest

from core.demo.people import apportion, settle
from core.demo.sketch import Home, Sketch


def test_apportioned_people_add_up_and_nobody_is_left_without_one():
    given = apportion(np.array([0.1, 5.0, 2.5, 0.0]), 101)
    assert given.sum() == 101
    assert given.min() >= 1
    assert given.argmax() == 1


def test_more_homes_than_residents_are_refused():
    sketch = Sketch()
    quarter = sketch.quarter("某村", "village", 0)
    sketch.homes += [Home(0, 0, quarter), Home(1, 1, quarter)]
    with pytest.raises(ValueError, match="1 residents for 2 homes"):
        settle(sketch, 1, np.random.default_rng(1))


def test_old_estates_are_older_than_the_new_town():
    sketch = Sketch()
    old, new = sketch.quarter("旧", "estate", 0), sketch.quarter("新", "new", 1)
    sketch.homes += [Home(0, 0, old)] * 500 + [Home(0, 0, new)] * 500
    settled = settle(sketch, 40_000, np.random.default_rng(2))
    share = settled.over_60 / settled.people
    assert share[:500].mean() > 2 * share[500:].mean()
    assert settled.below_7[500:].sum() / settled.people[500:].sum() > 0.08
