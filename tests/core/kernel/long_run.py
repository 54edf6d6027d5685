"""Ten million walks compared with oracles: ``python -m tests.core.kernel.long_run``.

Grid cities of about 2,000 nodes with loops, doubles, dead ends, islands and doors that crowd on few
streets are searched with and without a hierarchy and compared, walk by walk, with a plain search on
the streets cut at every door; then small towns with one-ways, climbs, gates and steps. Prints the
values compared and the differences, and ends with 1 where there is one.
"""

from __future__ import annotations

import argparse
import sys
import time

import click
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

from core.kernel.walks import UNREACHED
from tests.core.kernel.test_walkers_reach import PROFILES, plainly, towns, walk
from tests.core.kernel.worlds import by_walking_cut_streets, city


def cities(values: int, first_seed: int) -> tuple[int, int, int]:
    """Compare cities until so many values are; give values, differences and those reached."""
    compared = different = reached = 0
    seed = first_seed
    while compared < values:
        world = city(seed)
        found = world.walks()
        known = np.array(by_walking_cut_streets(world))
        compared += found.size
        different += int((found != known).sum())
        reached += int((known < UNREACHED).sum())
        seed += 1
        if seed % 20 == 0:
            click.echo(f"  {compared:,} values, {different} differences")
    return compared, different, reached


def directed(examples: int) -> tuple[int, int]:
    """Compare small directed towns; give values and differences."""
    counts = {"compared": 0, "different": 0}

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(towns(), PROFILES)
    def compare(town, profile):
        found, known = walk(town, profile), np.array(plainly(town, profile))
        counts["compared"] += len(known)
        counts["different"] += int((found != known).sum())

    compare()
    return counts["compared"], counts["different"]


def main() -> int:
    """Run both parts."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--values", type=int, default=10_000_000)
    words.add_argument("--towns", type=int, default=20_000)
    words.add_argument("--seed", type=int, default=1000, help="of the first city")
    asked = words.parse_args()
    started = time.perf_counter()
    compared, different, reached = cities(asked.values, asked.seed)
    click.echo(f"cities: {compared:,} values ({reached:,} reached), {different} differences")
    more, wrong = directed(asked.towns)
    click.echo(f"directed towns: {more:,} values, {wrong} differences")
    click.echo(f"{time.perf_counter() - started:.0f} s")
    return 1 if different or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
