from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.contract import TableKind, text
from core.errors import Invalid, NotFound
from core.studies.whatif.answer import answer, homes, totals
from core.studies.whatif.edits import (
    AddOffer,
    AddOutlet,
    AddPath,
    ChangeHours,
    CloseOffer,
    CloseOutlet,
    MoveOutlet,
    NewOffer,
    OpenGate,
)
from core.studies.whatif.findings import measured_keys
from core.studies.whatif.study import Study, studying
from tests.core.runs.small_town import SHOPS, to_degrees
from tests.core.studies.whatif.whole_run import (
    StrictPlugin,
    WholeRun,
    compare,
    edited,
    stand_on,
    town_tables,
)

FORMATS = [
    f"small.{key}"
    for key in (
        *("wet_market", "breakfast_shop", "elder_care_station", "repair", "night_clinic", "cinema"),
    )
]
HOURS = ["", "Mo-Su 06:00-10:00", "Mo-Su 09:00-14:00", "Mo-Su 20:00-24:00", "24/7"]


@pytest.fixture(scope="module")
def town():
    return town_tables()


@pytest.fixture(scope="module")
def standing(blobs, town):
    return stand_on(blobs, town)


@pytest.fixture(scope="module")
def base(blobs, town):
    return WholeRun(blobs, town)


def at(x, y):
    lon, lat = to_degrees([x], [y])
    return float(lon[0]), float(lat[0])


def outlet(x, y, *offers, name="新店"):
    lon, lat = at(x, y)
    told = tuple(NewOffer(format=f"small.{key}", hours=hours) for key, hours in offers)
    return AddOutlet(name=name, lon=lon, lat=lat, offers=told)


def hold_to_a_whole_run(blobs, town, base, study):
    whole = WholeRun(blobs, edited(town, study.edits), also=base.keys)
    compare(study, base, whole)


STORY = [
    outlet(1500, 1500, ("wet_market", ""), ("breakfast_shop", "Mo-Su 06:00-10:00")),
    CloseOutlet(outlet=1),
    MoveOutlet(outlet=0, lon=at(900, 100)[0], lat=at(900, 100)[1]),
    AddOffer(outlet=4, format="small.night_clinic", hours="24/7"),
    ChangeHours(outlet=3, format="small.breakfast_shop", hours="Mo-Su 05:00-12:00"),
    ChangeHours(outlet=7, format="small.night_clinic", hours="24/7"),
    CloseOffer(outlet=5, format="small.repair"),
    outlet(100, 1900, ("cinema", "")),
    MoveOutlet(outlet="new:1", lon=at(200, 1750)[0], lat=at(200, 1750)[1]),
    CloseOffer(outlet="new:2", format="small.cinema"),
    AddOffer(outlet="new:2", format="small.repair"),
    CloseOutlet(outlet="new:1"),
    CloseOutlet(outlet=6),
]


def test_every_edit_of_outlets_comes_to_what_a_run_on_edited_tables_comes_to(
    blobs, town, standing, base
):
    study = Study(standing)
    compare(study, base, base)
    for edit in STORY:
        study.do(edit)
        hold_to_a_whole_run(blobs, town, base, study)


def places():
    return st.tuples(st.integers(-1, 21), st.integers(-1, 21)).map(
        lambda spot: at(spot[0] * 100.0 - 40, spot[1] * 100.0 + 20)
    )


@st.composite
def wished(draw, added):
    """Wish for an edit, possible or not."""
    named = st.integers(0, len(SHOPS)) | st.sampled_from([f"new:{n}" for n in range(1, added + 2)])
    which, key = draw(named), draw(st.sampled_from(FORMATS))
    hours, (lon, lat) = draw(st.sampled_from(HOURS)), draw(places())
    more = draw(st.lists(st.sampled_from(FORMATS), min_size=1, max_size=3, unique=True))
    offers = tuple(NewOffer(format=each, hours=hours) for each in more)
    return draw(
        st.sampled_from(
            [
                AddOutlet(name="新", lon=lon, lat=lat, offers=offers),
                MoveOutlet(outlet=which, lon=lon, lat=lat),
                CloseOutlet(outlet=which),
                AddOffer(outlet=which, format=key, hours=hours),
                CloseOffer(outlet=which, format=key),
                ChangeHours(outlet=which, format=key, hours=hours),
            ]
        )
    )


