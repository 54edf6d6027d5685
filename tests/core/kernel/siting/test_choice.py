import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.siting import question as asking
from core.kernel.siting.bounds import Multipliers
from core.kernel.siting.candidates import too_close
from core.kernel.siting.choice import choose, curve, told
from core.kernel.siting.question import Conditions, ask
from tests.core.kernel.siting.worlds import (
    best_of_all,
    conflicts_of,
    cover_of,
    may_stand,
    new_people,
    question_of,
    worlds,
)

FEW = settings(max_examples=150, deadline=None)


@FEW
@given(worlds())
def test_the_answer_is_permitted_and_lies_between_greedy_and_the_optimum(world):
    best = best_of_all(world)
    for cycles in (0, 4):
        answer = choose(question_of(world), cycles=cycles)
        assert len(answer.chosen) <= world["at_most"]
        assert may_stand(world, answer.chosen)
        assert answer.people == new_people(world, answer.chosen)
        assert answer.cost == sum(world["cost"][list(answer.chosen)])
        assert answer.greedy_people <= answer.people <= best <= answer.upper_bound


@FEW
@given(worlds())
def test_each_site_adds_people_and_none_adds_more_than_the_one_before(world):
    answer = choose(question_of(world))
    seen = 0
    for place, more in enumerate(answer.marginal, start=1):
        seen += more
        assert new_people(world, answer.chosen[:place]) == seen
        assert more > 0
    assert list(answer.marginal) == sorted(answer.marginal, reverse=True)
    assert seen == answer.people


@FEW
@given(worlds())
def test_merging_points_changes_nobodys_count(world):
    question = question_of(world)
    assert len(np.unique(question.weight)) == 0 or question.weight.min() > 0
    for size in range(3):
        for chosen in itertools.combinations(np.flatnonzero(question.live).tolist(), size):
            assert question.people_of(chosen) == new_people(world, chosen)
            allowed = may_stand(world, chosen) and size <= world["at_most"]
            if allowed and size <= question.at_most:
                assert question.permits(chosen)
            if not allowed:
                assert not question.permits(chosen)
    sets = [
        frozenset(question.back[a:b].tolist())
        for a, b in itertools.pairwise(question.back_start.tolist())
    ]
    assert len(set(sets)) == len(sets)
    assert all(sets)


@FEW
@given(worlds())
def test_marks_that_collide_merge_nothing_that_can_be_told_apart(world):
    def one_for_all(start, row, live, marks):
        """Mark every candidate alike, so that only how many come is told."""
        for candidate in np.flatnonzero(live):
            marks[row[start[candidate] : start[candidate + 1]]] += np.uint64(1)

    plain = question_of(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "mark", one_for_all)
        told_apart = question_of(world)
    for name in ("start", "row", "back_start", "back", "weight", "alone"):
        assert getattr(plain, name).tolist() == getattr(told_apart, name).tolist()


@FEW
@given(worlds())
def test_a_curve_lies_between_what_it_claims_and_the_best_of_so_many(world):
    question = question_of(world)
    sites = choose(question)
    better, steps = curve(question, sites)
    assert sites.people <= better.people <= better.upper_bound <= sites.upper_bound
    assert question.permits(better.chosen)
    assert len(steps) == question.at_most + 1
    assert (steps[-1].people, steps[-1].upper_bound) == (better.people, better.upper_bound)
    for size, step in enumerate(steps):
        assert step.people <= best_of_all({**world, "at_most": size}) <= step.upper_bound
    for one, more in itertools.pairwise(steps):
        assert one.people <= more.people
        assert one.upper_bound <= more.upper_bound


def test_a_curve_grows_to_an_answer_that_greedy_does_not_find():
    cover = cover_of([{0, 1, 2}, {3, 4, 5}, {1, 2, 3, 4}], 6)
    question = ask(cover, np.array([49, 26, 25, 25, 26, 49]), Conditions(at_most=2))
    greedy = choose(question, cycles=0)
    better, steps = curve(question, greedy)
    assert [step.people for step in steps] == [0, 102, 200]
    proven = replace(better, upper_bound=200)
    assert [step.upper_bound for step in told(steps, proven)][-1] == 200


