import numpy as np
import pytest

from core.kernel.compiled.curve import AXIS_BITS, ROUNDS, along_curve, spread_bits


def code(east, north):
    """Weave the bits of two whole numbers, in plain Python."""
    return sum(
        ((east >> bit & 1) << 2 * bit) | ((north >> bit & 1) << 2 * bit + 1)
        for bit in range(AXIS_BITS)
    )


@pytest.mark.parametrize("place", [0, 1, 2, 5, 1000, 2**21 + 12345, 2**AXIS_BITS - 1])
def test_a_zero_comes_between_each_two_bits(place):
    assert int(spread_bits(float(place))) == code(place, 0)


def test_places_beyond_the_square_count_as_on_its_rim():
    assert spread_bits(-3.0) == spread_bits(0.0) == 0
    assert spread_bits(1e300) == spread_bits(np.inf) == code(2**AXIS_BITS - 1, 0)


@pytest.mark.parametrize("rounds", [ROUNDS // 2, ROUNDS])
def test_points_come_in_the_order_of_their_codes_and_equals_keep_theirs(rounds):
    rng = np.random.default_rng(1)
    east, north = rng.integers(0, 2**AXIS_BITS, (2, 3000))
    east[:500], north[:500] = rng.integers(0, 4, (2, 500))
    x, y = 100.0 + east / 8, -50.0 + north / 8
    shift = AXIS_BITS * 2 * (ROUNDS - rounds) // ROUNDS
    key = [code(int(a), int(b)) >> shift for a, b in zip(east, north, strict=True)]
    expected = sorted(range(3000), key=key.__getitem__)
    assert along_curve(x, y, 100.0, -50.0, 8.0, rounds).tolist() == expected


def test_no_point_gives_no_order():
    assert len(along_curve(np.empty(0), np.empty(0), 0.0, 0.0, 1.0, ROUNDS)) == 0
