from dataclasses import replace

import numpy as np
import pytest

from core.kernel.reach import search
from core.kernel.walkers import LEVEL, Profile
from core.kernel.walks import UNREACHED
from core.runs.network import network, networks
from core.runs.params import Params
from core.runs.town import load, settle
from core.store import Blobs, Derived

NO_STEPS = Profile(steps=None)


@pytest.fixture
def town(blobs, digests):
    return settle(load(blobs, digests), Params.load({}))


@pytest.fixture
def stepped(town):
    """Make the street nearest to the first home a flight of steps."""
    steps = np.zeros(town.streets.edges, dtype=np.bool_)
    steps[town.homes.snapped.edge[0]] = True
    return replace(town, obstacles=replace(town.obstacles, steps=steps))


def walks(town, net, limit_ds=18_000):
    lanes = [np.arange(len(town.outlets))]
    found = search(net.prepared, net.outlets, net.homes, lanes=lanes, limit_ds=limit_ds)
    return found.matrix()[0]


def test_streets_are_prepared_once_and_kept(town, blobs, tmp_path):
    derived = Derived(Blobs(tmp_path / "other"))
    first = network(town, LEVEL, 9000, derived)
    kept = network(town, LEVEL, 8000, derived)
    assert isinstance(kept.prepared.tail.base, np.ndarray)
    assert not kept.prepared.tail.flags.writeable
    assert first.prepared.arrays().keys() == kept.prepared.arrays().keys()
    assert np.array_equal(walks(town, first, 9000), walks(town, kept, 9000))
    other = network(town, NO_STEPS, 9000, derived)
    assert other.prepared.bound_ds == 9000


def test_streets_of_another_town_or_profile_are_never_taken_for_these(town, tmp_path):
    derived = Derived(Blobs(tmp_path / "other"))
    network(town, LEVEL, 9000, derived)
    entries = len(list((tmp_path / "other" / "derived").iterdir()))
    network(replace(town, origin={**town.origin, "digest": "b" * 64}), LEVEL, 9000, derived)
    network(town, NO_STEPS, 9000, derived)
    network(town, LEVEL, 18_000, derived)
    assert len(list((tmp_path / "other" / "derived").iterdir())) == entries + 3


def test_who_cannot_use_the_steps_at_his_door_leaves_by_another_street(stepped):
    both = networks(stepped, {LEVEL: 18_000, NO_STEPS: 18_000})
    level, wheels = both[LEVEL], both[NO_STEPS]
    shut = stepped.homes.snapped.edge == stepped.homes.snapped.edge[0]
    assert np.array_equal(level.footing.homes.edge, stepped.homes.snapped.edge)
    moved = wheels.footing.homes
    assert (moved.edge[shut] != stepped.homes.snapped.edge[0]).all()
    assert np.array_equal(moved.edge[~shut], stepped.homes.snapped.edge[~shut])
    assert (moved.access_metres[shut] >= stepped.homes.snapped.access_metres[shut]).all()
    assert (walks(stepped, wheels)[shut] < UNREACHED).all()


def test_where_no_street_near_is_open_one_is_left_out(stepped):
    alone = replace(
        stepped,
        obstacles=replace(stepped.obstacles, steps=np.ones(stepped.streets.edges, dtype=np.bool_)),
    )
    wheels = network(alone, NO_STEPS, 18_000)
    assert not wheels.footing.homes.attached.any()
    assert (walks(alone, wheels) == UNREACHED).all()