@FEW
@given(worlds(), st.integers(0, 6))
def test_the_bound_holds_however_long_the_multipliers_are_lowered(world, rounds):
    question = question_of(world)
    best = best_of_all(world)
    multipliers = Multipliers(question, ())
    assert multipliers.tighten(rounds) >= best
    multipliers.settle()
    assert multipliers.tighten(40) >= best
    multipliers.learn(choose(question).people)
    known = choose(question).people
    hopeless = multipliers.hopeless()
    for size in range(question.at_most + 1):
        for chosen in itertools.combinations(range(len(world["sets"])), size):
            if may_stand(world, chosen) and new_people(world, chosen) > known:
                assert not hopeless[list(chosen)].any()


@FEW
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_demand_points_changes_nothing(world, random):
    order = list(range(world["points"]))
    random.shuffle(order)
    place = {point: at for at, point in enumerate(order)}
    other = {
        **world,
        "sets": [{place[point] for point in one} for one in world["sets"]],
        "people": world["people"][order],
        "covered": world["covered"][order],
    }
    before, after = choose(question_of(world), cycles=0), choose(question_of(other), cycles=0)
    assert before == after


def test_people_who_are_covered_already_never_count():
    cover = cover_of([{0, 1}, {2}], 3)
    people = np.array([900, 800, 5])
    covered = np.array([True, True, False])
    answer = choose(ask(cover, people, Conditions(at_most=2), covered=covered))
    assert answer.chosen == (1,)
    assert answer.people == 5


def test_greedy_alone_can_be_far_from_the_best_and_the_exchange_mends_it():
    # The middle candidate looks best, but the two halves together cover everybody.
    cover = cover_of([{0, 1, 2}, {3, 4, 5}, {1, 2, 3, 4}], 6)
    people = np.array([49, 26, 25, 25, 26, 49])
    answer = choose(ask(cover, people, Conditions(at_most=2)), cycles=0)
    assert answer.greedy_people == 102 + 49
    assert answer.chosen == (0, 1)
    assert answer.people == 200
    assert answer.proven


def test_among_equals_the_lowest_candidate_is_taken():
    cover = cover_of([set(), {0}, {0}, {1}, {1}], 2)
    answer = choose(ask(cover, np.array([3, 3]), Conditions(at_most=2)))
    assert answer.chosen == (1, 3)
    assert answer.marginal == (3, 3)


@FEW
@given(worlds(), st.data())
def test_an_answer_is_not_worse_than_what_it_began_from(world, data):
    question = question_of(world)
    sizes = range(question.at_most + 1)
    permitted = [
        chosen
        for size in sizes
        for chosen in itertools.combinations(range(question.candidates), size)
        if question.permits(chosen)
    ]
    begun = data.draw(st.sampled_from(permitted))
    sites = choose(question, cycles=0, begin=[begun])
    assert question.people_of(begun) <= sites.people <= best_of_all(world) <= sites.upper_bound
    assert question.permits(sites.chosen)


def test_a_beginning_that_is_not_permitted_is_refused():
    question = ask(cover_of([{0}, {1}], 2), np.array([1, 1]), Conditions(at_most=1))
    with pytest.raises(ValueError, match="not permitted"):
        choose(question, begin=[(0, 1)])


def test_no_site_is_named_that_adds_nobody():
    cover = cover_of([{0, 1}, {0}, {1}, {2}], 3)
    answer = choose(ask(cover, np.array([4, 4, 0]), Conditions(at_most=3)))
    assert answer.chosen == (0,)
    assert answer.people == answer.upper_bound == 8


def test_of_two_sites_that_cover_alike_the_cheaper_is_chosen():
    cover = cover_of([{0}, {0}], 1)
    conditions = Conditions(at_most=1, cost=np.array([9, 4]))
    answer = choose(ask(cover, np.array([7]), conditions))
    assert answer.chosen == (1,)
    assert answer.cost == 4


