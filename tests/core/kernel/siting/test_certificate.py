import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.siting import certificate
from core.kernel.siting.certificate import Proof, certify, cliques
from core.kernel.siting.choice import choose, ranked
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

FEW = settings(max_examples=100, deadline=None)
# Seven candidates, seven homes, three homes each, any two candidates share one home: two sites
# cover five homes, but multipliers cannot tell that six is out of reach.
FANO = [{0, 1, 2}, {0, 3, 4}, {0, 5, 6}, {1, 3, 5}, {1, 4, 6}, {2, 3, 6}, {2, 4, 5}]


def fano(**conditions):
    people = np.full(7, 10)
    return ask(cover_of(FANO, 7), people, Conditions(at_most=2, **conditions))


@FEW
@given(worlds())
def test_the_certified_answer_is_the_best_of_all_choices(world):
    proven = certify(question_of(world))
    assert proven.optimal
    assert proven.people == proven.upper_bound == best_of_all(world)
    assert may_stand(world, proven.chosen)
    assert new_people(world, proven.chosen) == proven.people
    assert proven.gap == 0


@FEW
@given(worlds())
def test_the_solver_alone_finds_the_best_of_all_choices(world):
    question = question_of(world)
    begin = choose(question, cycles=0).chosen
    found, limit = certificate._solve(question, question.live, begin, 30.0)
    assert may_stand(world, found)
    assert new_people(world, found) == limit == best_of_all(world)


@FEW
@given(worlds(), st.integers(1, 3))
def test_one_more_candidate_never_lowers_the_certified_optimum(world, points):
    more = {
        **world,
        "sets": [*world["sets"], set(range(min(points, world["points"])))],
        "cost": np.append(world["cost"], 1),
        "allowed": np.append(world["allowed"], True),
    }
    assert certify(question_of(more)).people >= certify(question_of(world)).people


@FEW
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_candidates_changes_no_certified_total(world, random):
    order = list(range(len(world["sets"])))
    random.shuffle(order)
    place = {site: at for at, site in enumerate(order)}
    other = {
        **world,
        "sets": [world["sets"][site] for site in order],
        "cost": world["cost"][order],
        "allowed": world["allowed"][order],
        "fixed": {place[site] for site in world["fixed"]},
        "pairs": {tuple(sorted((place[a], place[b]))) for a, b in world["pairs"]},
    }
    assert certify(question_of(other)).people == certify(question_of(world)).people


def test_what_the_multipliers_cannot_prove_the_solver_does():
    question = fano()
    unsolved = certify(question, seconds=0)
    assert (unsolved.proof, unsolved.optimal) == (Proof.MULTIPLIERS, False)
    assert (unsolved.people, unsolved.upper_bound) == (50, 60)
    assert unsolved.gap == pytest.approx(0.2)
    solved = certify(question)
    assert (solved.proof, solved.optimal) == (Proof.SOLVER, True)
    assert (solved.people, solved.upper_bound) == (50, 50)


def test_a_poor_answer_is_bettered_by_its_proof():
    cover = cover_of([{0, 1, 2}, {3, 4, 5}, {1, 2, 3, 4}], 6)
    question = ask(cover, np.array([49, 26, 25, 25, 26, 49]), Conditions(at_most=2))
    poor = ranked(question, (2,), upper_bound=200, greedy_people=0)
    assert certify(question, poor).people == 200


def test_a_solver_that_is_missing_leaves_the_answer_and_the_bound(monkeypatch):
    monkeypatch.setitem(sys.modules, "highspy", None)
    left = certify(fano())
    assert left.proof is Proof.SOLVER_FAILED
    assert (left.people, left.upper_bound) == (50, 60)
    chinese, english = left.sentences
    assert "求解器未能运行" in chinese
    assert "did not run" in english


def test_the_sentences_say_what_is_proven_and_what_is_not():
    assert certify(fano()).sentences[0].startswith("已证明最优：新增覆盖 50 人")
    chinese, english = certify(fano(), seconds=0).sentences
    assert "最多再多 10 人" in chinese
    assert "at most 10 more" in english


def test_the_solver_prints_nothing(capfd):
    assert certify(fano()).proof is Proof.SOLVER
    sys.stdout.flush()
    assert capfd.readouterr() == ("", "")


def test_the_same_question_gives_the_same_certificate():
    random = np.random.default_rng(9)
    sets = [set(random.choice(120, 12, replace=False).tolist()) for _ in range(40)]
    conditions = Conditions(at_most=5, cost=random.integers(1, 9, 40), budget=20)
    question = ask(cover_of(sets, 120), random.integers(0, 9, 120), conditions)
    first, again = certify(question, seconds=60), certify(question, seconds=60)
    assert first == again
    assert first.optimal
    assert question.permits(first.chosen)


def test_nobody_to_cover_is_proven_at_once():
    proven = certify(ask(cover_of([set()], 0), np.zeros(0, dtype=np.int64), Conditions(at_most=1)))
    assert (proven.chosen, proven.people, proven.optimal) == ((), 0, True)


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] < p[1])))
def test_groups_hold_every_pair_that_is_too_close_and_no_other(pairs):
    question = fano_of_eight(pairs)
    told = {
        (a, b) for group in cliques(question, question.live) for a in group for b in group if a < b
    }
    assert told == pairs


def fano_of_eight(pairs):
    cover = cover_of([*FANO, {0}], 7)
    conditions = Conditions(at_most=2, apart=conflicts_of(pairs, 8))
    return ask(cover, np.full(7, 10), conditions)


def test_three_that_are_all_too_close_are_one_group():
    question = fano_of_eight({(0, 1), (0, 2), (1, 2), (2, 5)})
    assert cliques(question, question.live) == [[0, 1, 2], [2, 5]]


def test_an_answer_that_is_not_permitted_has_no_certificate():
    question = fano(allowed=np.array([True] * 6 + [False]))
    answer = ranked(question, (6,), upper_bound=70, greedy_people=0)
    with pytest.raises(ValueError, match="not permitted"):
        certify(question, answer)


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
def test_the_time_is_a_finite_number(seconds):
    with pytest.raises(ValueError, match="seconds must be finite"):
        certify(fano(), seconds=seconds)


def test_without_time_the_bound_is_that_of_the_answer():
    random = np.random.default_rng(9)
    sets = [set(random.choice(120, 12, replace=False).tolist()) for _ in range(40)]
    question = ask(cover_of(sets, 120), random.integers(0, 9, 120), Conditions(at_most=5))
    answer = choose(question, cycles=0)
    none, some = certify(question, answer, seconds=0), certify(question, answer, seconds=60)
    assert (none.chosen, none.upper_bound) == (answer.chosen, answer.upper_bound)
    assert some.upper_bound < none.upper_bound


def test_a_programme_too_large_for_its_time_is_left_to_the_multipliers():
    left = certify(fano(), seconds=1e-6)
    assert (left.proof, left.people, left.upper_bound) == (Proof.MULTIPLIERS, 50, 60)
