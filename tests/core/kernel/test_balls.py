"""Batches of walks against the engine's own answers, on networks of every odd shape."""

import math

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.kernel.balls import balls_by_reach
from core.kernel.reach import reach
from core.kernel.snap import Snapped
from core.kernel.streets import checked
from core.kernel.supply import choices
from core.kernel.tallies import ChoiceTally, NearestTally, feed
from core.kernel.walks import UNREACHED

often = settings(
    max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)

LENGTHS = st.one_of(st.sampled_from([0.0, 50.0, 120.0]), st.floats(0, 700, width=32))


@st.composite
def towns(draw):
    nodes = draw(st.integers(1, 6))
    node = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(node, node, LENGTHS), min_size=1, max_size=9))
    u, v, metres = zip(*edges, strict=True)
    streets = checked(x=np.zeros(nodes), y=np.zeros(nodes), u=u, v=v, metres=metres)
    place = st.one_of(
        st.tuples(st.integers(0, len(u) - 1), st.floats(0, 1), st.floats(0, 90, width=32)),
        st.tuples(st.just(-1), st.just(math.nan), st.just(400.0)),
    )

    def points(most):
        edge, fraction, access = zip(*draw(st.lists(place, min_size=1, max_size=most)), strict=True)
        return Snapped(
            edge=np.array(edge, dtype=np.int32),
            fraction=np.array(fraction),
            access_metres=np.array(access, dtype=float),
        )

    return streets, points(40), points(6)


@often
@given(towns())
def test_the_nearest_and_the_counts_agree_with_the_engine_on_real_networks(town):
    streets, outlets, homes = town
    lanes = [np.arange(len(outlets)), np.arange(0, len(outlets), 2)]
    sizes = {"lanes": lanes, "outlets": len(outlets), "homes": len(homes)}
    nearest = NearestTally(**sizes, k=2, minutes=10.0)
    counted = ChoiceTally(**sizes, minutes=[4.0, 10.0])
    feed(balls_by_reach(streets, outlets, homes, speed_mps=1.2, limit_ds=6000), nearest, counted)
    engine = reach(streets, outlets, homes, lanes=lanes, speed_mps=1.2, limit_ds=6000)
    singles = reach(
        streets,
        outlets,
        homes,
        lanes=np.arange(len(outlets)).reshape(-1, 1),
        speed_mps=1.2,
        limit_ds=6000,
    )
    assert nearest.answer()[:, 0].tolist() == engine.tolist()
    for lane, rows in enumerate(lanes):
        assert nearest.answer()[lane, 1].tolist() == (
            np.sort(singles[rows], axis=0)[1].tolist()
            if len(rows) > 1
            else [UNREACHED] * len(homes)
        )
        for place, limit in enumerate((2400, 6000)):
            assert counted.answer()[lane, place].tolist() == (
                (singles[rows] <= limit).sum(axis=0).tolist()
            )


@often
@given(towns(), st.data())
def test_one_more_outlet_never_takes_a_choice_away(town, data):
    streets, outlets, homes = town
    assume(len(outlets) > 1)
    fewer = data.draw(st.integers(1, len(outlets) - 1))
    counts = choices(
        balls_by_reach(streets, outlets, homes, speed_mps=1.2, limit_ds=9000),
        lanes=[np.arange(fewer), np.arange(len(outlets))],
        outlets=len(outlets),
        homes=len(homes),
        minutes=[5.0, 15.0],
    )
    assert (counts[1] >= counts[0]).all()
    assert (counts[:, 1] >= counts[:, 0]).all()
