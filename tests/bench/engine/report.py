"""The engine's part of RESULTS.md, written from what the parts of the bench found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.engine.goals import (
    EXACT,
    Kept,
    cold_of,
    counted,
    goals,
    homes_seconds,
    memory_share,
    node_ns,
    peer,
    side,
    sweep_ns,
)
from tests.bench.engine.plot import drawing
from tests.bench.report import MIB, table

PLOT = "engine_growth.svg"
TRIED = Path(__file__).with_name("tried.md")
FOREWORD = (
    "Written by `python -m tests.bench.engine` and `python -m tests.bench.nation`; see "
    "engine/README.md here for what is measured and how peers are asked. All engines run on one "
    "thread. Nothing here is a promise, and no test asserts a time."
)
QUERY_STAGES = (
    ("sow", "seeds"),
    ("sweep_up", "sweep up"),
    ("sweep_down", "sweep down"),
    ("arrive", "homes read both ends"),
    ("along_chains", "along shared chains"),
    ("count_people", "people"),
    ("rest", "sorting, room, rest"),
)


def engine_text(kept: Kept, folder: Path) -> str:
    """Write the whole part; the plot is written beside it."""
    parts = ["# The engine", FOREWORD]
    parts += ["## Goals", table(("goal", "to reach", "measured", ""), goals(kept))]
    if "query" in kept:
        for found in kept["query"]["found"].values():
            parts += _city(found)
    if "growth" in kept:
        parts += _growth(kept["growth"]["found"], folder)
    for key, write in (
        ("whatif", _whatif),
        ("siting", _siting),
        ("supply", _supply),
        ("http", _http),
        ("nation", _nation),
    ):
        if key in kept:
            parts += write(kept[key]["found"])
    compared, differing = counted(kept)
    parts += ["## Exactness", _exactness(compared, differing)]
    parts += [TRIED.read_text(encoding="utf-8").strip()]
    parts += ["## Machines", _machines(kept)]
    return "\n\n".join(parts) + "\n"


def _exactness(compared: int, differing: int) -> str:
    return (
        f"{compared:,} values compared, {differing:,} differ: walks at every node of all streets "
        f"and of our contracted graph with {', '.join(EXACT)}, walks of every home worked out "
        "from those (engine/oracle.py), and what-if and balls with a search anew. cityseer is "
        "not counted: it assigns points to streets by itself and computes in 32-bit floats."
    )


def _city(city: Mapping[str, Any]) -> list[str]:
    """Write one city: our stages, then the peers on both graphs."""
    head = (
        f"{city['edges']:,} edges; {city['contracted']:,} nodes, {city['chains']:,} chains and "
        f"{city['arcs']:,} arcs up the hierarchy after contraction. {city['outlets']:,} outlets "
        f"in {city['lanes']} formats, {city['homes']:,} homes, 900 s."
    )
    ready, query = city["ready"], city["query"]
    stages = [
        ("chains", ms(ready["chains"])),
        ("hierarchy", ms(ready["hierarchy"])),
        ("index of streets", ms(ready["index streets"])),
        ("snap outlets", ms(ready["snap outlets"])),
        ("snap homes", ms(ready["snap homes"])),
        ("doors of outlets and homes", ms(ready["outlets' doors"] + ready["homes' doors"])),
        *((f"query: {name}", ms(query.get(key, 0.0))) for key, name in QUERY_STAGES),
        ("**query, all homes and people**", ms(query["query"])),
        ("**cold, arrays to people**", ms(city["cold"])),
        ("sweeps, per undirected edge and lane", f"{sweep_ns(city):.3f} ns"),
    ]
    text = [f"## Query: {city['city']}", head, table(("stage", "ours, ms"), stages)]
    for found in city["sides"]:
        text += _peers(city, found)
    return text


def _peers(city: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Compare peers on one graph with ours."""
    contracted = "ours_s" in found
    ours = found["ours_s"] if contracted else city["query"]["query"]
    rows = []
    if contracted:
        rows.append(("ours", "", ms(ours), "1×", ms(city["cold"]), "1×", "", ""))
    for one in found["peers"]:
        if "query_s" not in one:
            rows.append((one["name"], "–", "–", "–", "–", "–", "–", one["why"]))
            continue
        whole = one["query_s"] if contracted else one["query_s"] + homes_seconds(city)
        cold = cold_of(city, found["graph"], one["name"]) or 0.0
        rows.append(
            (
                f"{one['name']} {one['version']}",
                ms(one["build"]),
                ms(one["query_s"]),
                f"{whole / ours:,.0f}×",
                ms(cold),
                f"{cold / city['cold']:,.1f}×",
                f"{one['differing']:,} of {one['compared']:,}",
                f"{one['peak'] / MIB:.0f} MiB. {one['note']}",
            )
        )
    slower = "to ours, nodes" if contracted else "to our whole query"
    head = ("", "build ms", "search ms", slower, "cold ms", "to ours", "differing", "peak, note")
    title = f"On {found['graph']} ({found['nodes']:,} nodes):"
    return [title, table(head, rows)]


