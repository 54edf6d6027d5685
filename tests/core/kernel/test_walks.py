import math

import numpy as np
import pytest

from core.kernel.walks import UNREACHED, deciseconds, minutes_of


def test_minutes_become_whole_deciseconds():
    assert [deciseconds(m) for m in (0, 5, 7.5, 15, 0.01)] == [0, 3000, 4500, 9000, 6]


@pytest.mark.parametrize("minutes", [-1, math.nan, math.inf, UNREACHED / 600])
def test_a_limit_that_is_no_walk_is_refused(minutes):
    with pytest.raises(ValueError, match="minutes"):
        deciseconds(minutes)


def test_out_of_reach_is_no_number_of_minutes():
    walks = np.array([0, 9000, UNREACHED], dtype=np.int32)
    assert minutes_of(walks)[:2].tolist() == [0.0, 15.0]
    assert math.isnan(minutes_of(walks)[2])


def test_three_unreached_walks_add_up_within_32_bits():
    assert 3 * UNREACHED < 2**31
