import numpy as np

from core.demo.names import Names


def test_names_do_not_repeat_even_when_the_words_run_out():
    names = Names(np.random.default_rng(1))
    pairs = [names.pair() for _ in range(1_000)]
    compounds = [names.compound("tower") for _ in range(250)]
    assert len(set(pairs)) == 1_000
    assert len(set(compounds)) == 250