def _growth(found: Mapping[str, Any], folder: Path) -> list[str]:
    """Write how everything grows, and draw it."""
    cities = sorted(found.values(), key=lambda city: city["nodes"])
    rows = [
        (
            f"{city['nodes']:,}",
            ms(city["ready"]["chains"]),
            ms(city["ready"]["hierarchy"]),
            ms(city["ready"]["snap homes"]),
            ms(city["query"]["query"]),
            f"{node_ns(city):.3f}",
            f"{sweep_ns(city):.3f}",
            ms(city["cold"]),
            _ratio(city, "scipy"),
            f"{city['memory']['prepared'] / city['nodes']:.0f}",
            f"{city['memory']['hierarchy'] / max(1, city['arcs']):.1f}",
            f"{memory_share(city):.2f}",
        )
        for city in cities
    ]
    head = (
        *("nodes", "chains ms", "hierarchy ms", "snap homes ms", "query ms", "ns a node, lane"),
        *("sweep ns an edge, lane", "cold ms", "scipy, contracted"),
        *("prepared B a node", "hierarchy B an arc", "of the memory goal"),
    )
    lines = {
        "cold": [(city["nodes"], city["cold"] * 1e3) for city in cities],
        "prepare": [(city["nodes"], city["ready"]["prepare"] * 1e3) for city in cities],
        "query": [(city["nodes"], city["query"]["query"] * 1e3) for city in cities],
        "sweeps": [
            (city["nodes"], (city["query"]["sweep_up"] + city["query"]["sweep_down"]) * 1e3)
            for city in cities
        ],
    }
    scipy = [
        (city["nodes"], one["query_s"] * 1e3)
        for city in cities
        if (one := peer(side(city, "all streets"), "scipy")) is not None
    ]
    if scipy:
        lines["scipy, nodes only"] = scipy
    picture = drawing("Milliseconds by size of city, 30 formats", "nodes", lines)
    (folder / PLOT).write_text(picture, encoding="utf-8")
    return ["## Growth", table(head, rows), f"![growth]({PLOT})"]


def _ratio(city: Mapping[str, Any], name: str) -> str:
    found = side(city, "our contracted graph")
    one = peer(found, name)
    return "–" if one is None else f"{one['query_s'] / found['ours_s']:,.0f}×"


def _whatif(found: Mapping[str, Any]) -> list[str]:
    rows = [
        (name, *(f"{each[key] * 1e3:.3f}" for key in ("p50", "p95", "max")))
        for name, each in found["seconds"].items()
    ]
    text = (
        f"{found['edits']} edits on {found['city']} ({found['contracted']:,} contracted nodes, "
        f"{found['homes']:,} homes), one lane each. `nodes` repairs walks at nodes alone; add, "
        "undo and close tell every home whose walk changed. The first search of all lanes took "
        f"{found['first_search_s']:.2f} s. Compared with a search anew: {found['differing']:,} "
        f"of {found['compared']:,} differ."
    )
    return ["## What-if", text, table(("edit", "p50 ms", "p95 ms", "max ms"), rows)]