def test_a_budget_that_greedy_by_people_would_waste_goes_to_many_cheap_sites():
    cover = cover_of([{0, 1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}], 13)
    conditions = Conditions(at_most=4, cost=np.array([9, 3, 3, 3]), budget=9)
    answer = choose(ask(cover, np.ones(13, dtype=np.int64), conditions), cycles=0)
    assert answer.chosen == (1, 2, 3)
    assert answer.people == 9


def test_sites_keep_their_distance():
    x, y = np.array([0.0, 100.0, 500.0]), np.zeros(3)
    cover = cover_of([{0, 1, 2}, {3, 4}, {5}], 6)
    people = np.full(6, 10)
    free = choose(ask(cover, people, Conditions(at_most=2)))
    apart = Conditions(at_most=2, apart=too_close(x, y, metres=300.0))
    spaced_out = choose(ask(cover, people, apart))
    assert free.chosen == (0, 1)
    assert spaced_out.chosen == (0, 2)


def test_fixed_sites_cover_their_people_and_push_others_away_without_being_counted():
    x, y = np.array([0.0, 100.0, 500.0]), np.zeros(3)
    cover = cover_of([{0, 1}, {2}, {1, 3}], 4)
    conditions = Conditions(
        at_most=1,
        cost=np.array([99, 1, 1]),
        budget=1,
        fixed=(0,),
        apart=too_close(x, y, metres=300.0),
    )
    question = ask(cover, np.array([1, 2, 4, 8]), conditions)
    answer = choose(question)
    assert question.fixed_people == 3
    assert answer.chosen == (2,)
    assert answer.people == 8


def test_opening_anew_stands_beside_adding_to_shops():
    cover = cover_of([{0, 1}, {2}, {0, 1, 2}], 3)
    people, shops = np.array([5, 5, 5]), np.array([True, True, False])
    add = choose(ask(cover, people, Conditions(at_most=1, allowed=shops)))
    anew = choose(ask(cover, people, Conditions(at_most=1, allowed=~shops)))
    assert (add.chosen, add.people) == ((0,), 10)
    assert (anew.chosen, anew.people) == ((2,), 15)


def test_the_same_question_gives_the_same_answer():
    random = np.random.default_rng(5)
    sets = [set(random.choice(400, 40, replace=False).tolist()) for _ in range(60)]
    question = ask(cover_of(sets, 400), random.integers(0, 9, 400), Conditions(at_most=6))
    assert choose(question) == choose(question)


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        (Conditions(at_most=-1), "at_most must not be negative"),
        (Conditions(at_most=1, budget=3), "needs costs"),
        (Conditions(at_most=1, cost=[1], budget=-3), "must lie within"),
        (Conditions(at_most=1, cost=[1, 2]), "cost must have 1 rows"),
        (Conditions(at_most=1, cost=[-1]), r"cost\[0\] is negative"),
        (Conditions(at_most=1, cost=[2**61]), "larger unit"),
        (Conditions(at_most=1, fixed=(1,)), "none of 1 candidates"),
        (Conditions(at_most=1, allowed=[1]), "1 truth values"),
        (Conditions(at_most=1, apart=conflicts_of(set(), 2)), "apart tells of 2 of 1"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(conditions, sentence):
    with pytest.raises(ValueError, match=sentence):
        ask(cover_of([{0}], 1), np.array([3]), conditions)


def test_people_are_whole_numbers_of_at_least_nobody():
    with pytest.raises(TypeError, match="whole numbers"):
        ask(cover_of([{0}], 1), np.array([0.5]), Conditions(at_most=1))
    with pytest.raises(ValueError, match="negative"):
        ask(cover_of([{0}], 1), np.array([-1]), Conditions(at_most=1))
    with pytest.raises(ValueError, match="too many"):
        ask(cover_of([{0, 1}], 2), np.array([2**62, 2**62]), Conditions(at_most=1))
