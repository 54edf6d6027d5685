"""Fields kept right through edits, against a heap in plain Python and scipy from scratch."""

import heapq

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from core.kernel.fields import FAR16, Field, Seeds, Workspace, graph, seeds_of

often = settings(
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def contracted(nodes, arcs, *, bound_ds):
    """Lay out arcs (a, b, time a to b, time b to a), each listed at both its ends."""
    rows = sorted(
        [(a, b, there, back) for a, b, there, back in arcs]
        + [(b, a, back, there) for a, b, there, back in arcs]
    )
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    start = np.searchsorted(table[:, 0], np.arange(nodes + 1)).astype(np.int32)
    out, into = (np.ascontiguousarray(table[:, k].astype(np.uint16)) for k in (2, 3))
    return graph(start, table[:, 1].astype(np.int32), out, into, bound_ds=bound_ds)


def by_heap(g, seeds):
    """Walk backwards from the seeds, nearest first."""
    heap, done = [(time, node) for node, time in seeds], {}
    heapq.heapify(heap)
    while heap:
        walk, here = heapq.heappop(heap)
        if here in done or walk > g.bound_ds:
            continue
        done[here] = walk
        for arc in range(g.start[here], g.start[here + 1]):
            if g.into[arc] != FAR16:
                heapq.heappush(heap, (walk + int(g.into[arc]), int(g.node[arc])))
    return [done.get(node, FAR16) for node in range(g.nodes)]


def bytes_of(field):
    return field.walks.tobytes(), field._seeds.tobytes()


TIMES = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 9, FAR16])


@st.composite
def graphs(draw):
    nodes = draw(st.integers(1, 9))
    node = st.integers(0, nodes - 1)
    if draw(st.booleans()):
        arcs = draw(st.lists(st.tuples(node, node, TIMES, TIMES), max_size=22))
    else:
        both = draw(st.lists(st.tuples(node, node, TIMES), max_size=22))
        arcs = [(a, b, time, time) for a, b, time in both]
    return contracted(nodes, arcs, bound_ds=draw(st.sampled_from([0, 4, 12, 30, 65534])))


def outlets(g):
    seed = st.tuples(st.integers(0, g.nodes - 1), st.sampled_from([0, 0, 1, 2, 4, 7, 40]))
    return st.lists(seed, min_size=0, max_size=2)


@often
@given(graphs(), st.data())
def test_walks_are_exact_after_every_edit_and_undone_to_the_byte(g, data):
    standing = data.draw(st.lists(outlets(g), max_size=4))
    field = Field(g, seeds_of(pair for pairs in standing for pair in pairs), Workspace(g))
    past = []
    for _ in range(data.draw(st.integers(1, 10))):
        deed = data.draw(st.sampled_from(["insert", "remove", "remove", "move", "undo"]))
        if deed == "undo" and past:
            standing, before = past.pop()
            change = field.undo()
            assert bytes_of(field) == before
        elif deed in {"remove", "move"} and standing:
            past.append((standing, bytes_of(field)))
            gone = data.draw(st.integers(0, len(standing) - 1))
            change = field.remove(seeds_of(standing[gone]))
            standing = standing[:gone] + standing[gone + 1 :]
            if deed == "move":
                past.append((standing, bytes_of(field)))
                came = data.draw(outlets(g))
                change = field.insert(seeds_of(came))
                standing = [*standing, came]
        else:
            past.append((standing, bytes_of(field)))
            came = data.draw(outlets(g))
            change = field.insert(seeds_of(came))
            standing = [*standing, came]
        assert field.walks.tolist() == by_heap(g, [pair for pairs in standing for pair in pairs])
        assert field.walks[change.node].tolist() == change.after.tolist()
        assert (change.before != change.after).all()
        assert len(set(change.node.tolist())) == len(change.node)
    while past:
        standing, before = past.pop()
        field.undo()
        assert bytes_of(field) == before


def test_two_corners_joined_by_no_time_do_not_hold_up_one_another():
    g = contracted(4, [(0, 1, 0, 0), (1, 2, 0, 0), (2, 0, 0, 0), (2, 3, 5, 5)], bound_ds=100)
    field = Field(g, seeds_of([(0, 7)]), Workspace(g))
    assert field.walks.tolist() == [7, 7, 7, 12]
    field.remove(seeds_of([(0, 7)]))
    assert field.walks.tolist() == [FAR16] * 4


def test_a_plateau_held_up_from_elsewhere_stays():
    arcs = [(0, 1, 0, 0), (1, 2, 0, 0), (2, 3, 4, 4)]
    g = contracted(4, arcs, bound_ds=100)
    field = Field(g, seeds_of([(0, 7), (3, 3)]), Workspace(g))
    change = field.remove(seeds_of([(0, 7)]))
    assert change.node.tolist() == []
    assert field.walks.tolist() == [7, 7, 7, 3]


def test_steps_of_no_time_one_way_hold_up_only_whom_they_lead_from():
    arcs = [(1, 0, 0, FAR16), (0, 2, 0, FAR16), (3, 1, 4, FAR16)]
    g = contracted(4, arcs, bound_ds=100)
    field = Field(g, seeds_of([(0, 7), (1, 7), (2, 7)]), Workspace(g))
    assert field.remove(seeds_of([(0, 7), (1, 7)])).node.tolist() == []
    assert field.walks.tolist() == [7, 7, 7, 11]
    assert sorted(field.remove(seeds_of([(2, 7)])).node.tolist()) == [0, 1, 2, 3]
    assert field.walks.tolist() == [FAR16] * 4