def _siting(found: Mapping[str, Any]) -> list[str]:
    gap = (found["bound"] - found["best"]) / found["best"]
    rows = [
        ("whom each candidate covers", ms(found["sets_s"])),
        ("question, equal homes merged", ms(found["question_s"])),
        ("answer: greedy and exchanges", ms(found["answer_s"])),
        ("certificate", ms(found["certificate_s"])),
    ]
    text = (
        f"{found['candidates']} candidates, {found['homes']:,} homes ({found['rows']:,} rows "
        f"after merging), {found['sites']} sites. Greedy covers {found['greedy']:,} people, the "
        f"answer {found['people']:,}, the best known {found['best']:,}; nothing covers more than "
        f"{found['bound']:,} ({gap:.3%} above)."
    )
    return ["## Siting", text, table(("stage", "ms"), rows)]


def _supply(found: Mapping[str, Any]) -> list[str]:
    seconds = found["seconds"]
    rows = [
        (name, ms(each), f"{each * 1e9 / found['pairs']:.1f}") for name, each in seconds.items()
    ]
    scipy = found["scipy"] or {}
    if "all_s" in scipy:
        rows.append(
            (
                f"scipy's searches, contracted nodes only ({scipy['asked']} outlets, multiplied)",
                ms(scipy["all_s"]),
                f"{scipy['all_s'] / seconds['balls']:.0f}× the balls",
            )
        )
    text = (
        f"{found['city']}: the 900 s balls of {found['outlets']:,} outlets hold "
        f"{found['pairs']:,} (outlet, home) pairs; each figure streams them anew. Shared out "
        f"{found['shared']:,.0f}, received {found['given_out']:,.0f}. Compared with a search an "
        f"outlet: {found['differing']:,} of {found['compared']:,} differ."
    )
    return ["## Balls and supply", text, table(("figure", "ms", "ns a pair"), rows)]


def _http(found: Mapping[str, Any]) -> list[str]:
    rows = [
        (name, *(f"{each[key] * 1e3:.1f}" for key in ("p50", "p95", "max")))
        for name, each in found["seconds"].items()
    ]
    return [
        "## What-if over HTTP",
        found["about"],
        table(("edit", "p50 ms", "p95 ms", "max"), rows),
    ]


def _nation(found: Mapping[str, Any]) -> list[str]:
    sizes = found["sizes"]
    text = (
        f"{found['cities']} generated cities: {sizes['nodes']:,} nodes, {sizes['edges']:,} edges, "
        f"{sizes['homes']:,} homes, {sizes['outlets']:,} outlets; median {found['median']:,.0f} "
        f"and largest {found['largest']:,} nodes. Made and frozen in {found['made_s']:.0f} s "
        f"beforehand. {found['workers']} workers; the clock runs from the first question until no "
        "job is left; the re-score asks another question about the same streets."
    )
    rows = []
    for name, key in (("cold", "cold"), ("re-score", "again")):
        one = found[key]
        stages = ", ".join(f"{stage} {took:.1f}" for stage, took in _by_size(one["stages_s"]))
        inside = sum(one["stages_s"].values())
        beside = one["wall_s"] * found["workers"] - inside
        rows.append(
            (
                name,
                f"{one['wall_s']:.1f}",
                f"{inside:.1f}: {stages}",
                f"{beside:.1f}",
                f"{one['peak_shared_counted_once'] / MIB:.0f}",
                f"{one['largest_process'] / MIB:.0f}",
            )
        )
    head = (
        *("", "wall s", "in stages s", "beside them s (forks, questions, waiting)"),
        *("peak of workers MiB", "largest process MiB"),
    )
    return ["## Nation", text, table(head, rows)]


def _by_size(stages: Mapping[str, float]) -> Sequence[tuple[str, float]]:
    return sorted(stages.items(), key=lambda stage: -stage[1])


def _machines(kept: Kept) -> str:
    """Name the machine of each part: parts may have been measured on different days."""
    names = ("date", "revision", "processor", "memory", "python", "load before")
    rows = []
    libraries: dict[str, None] = {}
    for key, part in kept.items():
        told = dict(part["machine"])
        rows.append((key, *(told.get(name, "") for name in names)))
        libraries[f"{told.get('system', '')}; {told.get('libraries', '')}"] = None
    return "\n\n".join([table(("part", *names), rows), *libraries])


def ms(seconds: float) -> str:
    """Write seconds as milliseconds, with three figures that count."""
    value = seconds * 1e3
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
