"""Small questions for sites, and plain Python that answers them by trying everything."""

import itertools

import numpy as np
from hypothesis import strategies as st

from core.kernel.siting.candidates import TooClose, covers
from core.kernel.siting.question import Conditions, ask


def laid_out(sets):
    """Lay sets of points one after the other."""
    start = np.cumsum([0, *(len(one) for one in sets)])
    row = np.array([point for one in sets for point in sorted(one)], dtype=np.int32)
    return start, row


def cover_of(sets, points):
    return covers(*laid_out(sets), points=points)


def conflicts_of(pairs, candidates):
    both = sorted({*pairs, *((b, a) for a, b in pairs)})
    start = np.searchsorted([a for a, _ in both], np.arange(candidates + 1))
    return TooClose(
        start=start.astype(np.int64), other=np.array([b for _, b in both], dtype=np.int32)
    )


@st.composite
def worlds(draw):
    """Small questions, drawn so that ties, twins, empty sets and empty homes are common."""
    points = draw(st.integers(0, 12))
    candidates = draw(st.integers(1, 7))
    some = st.sets(st.integers(0, points - 1), max_size=points) if points else st.just(set())
    sets = draw(st.lists(some, min_size=candidates, max_size=candidates))
    if draw(st.booleans()) and candidates > 1:
        sets[-1] = sets[0]
    people = draw(st.lists(st.sampled_from([0, 1, 1, 2, 5, 40]), min_size=points, max_size=points))
    covered = draw(st.lists(st.booleans(), min_size=points, max_size=points))
    cost = draw(
        st.lists(st.sampled_from([0, 1, 2, 2, 7]), min_size=candidates, max_size=candidates)
    )
    one = st.integers(0, candidates - 1)
    pairs = draw(st.sets(st.tuples(one, one).filter(lambda pair: pair[0] < pair[1]), max_size=5))
    return {
        "sets": sets,
        "points": points,
        "people": np.array(people, dtype=np.int64),
        "covered": np.array(covered, dtype=np.bool_),
        "cost": np.array(cost, dtype=np.int64),
        "budget": draw(st.none() | st.integers(0, 12)),
        "pairs": pairs,
        "fixed": draw(st.sets(one, max_size=1)),
        "allowed": np.array(
            draw(st.lists(st.sampled_from([True, True, False]), min_size=candidates,
                          max_size=candidates)), dtype=np.bool_
        ),
        "at_most": draw(st.integers(0, 4)),
    }  # fmt: skip


def question_of(world):
    return ask(
        cover_of(world["sets"], world["points"]),
        world["people"],
        Conditions(
            at_most=world["at_most"],
            cost=world["cost"],
            budget=world["budget"],
            apart=conflicts_of(world["pairs"], len(world["sets"])),
            fixed=tuple(world["fixed"]),
            allowed=world["allowed"],
        ),
        covered=world["covered"],
    )


def new_people(world, chosen):
    """Count in plain Python whom the chosen cover beside outlets and fixed sites."""
    before = set(np.flatnonzero(world["covered"]).tolist())
    before = before.union(*(world["sets"][site] for site in world["fixed"]))
    after = set().union(*(world["sets"][site] for site in chosen)) - before
    return int(sum(world["people"][point] for point in after))


def may_stand(world, chosen):
    """Say in plain Python whether the planner allows these sites."""
    everyone = {*chosen, *world["fixed"]}
    if world["budget"] is not None and sum(world["cost"][list(chosen)]) > world["budget"]:
        return False
    if any(a in everyone and b in everyone and {a, b} - world["fixed"] for a, b in world["pairs"]):
        return False
    return all(world["allowed"][site] and site not in world["fixed"] for site in chosen)


def best_of_all(world):
    """Try every choice."""
    return max(
        new_people(world, chosen)
        for size in range(world["at_most"] + 1)
        for chosen in itertools.combinations(range(len(world["sets"])), size)
        if may_stand(world, chosen)
    )
