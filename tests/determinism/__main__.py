"""`python -m tests.determinism`: the same bytes in every way to compute, with its figures."""

from __future__ import annotations

import argparse
import platform
import time
from dataclasses import replace
from itertools import islice

from core.demo.city import FEWEST_RESIDENTS, generate
from tests.bench.trust import keep
from tests.determinism.ways import ALL, FEW, Way, digests_of, judged, outcome, plans_of
from tests.opening import opened


def ways_of(pythons: list[str]) -> dict[str, Way]:
    """Give every way, and the few of the suite in each other interpreter's environment."""
    others = {
        f"{name}, by {python}": replace(way, python=python)
        for python in pythons
        for name, way in FEW.items()
    }
    return ALL | others


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="tests.determinism", description=__doc__)
    parser.add_argument("--residents", type=int, default=FEWEST_RESIDENTS, help="of the city")
    parser.add_argument("--python", action="append", default=[], help="of another environment")
    words = parser.parse_args()
    started, defects, seconds = time.monotonic(), [], {}
    with opened() as here:
        city = generate(7, "示例", (117.0, 36.65), here.home, residents=words.residents)
        places = [here.settle(slug, name=slug) for slug in ("x-one", "x-two")]
        judged(places[0], city)
        judged(places[1])
        database, kept, plans = here.services.database, {}, []
        for place in places:
            kept |= digests_of(database, place.tenant_id, place.slug)
            plans += plans_of(database, place.tenant_id, place.slug)
        for number, (name, way) in enumerate(ways_of(words.python).items()):
            began = time.monotonic()
            found = outcome(way, plans, here.services.blobs.root, here.home / f"way{number}")
            seconds[name] = {"seconds": round(time.monotonic() - began, 1), "same": found == kept}
            if found != kept:
                defects.append(f"{name}: {found}")
    for defect in islice(defects, 20):
        print("DEFECT", defect)  # noqa: T201 - a command's own words
    figures = {
        "Python": platform.python_version(),
        "documents and tables of minutes": 2 * len(kept),
        "ways": seconds,
    }
    keep(
        "determinism",
        seconds=time.monotonic() - started,
        figures=figures,
        defects=len(defects),
    )
    return 1 if defects else 0


if __name__ == "__main__":
    raise SystemExit(main())
