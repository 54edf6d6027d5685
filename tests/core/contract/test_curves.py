import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Span
from core.contract.curves import Piecewise, Step, curve, linear

SHARES = st.floats(0, 1)
VALUES = st.floats(-10, 10)


@st.composite
def polylines(draw):
    xs = sorted(draw(st.sets(st.integers(-50, 50), min_size=2, max_size=6)))
    ys = draw(st.lists(SHARES, min_size=len(xs), max_size=len(xs)))
    return Piecewise(tuple((float(x), y) for x, y in zip(xs, ys, strict=True)))


@pytest.mark.parametrize(
    ("value", "share"), [(0.5, 0), (0.6, 0), (0.775, 0.5), (0.95, 1), (1.0, 1)]
)
def test_a_linear_curve_rises_from_its_floor_to_its_target(value, share):
    assert linear(0.6, 0.95).share(value) == pytest.approx(share)


def test_floor_and_target_are_met_exactly():
    assert linear(0.6, 0.95).share(0.6) == 0
    assert linear(0.6, 0.95).share(0.95) == 1


def test_with_a_target_below_the_floor_less_is_better():
    fewer = linear(10, 2)
    assert [fewer.share(value) for value in (1, 2, 6, 10, 11)] == [1, 1, 0.5, 0, 0]
    assert fewer.over(Span(2, 6)) == Span(0.5, 1)


def test_a_step_gives_everything_from_the_target_on():
    assert [Step(3).share(value) for value in (2.99, 3, 4)] == [0, 1, 1]
    assert Step(3).over(Span(2, 4)) == Span(0, 1)


def test_a_hump_inside_a_span_is_found():
    hump = Piecewise(((0, 0), (5, 1), (10, 0)))
    assert hump.over(Span(1, 9)) == Span(pytest.approx(0.2), 1)


@given(st.floats(0, 0.99), st.floats(0.001, 1), VALUES, VALUES)
def test_a_linear_curve_never_falls_and_stays_in_bounds(floor, width, one, other):
    rising = linear(floor, floor + width)
    low, high = rising.share(min(one, other)), rising.share(max(one, other))
    assert 0 <= low <= high <= 1


@given(polylines(), st.floats(-60, 60), st.floats(-60, 60), SHARES)
def test_no_value_in_a_span_earns_less_or_more_than_its_ends_say(line, one, other, part):
    low, high = min(one, other), max(one, other)
    inside = min(max(low + (high - low) * part, low), high)
    ends = line.over(Span(low, high))
    assert 0 <= ends.low <= ends.high <= 1
    assert ends.low - 1e-12 <= line.share(inside) <= ends.high + 1e-12


@given(polylines(), st.floats(-60, 60))
def test_a_span_of_one_value_earns_one_share(line, value):
    assert line.over(Span(value, value)) == Span(line.share(value), line.share(value))


@pytest.mark.parametrize(
    "points", [[], [[1, 0]], [[1, 0], [1, 1]], [[2, 0], [1, 1]], [[1, 0], [2, 1.5]]]
)
def test_a_piecewise_curve_needs_rising_values_and_shares_within_one(points):
    with pytest.raises(ValueError, match="curve"):
        curve("piecewise", points=points)


def test_an_unknown_or_unfinished_curve_is_refused():
    for kind, numbers in (("logistic", {}), ("linear", {"floor": 1}), ("step", {})):
        with pytest.raises(ValueError, match="unknown or lacks"):
            curve(kind, **numbers)
    with pytest.raises(ValueError, match="must differ"):
        curve("linear", floor=1, target=1)