def told(study):
    """Give every byte that a scenario answers."""
    every = {key: homes(study, key) for key in sorted(measured_keys(study))}
    areas = [answer(study, area=key) for key in ("whole", "west")]
    return json.dumps([areas, totals(study), every], sort_keys=True).encode()


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_whatever_is_done_and_undone_the_answer_is_a_whole_runs(blobs, town, standing, base, data):
    study, past = Study(standing), []
    for _ in range(data.draw(st.integers(1, 8))):
        if past and data.draw(st.integers(0, 3)) == 0:
            study.undo()
            assert told(study) == past.pop()
            continue
        now = told(study)
        try:
            study.do(data.draw(wished(study.register.added)))
            past.append(now)
        except Invalid:
            assert told(study) == now
    hold_to_a_whole_run(blobs, town, base, study)
    while past:
        study.undo()
        assert told(study) == past.pop()
    assert told(study) == told(Study(standing))


def with_streets(town, *rows, **columns):
    """Lay streets into tables: node, node, metres, kind, one-way."""
    edges = dict(town[TableKind.STREETS]["edges"])
    edges |= {name: column.copy() for name, column in columns.items()}
    for u, v, metres, kind, one_way in rows:
        more = {"u": u, "v": v, "metres": metres, "way": 0, "kind": kind, "one_way": one_way}
        for name, column in edges.items():
            more.setdefault(name, "")
            edges[name] = np.append(column, np.array([more[name]], dtype=column.dtype))
    nodes = town[TableKind.STREETS]["nodes"]
    return {**town, TableKind.STREETS: {"nodes": nodes, "edges": edges}}


PATHS = [  # from, to, metres, steps, one-way
    ((300, 0), (1500, 1700), None, False, False),
    ((900, 500), (100, 100), 950.0, False, True),
    ((100, 0), (700, 800), 1000.0, True, False),
]


def test_paths_come_to_what_streets_of_their_length_come_to(blobs, town):
    none = np.zeros(len(town[TableKind.STREETS]["edges"]["u"]), dtype="i1")
    town = with_streets(town, one_way=none)
    standing, base = stand_on(blobs, town, StrictPlugin), WholeRun(blobs, town, plugin=StrictPlugin)
    study, laid, told_before = Study(standing), [], []
    study.do(outlet(1550, 1700, ("wet_market", "")))
    for start, end, metres, steps, one_way in PATHS:
        told_before.append(told(study))
        study.do(
            AddPath(start=at(*start), end=at(*end), metres=metres, steps=steps, one_way=one_way)
        )
        nodes = [round(x / 100) + 21 * round(y / 100) for x, y in (start, end)]
        long = metres or float(np.hypot(end[0] - start[0], end[1] - start[1]))
        laid.append((*nodes, long, "steps" if steps else "footway", int(one_way)))
        streets = with_streets(town, *laid)
        shops = [edit for edit in study.edits if not isinstance(edit, AddPath)]
        whole = WholeRun(blobs, edited(streets, shops), also=base.keys, plugin=StrictPlugin)
        compare(study, base, whole)
    while told_before:
        study.undo()
        assert told(study) == told_before.pop()


