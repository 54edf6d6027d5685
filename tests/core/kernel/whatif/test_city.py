"""A city kept right through fifty edits, against a search from scratch after each."""

import math

import numpy as np

from core.kernel.doors import doors
from core.kernel.prepared import prepare
from core.kernel.reach import reach
from core.kernel.snap import Snapped
from core.kernel.streets import checked
from core.kernel.walkers import level
from core.kernel.whatif.city import City
from core.kernel.whatif.scenario import Scenario


def test_a_whole_city_stays_equal_to_a_search_from_scratch():
    rng = np.random.default_rng(4)
    side, count = 30, 900
    spot = np.arange(side * side).reshape(side, side)
    u = np.r_[spot[:, :-1].ravel(), spot[:-1].ravel(), rng.integers(0, side**2, 40)]
    v = np.r_[spot[:, 1:].ravel(), spot[1:].ravel(), rng.integers(0, side**2, 40)]
    kept = rng.random(len(u)) < 0.7
    metres = rng.integers(0, 9, len(u))[kept] * 25.0
    zeros = np.zeros(side * side)
    streets = checked(x=zeros, y=zeros, u=u[kept], v=v[kept], metres=metres)

    def crowd(number):
        edge = rng.integers(-1, len(metres), number).astype(np.int32)
        part = np.where(edge < 0, math.nan, rng.random(number))
        return Snapped(edge=edge, fraction=part, access_metres=rng.random(number) * 40)

    homes, outlets = crowd(count), crowd(140)
    prepared = prepare(streets, level(metres, metres_per_second=1.2), bound_ds=4000)
    lanes = [set(range(0, 90, 3)), set(range(5))]
    city = City(
        prepared,
        doors(prepared, homes),
        doors(prepared, outlets.take(np.arange(90))),
        lanes=[np.array(sorted(lane)) for lane in lanes],
        limit_ds=4000,
    )
    scenario = Scenario(city)

    def scratch():
        rows = [np.array(sorted(lane)) for lane in lanes]
        return reach(streets, outlets, homes, lanes=rows, speed_mps=1.2, limit_ds=4000).tolist()

    for new in range(90, 140):
        lane = int(rng.integers(2))
        scenario.add(doors(prepared, outlets.take(np.array([new]))), [lane])
        lanes[lane] |= {new}
        if new % 2:
            gone = int(rng.choice(sorted(lanes[lane])))
            scenario.offer(gone, scenario.lanes_of(gone) - {lane})
            lanes[lane] -= {gone}
        assert [scenario.walks(n).tolist() for n in range(2)] == scratch()
