"""Measure the engine against its peers: ``python -m tests.bench.engine``.

Parts and sizes can be measured one by one; the report always shows all that was found last.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.bench.engine import dragged, query, real, siting, store, supply, whatif
from tests.bench.engine.ask import all_peers
from tests.bench.engine.city import City, make_city

SIZES = {"20k": 20_000, "250k": 250_000, "1M": 1_000_000, "2M": 2_000_000}
REAL = "real"
QUERY = ("250k", REAL)


def main() -> None:
    """Measure the parts that were asked for, keep what they found and write the report."""
    told = arguments()
    for part in told.part:
        say(f"{part} …")
        store.keep(part, PARTS[part](told), told.results)
    store.report(told.results, told.output)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", type=_parts, default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument(
        "--size", type=_sizes, help=f"{', '.join((*SIZES, REAL))} or a number of nodes"
    )
    parser.add_argument("--peers", type=_peers, help=", ".join(all_peers()))
    store.add_places(parser)
    return parser.parse_args()


def _parts(words: str) -> list[str]:
    named = [word for word in words.split(",") if word]
    unknown = set(named) - set(PARTS)
    if unknown:
        raise argparse.ArgumentTypeError(f"no part {', '.join(sorted(unknown))}")
    return named


def _sizes(words: str) -> list[str]:
    named = words.split(",")
    for word in named:
        if word not in SIZES and word != REAL and not word.isdecimal():
            raise argparse.ArgumentTypeError(f"{word} is no size")
    return named


def _peers(words: str) -> tuple[str, ...]:
    named = tuple(words.split(","))
    unknown = set(named) - set(all_peers())
    if unknown:
        raise argparse.ArgumentTypeError(f"no peer {', '.join(sorted(unknown))}")
    return named


def city_of(size: str) -> City:
    """Make a city of a named size or number of nodes, or read the real one."""
    if size == REAL:
        return real.tiled(real.one_city(real.starter() / real.FOLDER), SIZES["250k"])
    return make_city(SIZES[size] if size in SIZES else int(size))


def _query(told: argparse.Namespace) -> dict[str, Any]:
    """Measure whole queries, ours and every peer's."""
    return {size: _measured(size, told.peers or all_peers()) for size in told.size or QUERY}


def _growth(told: argparse.Namespace) -> dict[str, Any]:
    """Measure the same in cities of all sizes, beside scipy alone."""
    return {size: _measured(size, told.peers or ("scipy",)) for size in told.size or SIZES}


def _measured(size: str, peers: tuple[str, ...]) -> dict[str, Any]:
    city = city_of(size)
    say(f"  {city.name}")
    return query.measure(city, peers=peers)


def _whatif(told: argparse.Namespace) -> dict[str, Any]:
    return whatif.measure(city_of(_one(told, "250k")))


def _siting(told: argparse.Namespace) -> dict[str, Any]:
    return siting.measure(city_of(_one(told, str(siting.NODES_FOR_20K_HOMES))))


def _supply(told: argparse.Namespace) -> dict[str, Any]:
    return supply.measure(city_of(_one(told, "250k")))


def _http(told: argparse.Namespace) -> dict[str, Any]:
    return dragged.measure(city_of(_one(told, "250k")))


def _one(told: argparse.Namespace, usual: str) -> str:
    return str(told.size[0]) if told.size else usual


PARTS: Mapping[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "query": _query,
    "growth": _growth,
    "whatif": _whatif,
    "siting": _siting,
    "supply": _supply,
    "http": _http,
}


def say(words: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