def test_gates_come_to_what_streets_without_them_come_to(blobs, town):
    edges = town[TableKind.STREETS]["edges"]
    gate = text([""] * len(edges["u"]))
    shut = [n for n in range(len(gate)) if 0 in (edges["u"][n], edges["v"][n])]  # at the market
    shut += [300, 301, 302]
    gate[shut] = "private"
    town = with_streets(town, gate=gate)
    standing, base = stand_on(blobs, town, StrictPlugin), WholeRun(blobs, town, plugin=StrictPlugin)
    study, told_before = Study(standing), []
    story = [
        outlet(50, 10, ("wet_market", "")),
        OpenGate(lon=at(50, 5)[0], lat=at(50, 5)[1]),
        CloseOutlet(outlet=4),
        OpenGate(lon=at(-5, 50)[0], lat=at(-5, 50)[1]),
        MoveOutlet(outlet=0, lon=at(400, 0)[0], lat=at(400, 0)[1]),
    ]
    for edit in story:
        told_before.append(told(study))
        study.do(edit)
        tables = edited(town, study.edits, gate_edges=shut)
        compare(study, base, WholeRun(blobs, tables, also=base.keys, plugin=StrictPlugin))
    assert study.gates == set(shut[:2])
    last = told(study)
    while told_before:
        study.undo()
        assert told(study) == told_before.pop()
    study.go_to(story)
    assert told(study) == last


def test_going_to_other_edits_is_as_doing_them_at_first(standing):
    one = Study(standing)
    one.go_to(STORY[:5])
    one.go_to([*STORY[:2], CloseOutlet(outlet=5)])
    other = Study(standing)
    other.go_to([*STORY[:2], CloseOutlet(outlet=5)])
    assert told(one) == told(other)


def test_the_run_itself_is_never_changed(standing):
    opened = standing.opened

    def pinned():
        rows = [row.tobytes() for row in opened.measured.walks.values()]
        counts = [
            [each.tolist() for each in (one.low, one.high) if each is not None]
            for one in opened.measured.answers.values()
        ]
        return rows, counts, opened.judged, opened.town.offers.hours.tolist()

    before = pinned()
    study = Study(standing)
    study.go_to(STORY)
    told(study)
    assert pinned() == before


