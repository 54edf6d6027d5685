"""The goals of the engine's design, and how far each is reached by what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

LANES = 32
SNAPPING = ("index streets", "snap outlets", "snap homes")
EXACT = ("scipy", "igraph", "routingkit", "pandana")
Kept = Mapping[str, Mapping[str, Any]]
Row = tuple[str, str, str, str]
MISSING = "not measured yet"


def goals(kept: Kept) -> list[Row]:
    """Write the table: goal, figure to reach, measured, reached or how far."""
    return [row for part in PARTS for row in part(kept)]


def verdict(measured: float, wanted: float, *, at_least: bool) -> str:
    """Say whether a figure is reached, or by which factor it is missed."""
    if measured >= wanted if at_least else measured <= wanted:
        return "reached"
    factor = wanted / measured if at_least else measured / wanted
    return f"missed by {factor:.1f}×"


def city_of(kept: Kept) -> Mapping[str, Any] | None:
    """Give the generated 250k city's query, which the goals are about."""
    found = kept.get("query", {}).get("found", {})
    return found.get("250k")


def side(city: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give what was measured on one graph."""
    return next(one for one in city["sides"] if one["graph"] == name)


def peer(found: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Give what one peer said on one graph; None where it said nothing."""
    return next((one for one in found["peers"] if one["name"] == name and "query_s" in one), None)


def _query(kept: Kept) -> Iterator[Row]:
    city = city_of(kept)
    for name, wanted in (("pandana", 3000), ("scipy", 300), ("routingkit", 200)):
        goal = f"query against {name}, same contracted graph, walks at its nodes"
        found = None if city is None else peer(side(city, "our contracted graph"), name)
        if city is None or found is None:
            yield goal, f"≥ {wanted:,}×", MISSING, ""
            continue
        ratio = found["query_s"] / side(city, "our contracted graph")["ours_s"]
        yield goal, f"≥ {wanted:,}×", f"{ratio:,.0f}×", verdict(ratio, wanted, at_least=True)
        whole = (found["query_s"] + homes_seconds(city)) / city["query"]["query"]
        goal = f"the same with {city['homes']:,} homes and people counted (peer's by numpy)"
        yield goal, f"≥ {wanted:,}×", f"{whole:,.0f}×", verdict(whole, wanted, at_least=True)


def homes_seconds(city: Mapping[str, Any]) -> float:
    """Give the seconds in which numpy reads homes' walks from nodes' for a peer."""
    told = peer(side(city, "all streets"), "scipy") or {}
    return float(told.get("homes_s", 0.0))


def cold_of(city: Mapping[str, Any], graph: str, name: str) -> float | None:
    """Add up a peer's way from arrays to people: points are snapped by ours for all alike."""
    found = peer(side(city, graph), name)
    if found is None:
        return None
    ready = city["ready"]
    shared = ready["weigh"] + sum(ready[step] for step in SNAPPING)
    if graph != "all streets":
        shared += ready["chains"] + ready["outlets' doors"] + ready["homes' doors"]
    return float(shared + found["build"] + found["query_s"] + homes_seconds(city))


def _cold(kept: Kept) -> Iterator[Row]:
    city = city_of(kept)
    for name, wanted in (("pandana", 100), ("scipy", 8)):
        goal = f"cold against {name} on our contracted graph, arrays to people covered"
        cold = None if city is None else cold_of(city, "our contracted graph", name)
        if city is None or cold is None:
            yield goal, f"≥ {wanted}×", MISSING, ""
            continue
        ratio = cold / city["cold"]
        yield goal, f"≥ {wanted}×", f"{ratio:,.1f}×", verdict(ratio, wanted, at_least=True)


def sweep_ns(city: Mapping[str, Any]) -> float:
    """Give nanoseconds of both sweeps for an original edge, both ways, and one of 32 lanes."""
    stages = city["query"]
    return float((stages["sweep_up"] + stages["sweep_down"]) * 1e9 / city["edges"] / LANES)


def node_ns(city: Mapping[str, Any]) -> float:
    """Give nanoseconds of a whole query for an original node and one of 32 lanes."""
    return float(city["query"]["query"] * 1e9 / city["nodes"] / LANES)


def _sweep(kept: Kept) -> Iterator[Row]:
    city = city_of(kept)
    goal, figure = "sweep, one thread, per original undirected edge and lane", "≤ 0.15 ns"
    if city is None:
        yield goal, figure, MISSING, ""
        return
    ns = sweep_ns(city)
    yield goal, figure, f"{ns:.3f} ns", verdict(ns, 0.15, at_least=False)


def _growth(kept: Kept) -> Iterator[Row]:
    found = kept.get("growth", {}).get("found", {})
    cities = list(found.values())
    goal = "growth: time per node and lane, smallest to largest city"
    if len(cities) < 2:
        yield goal, "flat within 2×", MISSING, ""
        return
    spread = max(map(node_ns, cities)) / min(map(node_ns, cities))
    names = f"{min(one['nodes'] for one in cities):,} … {max(one['nodes'] for one in cities):,}"
    yield (
        goal,
        "flat within 2×",
        f"{spread:.2f}× over {names} nodes",
        verdict(spread, 2, at_least=False),
    )
    share = max(map(memory_share, cities))
    goal = "memory: sweeping's field and hierarchy, against 64 B × nodes + 40 B × arcs"
    yield goal, "≤ 1", f"{share:.2f}", verdict(share, 1, at_least=False)


def memory_share(city: Mapping[str, Any]) -> float:
    """Divide bytes held for 32 lanes by what the goal allows on the contracted graph."""
    held = city["memory"]["field"] + city["memory"]["hierarchy"]
    return float(held / (64 * city["contracted"] + 40 * city["arcs"]))


def _whatif(kept: Kept) -> Iterator[Row]:
    found = kept.get("whatif", {}).get("found")
    for name, key in (
        ("added, walks at nodes", "nodes: insert"),
        ("removed, walks at nodes", "nodes: remove"),
        ("added, every home's walk", "add"),
        ("closed, every home's walk", "close"),
    ):
        goal = f"what-if, one outlet {name}, p95"
        if found is None:
            yield goal, "≤ 0.2 ms", MISSING, ""
            continue
        ms = found["seconds"][key]["p95"] * 1e3
        yield goal, "≤ 0.2 ms", f"{ms:.3f} ms", verdict(ms, 0.2, at_least=False)
    http = kept.get("http", {}).get("found")
    goal = "what-if over HTTP with the indicators of every affected area, p95"
    if http is None:
        yield goal, "≤ 50 ms", MISSING, ""
        return
    ms = max(one["p95"] for one in http["seconds"].values()) * 1e3
    yield goal, "≤ 50 ms", f"{ms:.1f} ms", verdict(ms, 50, at_least=False)


def _siting(kept: Kept) -> Iterator[Row]:
    found = kept.get("siting", {}).get("found")
    answer, proof = "siting, 500 candidates × 20k homes, p = 10: answer", "siting: certificate"
    if found is None:
        yield answer, "≤ 10 ms", MISSING, ""
        yield proof, "≤ 5 s", MISSING, ""
        return
    ms, seconds = found["answer_s"] * 1e3, found["certificate_s"]
    gap = (found["bound"] - found["best"]) / found["best"]
    state = "proven best" if found["optimal"] else f"bound {gap:.2%} above it"
    yield answer, "≤ 10 ms", f"{ms:.1f} ms", verdict(ms, 10, at_least=False)
    yield proof, "≤ 5 s", f"{seconds:.1f} s, {state}", verdict(seconds, 5, at_least=False)


def _nation(kept: Kept) -> Iterator[Row]:
    found = kept.get("nation", {}).get("found")
    for name, key, wanted in (("cold", "cold", 120), ("re-score", "again", 10)):
        goal = f"nation, two workers, {name}"
        if found is None:
            yield goal, f"≤ {wanted} s for 300 cities", MISSING, ""
            continue
        wall = found[key]["wall_s"] * 300 / found["cities"]
        told = f"{found[key]['wall_s']:.1f} s for {found['cities']} cities"
        yield (
            goal,
            f"≤ {wanted} s for 300 cities",
            told,
            verdict(wall, wanted, at_least=False),
        )


def _exact(kept: Kept) -> Iterator[Row]:
    compared, differing = counted(kept)
    goal = "exactness: values that differ from a peer's or from a search anew"
    if compared == 0:
        yield goal, "0 of ≥ 10,000,000", MISSING, ""
        return
    state = "reached" if differing == 0 and compared >= 10**7 else "not reached"
    yield goal, "0 of ≥ 10,000,000", f"{differing:,} of {compared:,}", state
    cities = [*_cities(kept)]
    same = all(one["same_bytes"] for one in cities)
    told = f"{len(cities)} cities, four answers each on two threads"
    yield "determinism: same bytes", "always", told, "reached" if same else "not reached"


def counted(kept: Kept) -> tuple[int, int]:
    """Count all values compared with exact peers or with a search anew, and those that differ."""
    compared = differing = 0
    for city in _cities(kept):
        for one in (each for found in city["sides"] for each in found["peers"]):
            if one["name"] in EXACT and "differing" in one:
                compared += one["compared"]
                differing += one["differing"]
    for key in ("whatif", "supply"):
        found = kept.get(key, {}).get("found")
        if found is not None:
            compared += found["compared"]
            differing += found["differing"]
    return compared, differing


def _cities(kept: Kept) -> Iterator[Mapping[str, Any]]:
    for key in ("query", "growth"):
        yield from kept.get(key, {}).get("found", {}).values()


PARTS: tuple[Callable[[Kept], Iterator[Row]], ...] = (
    _query,
    _cold,
    _sweep,
    _growth,
    _whatif,
    _siting,
    _nation,
    _exact,
)