def test_an_equal_outlet_at_the_same_corner_stays_when_its_twin_goes():
    g = contracted(2, [(0, 1, 3, 3)], bound_ds=100)
    field = Field(g, seeds_of([(0, 2), (0, 2), (0, 5)]), Workspace(g))
    field.remove(seeds_of([(0, 2)]))
    assert field.walks.tolist() == [2, 5]
    field.remove(seeds_of([(0, 2)]))
    assert field.walks.tolist() == [5, 8]
    with pytest.raises(ValueError, match="no seed of 2 deciseconds stands at node 0"):
        field.remove(seeds_of([(0, 5), (0, 2)]))
    field.remove(seeds_of([(0, 5)]))
    assert field.walks.tolist() == [FAR16, FAR16]


def test_a_way_closed_in_one_direction_is_walked_in_the_other():
    g = contracted(2, [(0, 1, FAR16, 6)], bound_ds=65534)
    field = Field(g, seeds_of([(0, 0)]), Workspace(g))
    assert field.walks.tolist() == [0, 6]
    field.insert(seeds_of([(1, 1)]))
    assert field.walks.tolist() == [0, 1]
    field.remove(seeds_of([(0, 0)]))
    assert field.walks.tolist() == [FAR16, 1]


def test_a_fork_is_edited_on_its_own():
    g = contracted(3, [(0, 1, 3, 3), (1, 2, 3, 3)], bound_ds=100)
    base = Field(g, seeds_of([(0, 0)]), Workspace(g))
    base.insert(seeds_of([(0, 1)]))
    before = bytes_of(base)
    fork = base.fork()
    fork.remove(seeds_of([(0, 0)]))
    assert fork.walks.tolist() == [1, 4, 7]
    assert bytes_of(base) == before
    fork.undo()
    assert bytes_of(fork) == before
    with pytest.raises(IndexError):
        fork.undo()
    base.undo()


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        (([0, 1], [1], [3], [3]), "outside the nodes"),
        (([0, 1], [-1], [3], [3]), "outside the nodes"),
        (([0, 2], [0], [3], [3]), "as long as start tells"),
        (([1, 1], [0], [3], [3]), "begin with 0"),
        (([0, 2, 1], [0], [3], [3]), "begin with 0"),
    ],
)
def test_arrays_that_would_lead_a_search_astray_are_refused(arrays, why):
    start, node, out, into = arrays
    ints = [np.array(column, dtype=np.int32) for column in (start, node)]
    shorts = [np.array(column, dtype=np.uint16) for column in (out, into)]
    with pytest.raises(ValueError, match=why):
        graph(*ints, *shorts, bound_ds=10)


def test_a_wrong_type_bound_or_seed_is_refused():
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match="must be one column of int32"):
        graph(np.zeros(1, dtype=np.int64), nothing, nothing, nothing, bound_ds=10)
    with pytest.raises(ValueError, match=r"within 0\.\.65534"):
        contracted(2, [], bound_ds=65535)
    g = contracted(2, [], bound_ds=5)
    field = Field(g, seeds_of([]), Workspace(g))
    with pytest.raises(ValueError, match="outside the nodes"):
        field.insert(seeds_of([(2, 0)]))
    with pytest.raises(ValueError, match="negative time"):
        field.insert(seeds_of([(1, -1)]))
    with pytest.raises(ValueError, match="two equal columns"):
        field.insert(Seeds(node=g.start, time=g.node))


def test_a_city_stays_exact_through_many_edits():
    rng = np.random.default_rng(5)
    side = 40
    spot = np.arange(side * side).reshape(side, side)
    a = np.r_[spot[:, :-1].ravel(), spot[:-1].ravel()]
    b = np.r_[spot[:, 1:].ravel(), spot[1:].ravel()]
    kept = rng.random(len(a)) < 0.75
    there = rng.choice([0, 0, 3, 50, 100, 250], len(a))[kept]
    back = np.where(rng.random(len(there)) < 0.1, FAR16, there + rng.integers(0, 9, len(there)))
    arcs = list(zip(a[kept].tolist(), b[kept].tolist(), there.tolist(), back.tolist(), strict=True))
    g = contracted(side * side, arcs, bound_ds=1500)

    def outlet():
        return [
            (int(rng.integers(side * side)), int(time)) for time in rng.choice([0, 40, 90, 1600], 2)
        ]

    standing = [outlet() for _ in range(40)]
    field = Field(g, seeds_of(pair for pairs in standing for pair in pairs), Workspace(g))
    first = bytes_of(field)
    for edit in range(120):
        if edit % 2:
            field.remove(seeds_of(standing.pop(int(rng.integers(len(standing))))))
        else:
            standing.append(outlet())
            field.insert(seeds_of(standing[-1]))
        assert field.walks.tolist() == by_scipy(g, [pair for pairs in standing for pair in pairs])
    for _ in range(120):
        field.undo()
    assert bytes_of(field) == first


def by_scipy(g, seeds):
    """Search backwards from one source behind all seeds."""
    tail = np.repeat(np.arange(g.nodes), np.diff(g.start)).tolist()
    best: dict[tuple[int, int], int] = {}
    steps = [*zip(tail, g.node.tolist(), g.into.tolist(), strict=True)]
    for here, there, time in steps + [(g.nodes, node, time) for node, time in seeds]:
        if time != FAR16:
            best[here, there] = min(best.get((here, there), FAR16), time)
    rows, columns = np.array(list(best), dtype=np.int32).reshape(-1, 2).T
    # A whisper of length on steps of nothing keeps this oracle clear of how scipy treats zeros.
    times = np.maximum(np.array(list(best.values()), dtype=float), 1e-7)
    matrix = csr_array((times, (rows, columns)), shape=(g.nodes + 1, g.nodes + 1))
    far = np.rint(dijkstra(matrix, indices=g.nodes)[: g.nodes])
    return np.where(far > g.bound_ds, FAR16, far).astype(int).tolist()