@pytest.mark.parametrize(
    ("edit", "field", "words"),
    [
        (CloseOutlet(outlet=99), "outlet", ("没有这个网点", "0 到 7")),
        (CloseOutlet(outlet="new:2"), "outlet", ("没有这个网点", "新增 1 个")),
        (CloseOutlet(outlet=1), "outlet", ("已关闭",)),
        (AddOffer(outlet=1, format="small.repair"), "outlet", ("已关闭",)),
        (AddOffer(outlet=0, format="small.repiar"), "format", ("small.repair",)),
        (AddOffer(outlet=0, format="small.wet_market"), "format", ("change_hours",)),
        (CloseOffer(outlet=6, format="small.repair"), "format", ("到店",)),
        (ChangeHours(outlet=0, format="small.repair", hours=""), "format", ("到店",)),
        (MoveOutlet(outlet=0, lon=118.0, lat=36.65), "lon", ("最近的街道", "150 米")),
        (outlet(-400, 0, ("wet_market", "")), "lon", ("400 米", "150 米")),
        (outlet(0, 0, ("bakery", "")), "offers", ("没有这种业态",)),
        (AddPath(start=at(0, 0), end=at(-400, 0)), "to", ("最近的街道",)),
        (AddPath(start=at(0, 0), end=at(1000, 0), metres=900.0), "metres", ("直线 1000 米",)),
        (OpenGate(lon=at(0, 0)[0], lat=at(0, 0)[1]), "lon", ("没有登记门禁",)),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_changes(standing, edit, field, words):
    study = Study(standing)
    study.go_to([outlet(1500, 1500, ("wet_market", "")), CloseOutlet(outlet=1)])
    before = told(study)
    with pytest.raises(Invalid, match=f"第 3 项改动的“{field}”") as refused:
        study.do(edit)
    assert all(word in refused.value.message for word in words)
    assert "Edit 3" in refused.value.english
    assert told(study) == before


def test_a_gate_that_is_open_and_one_that_is_far_away_are_refused(blobs, town):
    gate = text([""] * len(town[TableKind.STREETS]["edges"]["u"]))
    gate[0] = "private"
    standing = stand_on(blobs, with_streets(town, gate=gate))
    study = Study(standing)
    here = OpenGate(lon=at(50, 5)[0], lat=at(50, 5)[1])
    study.do(here)
    assert answer(study)["notes"]  # everybody in this town may pass gates
    with pytest.raises(Invalid, match="已打开"):
        study.do(here)
    with pytest.raises(Invalid, match="50 米内"):
        study.do(OpenGate(lon=at(50, 60)[0], lat=at(50, 60)[1]))


def test_threads_that_ask_for_one_scenario_take_turns_and_all_hear_the_truth(standing):
    lists = [STORY[:k] for k in (1, 3, 5, 8)]
    truth = []
    for edits in lists:
        study = Study(standing)
        study.go_to(edits)
        truth.append(told(study))
    wrong = []

    def ask(number):
        for turn in range(6):
            which = (number + turn) % len(lists)
            with studying(standing, "one name", lists[which]) as study:
                if told(study) != truth[which]:
                    wrong.append((number, turn))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_study_in_which_something_broke_is_thrown_away(standing):
    with pytest.raises(ZeroDivisionError), studying(standing, "broken", STORY[:2]) as study:
        raise ZeroDivisionError
    with studying(standing, "broken", STORY[:2]) as another:
        assert another is not study
    with pytest.raises(Invalid), studying(standing, "broken", [CloseOutlet(outlet=99)]):
        pass
    with studying(standing, "broken", []) as kept:
        assert kept is another


def test_the_answer_names_what_changed_and_only_that(standing):
    study = Study(standing)
    assert answer(study) == {
        "edits": 0,
        "people": {"gaining": {"all": 0, "60+": 0}, "losing": {"all": 0, "60+": 0}},
        "coverage": [],
        "demands": [],
        "scores": [],
        "lines": [],
        "notes": [],
    }
    study.do(outlet(1950, 1900, ("wet_market", "")))
    found = answer(study, key="small.wet_market")
    [near] = [one for one in found["coverage"] if one["minutes"] == 5.0]
    # in its own row and one beside it, within 360 m of grid: 4 + 4 + 3 + 1 homes of ten people
    assert near["gained"]["all"] == near["after"]["all"] - near["before"]["all"] == 120
    assert near["gained"]["60+"] == 36
    assert near["areas"]["key"] == ["east"]
    assert {one["area"] for one in found["scores"]} >= {"whole", "east"}
    assert [line["key"] for line in found["lines"]] == ["line_0"]
    drawn = homes(study, "small.wet_market")
    assert len(drawn["row"]) == len(drawn["lon"]) == len(drawn["before"])
    assert all(one is not None for one in drawn["after"])
    with pytest.raises(NotFound, match="没有测量"):
        homes(study, "small.cinema")
    with pytest.raises(NotFound, match="没有该区域"):
        answer(study, area="nowhere")


def test_a_format_that_the_run_did_not_measure_is_measured_with_its_slot(blobs, town):
    bare = edited(town, [CloseOutlet(outlet=4), CloseOutlet(outlet=7)])
    standing, base = stand_on(blobs, bare), WholeRun(blobs, bare)
    assert "slot:yi_lao" not in base.measured.coverage
    study = Study(standing)
    before = told(study)
    for edit in (
        outlet(1000, 1000, ("elder_care_station", "")),
        AddOffer(outlet=0, format="small.night_clinic", hours="24/7"),
    ):
        study.do(edit)
        compare(study, base, WholeRun(blobs, edited(bare, study.edits), also=base.keys))
    new = [one for one in answer(study)["coverage"] if one["key"] == "slot:yi_lao"]
    assert [one["before"] for one in new] == [None] * 3
    study.go_to([*study.edits, CloseOutlet(outlet="new:1")])
    assert "slot:yi_lao" not in measured_keys(study)
    study.go_to([])
    assert told(study) == before
