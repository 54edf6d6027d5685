"""Sites in the small town, held to walks done in the head and to the run's own counting."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import shapely

from core.errors import Invalid, NotFound
from core.kernel.snap import Snapped
from core.kernel.streets import plane
from core.kernel.walks import deciseconds
from core.runs.execute import Silent
from core.runs.lanes import Lane
from core.runs.measure import count, measure, ready
from core.runs.town import Offers
from core.studies.siting import comparison, gathering
from core.studies.siting.comparison import Asked, Costs
from core.studies.siting.site import site
from core.studies.siting.spots import FIXED, HOST, KINDS, STREET, Along, Hosts, Place, Wished
from core.studies.siting.told import tell
from tests.core.runs.small_town import ELDER, SHOPS, SIDE, STEP, to_degrees

MARKET, CARE, CINEMA = "small.wet_market", "small.elder_care_station", "small.cinema"
BREAKFASTS, CLINIC = (1, 2, 3), 7
EVERYTHING = Wished(hosts=Hosts(), streets=Along())


def place(x, y, **more):
    lon, lat = (float(each) for each in to_degrees(x, y))
    return Place(lon=lon, lat=lat, **more)


def people_near(*places, minutes=15.0, speed=1.2):
    """Count who lives within a walk of crossings: ten at each middle of a block's side."""
    metres = minutes * 60 * speed
    return 10 * sum(
        any(abs(x - a) + abs(y - b) <= metres for a, b in places)
        for x in np.arange(SIDE - 1) * STEP + STEP / 2
        for y in np.arange(SIDE) * STEP
    )


def where(rows):
    return [SHOPS[row][1:3] for row in rows]


def asked(at_most=2, key=MARKET, wished=EVERYTHING, **more):
    return Asked(format=key, at_most=at_most, wished=wished, **more)


def solved(opened, blobs, one):
    answer = site(opened, blobs, one)
    return answer, {each.way: each for each in answer.solutions}


def kinds_of(answer, solution):
    return [KINDS[answer.gathered.spots.kind[each.spot]] for each in solution.sites]


@pytest.mark.parametrize("at_most", [1, 2, 3])
def test_the_hosts_chosen_are_the_best_of_all_choices(opened, blobs, at_most):
    answer, found = solved(opened, blobs, asked(at_most, wished=Wished(hosts=Hosts())))
    assert list(found) == ["hosts"]
    before = people_near((0, 0))
    assert (answer.covered, answer.people, answer.existing) == (before, 4210, 1)
    hosts = sorted({one[1:3] for one in SHOPS if one[3:5] != ("repair", "at_home")})
    best = max(people_near((0, 0), *chosen) for chosen in itertools.combinations(hosts, at_most))
    assert found["hosts"].people == best - before
    rows = answer.gathered.spots.row[[each.spot for each in found["hosts"].sites]].tolist()
    assert people_near((0, 0), *where(rows)) == best
    assert 0 not in rows


def test_each_site_tells_what_it_adds_to_those_before_it(opened, blobs):
    answer, found = solved(opened, blobs, asked(4, seconds=5.0))
    for solution in found.values():
        gains = [each.people for each in solution.sites]
        assert gains == sorted(gains, reverse=True)
        assert [each.cumulative for each in solution.sites] == list(itertools.accumulate(gains))
        assert solution.sites[-1].cumulative == solution.people <= solution.upper_bound
        for each in solution.sites:
            assert each.groups == {"all": each.people, "60+": each.people * 3 // 10}
        assert [step.people for step in solution.curve][-1] == solution.people
        assert len(solution.curve) == 5
    assert answer.covered_groups == {"all": answer.covered, "60+": answer.covered * 3 // 10}
    assert found["both"].proven
    assert found["both"].people >= max(found["hosts"].people, found["new"].people)
    assert set(kinds_of(answer, found["hosts"])) == {HOST}
    assert set(kinds_of(answer, found["new"])) == {STREET}


@pytest.mark.parametrize("at_most", [1, 2, 3, 5])
def test_both_ways_together_are_never_worse_than_either(opened, blobs, at_most):
    for key in (MARKET, CINEMA, CARE):
        _, found = solved(opened, blobs, asked(at_most, key=key))
        for one in (found["hosts"], found["new"]):
            for part, whole in zip(one.curve, found["both"].curve, strict=False):
                assert part.people <= whole.people <= whole.upper_bound


def with_sites(opened, answer, solution, key):
    """Give the run's town with the chosen sites in it, as an import would have brought them."""
    town, chosen = opened.town, answer.gathered.spots.take(
        np.array([each.spot for each in solution.sites])
    )  # fmt: skip
    new = ~chosen.of(HOST)
    rows = np.where(new, len(town.outlets) + np.cumsum(new) - 1, chosen.row)
    columns = {
        name: np.concatenate([getattr(town.outlets, name), getattr(chosen.snapped, name)[new]])
        for name in ("edge", "fraction", "access_metres")
    }
    offers = town.offers
    return replace(
        town,
        outlets=Snapped(**columns),
        outlet_x=np.concatenate([town.outlet_x, chosen.x[new]]),
        outlet_y=np.concatenate([town.outlet_y, chosen.y[new]]),
        offers=Offers(
            outlet=np.concatenate([offers.outlet, rows.astype(np.int32)]),
            format=np.concatenate([offers.format, np.full(len(rows), key, dtype=object)]),
            hours=np.concatenate([offers.hours, np.full(len(rows), "", dtype=object)]),
        ),
    )


@pytest.mark.parametrize("key", [MARKET, CINEMA, "small.repair"])
@pytest.mark.parametrize("way", ["hosts", "new", "both"])
def test_a_run_with_the_chosen_sites_counts_the_people_told(opened, blobs, key, way):
    answer, found = solved(opened, blobs, asked(3, key=key))
    town = with_sites(opened, answer, found[way], key)
    formats, params = opened.catalogue.formats, opened.params
    networks = ready(town, opened.demands, params)
    walks, keys = measure(town, opened.demands, formats, params, Silent().tick, networks)
    counted = count(town, walks, opened.demands, keys, formats, params)
    assert answer.minutes == 15.0
    after = int(counted.coverage[key][15.0][0])
    before = int(opened.measured.coverage[key][15.0][0]) if key in opened.keys else 0
    assert (answer.covered, answer.covered + found[way].people) == (before, after)


def test_an_age_group_and_a_slower_walker_are_counted_as_the_run_counts_them(opened, blobs):
    answer, found = solved(
        opened, blobs, asked(2, key=CARE, group="60+", walker=ELDER.key, seconds=1.0)
    )
    [demand] = [each for each in opened.demands if CARE in each.formats]
    assert answer.covered == opened.measured.answers[demand].low[0]
    assert answer.people == 1263
    town = with_sites(opened, answer, found["both"], CARE)
    formats, params = opened.catalogue.formats, opened.params
    networks = ready(town, opened.demands, params)
    walks, keys = measure(town, opened.demands, formats, params, Silent().tick, networks)
    counted = count(town, walks, opened.demands, keys, formats, params)
    after = answer.covered + found["both"].people
    assert after == counted.answers[demand].low[0]
    walk = walks.of(ELDER, Lane(format=CARE), 15.0)
    assert after == 3 * np.count_nonzero(walk <= deciseconds(15.0))


def test_decided_sites_cover_first_and_are_not_counted(opened, blobs):
    centre = place(1000, 1000)
    wished = Wished(hosts=Hosts(), fixed=(centre, 7))
    answer, found = solved(opened, blobs, asked(1, wished=wished))
    before, with_one = people_near((0, 0)), people_near((0, 0), (1000, 1000))
    both = people_near((0, 0), (1000, 1000), (1000, 0))
    assert [each.people for each in answer.fixed] == [with_one - before, both - with_one]
    assert {KINDS[kind] for kind in answer.gathered.fixed.kind} == {FIXED}
    rows = answer.gathered.spots.row.tolist()
    assert 7 not in rows
    best = max(people_near((0, 0), (1000, 1000), (1000, 0), at) for at in where(rows))
    assert found["hosts"].people == best - both


def test_a_budget_is_kept_and_the_askers_costs_are_told(opened, blobs):
    premises = (place(1500, 1500, key="a", cost=2.5), place(1000, 1100, key="b"))
    wished = Wished(hosts=Hosts(), premises=premises)
    money = {"costs": Costs(host=1, open=4.0), "budget": 3.0}
    _, found = solved(opened, blobs, asked(5, wished=wished, **money))
    assert found["new"].cost == 2.5
    assert [each.cost for each in found["new"].sites] == [2.5]
    assert found["hosts"].cost <= 3
    _, nothing = solved(opened, blobs, asked(5, wished=wished, **{**money, "budget": 0.0}))
    assert all((each.sites, each.people, each.proven) == ((), 0, True) for each in nothing.values())
    free = Costs(host=0, open=4.0)
    _, some = solved(opened, blobs, asked(5, wished=wished, costs=free, budget=0.0))
    assert some["hosts"].people > 0 == some["new"].people


def test_a_budget_without_costs_names_the_field(opened, blobs):
    with pytest.raises(Invalid) as told:
        site(opened, blobs, asked(budget=5.0, costs=Costs(host=1.0)))
    assert told.value.details[0]["field"] == "costs.open"
    assert told.value.message.endswith("。")


def test_sites_keep_their_distance_from_each_other_and_from_decided_ones(opened, blobs):
    wished = Wished(streets=Along(spacing=100.0), fixed=(place(1000, 1000),))
    answer, found = solved(opened, blobs, asked(4, wished=wished, apart_metres=900.0))
    spots_ = answer.gathered.spots
    chosen = [(spots_.x[each.spot], spots_.y[each.spot]) for each in found["new"].sites]
    chosen += [(answer.gathered.fixed.x[0], answer.gathered.fixed.y[0])]
    assert len(chosen) >= 3
    for (a, b), (c, d) in itertools.combinations(chosen, 2):
        assert np.hypot(a - c, b - d) >= 900.0


def test_no_candidate_stands_in_an_excluded_shape(opened, blobs):
    lon, lat = to_degrees([-50, 2050], [900, 2050])
    shape = shapely.box(lon[0], lat[0], lon[1], lat[1])
    answer, _ = solved(opened, blobs, asked(3, wished=replace(EVERYTHING, exclude=shape)))
    spots_ = answer.gathered.spots
    assert len(spots_)
    assert spots_.row[spots_.of(HOST)].tolist() == [3, 5, 7]
    cut = plane(lon, lat, lon0=opened.town.lon0, lat0=opened.town.lat0)[1][0]
    assert spots_.y[spots_.of(STREET)].max() < cut
    assert answer.gathered.excluded > 50
    everywhere = shapely.box(116, 36, 118, 37)
    gone, found = solved(opened, blobs, asked(3, wished=replace(EVERYTHING, exclude=everywhere)))
    assert len(gone.gathered.spots) == 0
    assert all(each.proven and not each.sites for each in found.values())


def test_points_off_the_streets_are_listed(opened, blobs):
    premises = (place(-1000, -1000, key="far"), place(1500, 1500, key="near"))
    wished = Wished(premises=premises, fixed=(place(-2000, 0),))
    answer, found = solved(opened, blobs, asked(1, wished=wished))
    lost = answer.gathered.unattached
    assert [(KINDS[kind], row) for kind, row in zip(lost.kind, lost.row, strict=True)] == [
        ("premises", 0),
        ("fixed", 0),
    ]
    assert lost.snapped.access_metres.tolist() == pytest.approx([2**0.5 * 1000, 2000], rel=1e-3)
    assert found["new"].people > 0
    assert answer.fixed == ()


def test_where_everybody_is_covered_nothing_is_proposed(opened, blobs):
    answer, found = solved(opened, blobs, asked(3, group="60+", minutes=60.0, key=MARKET))
    assert answer.people - answer.covered == answer.off_street == 3
    assert len(answer.gathered.spots) == 0
    assert all((each.people, each.proven, each.sites) == (0, True, ()) for each in found.values())


def test_only_hosts_of_named_formats_are_asked(opened, blobs):
    wished = Wished(hosts=Hosts(formats=("small.breakfast_shop", "small.night_clinic")))
    answer, _ = solved(opened, blobs, asked(1, wished=wished))
    assert set(answer.gathered.spots.row.tolist()) <= {*BREAKFASTS, CLINIC}
    none, _ = solved(opened, blobs, asked(1, wished=Wished(hosts=Hosts(can_host=True))))
    assert len(none.gathered.spots) == 0  # the small town's formats cannot host


def test_more_sites_than_candidates_takes_all_that_help(opened, blobs):
    wished = Wished(premises=(place(1500, 1500), place(1500, 1500)))
    _, found = solved(opened, blobs, asked(30, wished=wished))
    assert len(found["new"].sites) == 1
    assert len(found["new"].curve) == 3


def test_the_same_question_has_the_same_answer(opened, blobs):
    one, again = (site(opened, blobs, asked(5)) for _ in range(2))
    assert one.solutions == again.solutions
    assert one.gathered.spacing == 150.0


def test_streets_spread_wider_until_they_fit_unless_a_spacing_is_asked(opened, blobs, monkeypatch):
    monkeypatch.setattr(gathering, "MOST_SPOTS", 60)
    answer, _ = solved(opened, blobs, asked(2, wished=Wished(streets=Along())))
    assert answer.gathered.spacing > 150
    assert len(answer.gathered.spots) <= 60
    with pytest.raises(Invalid) as told:
        site(opened, blobs, asked(2, wished=Wished(streets=Along(spacing=150.0))))
    assert told.value.details[0]["field"] == "candidates"
    assert told.value.details[0]["value"] > 60
    monkeypatch.setattr(gathering, "MOST_SPOTS", 3)
    with pytest.raises(Invalid, match="超过上限 3 个"):
        site(opened, blobs, asked(2, wished=Wished(hosts=Hosts(can_host=False))))
    few, _ = solved(opened, blobs, asked(2, wished=Wished(hosts=Hosts())))
    assert len(few.gathered.spots) <= 3
    assert (few.gathered.only_hosts, few.gathered.thinned) == (False, 1000.0)


def test_where_shops_are_too_many_those_that_may_host_are_asked(opened, blobs, monkeypatch):
    formats = dict(opened.catalogue.formats)
    formats["small.breakfast_shop"] = replace(formats["small.breakfast_shop"], can_host=True)
    able = replace(opened, catalogue=replace(opened.catalogue, formats=formats))
    wished = Wished(hosts=Hosts())
    assert not site(able, blobs, asked(1, wished=wished)).gathered.only_hosts
    monkeypatch.setattr(gathering, "MOST_SPOTS", 4)
    answer = site(able, blobs, asked(1, wished=wished))
    assert answer.gathered.only_hosts
    assert answer.gathered.spots.row.tolist() == list(BREAKFASTS)
    told = tell(able, asked(1, wished=wished), answer)
    assert any("一店多能" in each["zh"] for each in told["assumed"])


def test_too_many_pairs_too_close_are_refused(opened, blobs, monkeypatch):
    monkeypatch.setattr(comparison, "MOST_NEAR", 10)
    with pytest.raises(Invalid) as told:
        site(opened, blobs, asked(2, apart_metres=500.0))
    assert told.value.details[0]["field"] == "apart_metres"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"key": "small.zoo"}, NotFound),
        ({"walker": "ghost"}, NotFound),
        ({"group": "0-3"}, Invalid),
        ({"wished": Wished(fixed=(10_000,))}, Invalid),
        ({"wished": Wished(fixed=(-1,))}, Invalid),
        ({"wished": Wished(hosts=Hosts(formats=("small.zoo",)))}, Invalid),
    ],
)
def test_what_is_not_there_is_told(opened, blobs, change, error):
    with pytest.raises(error) as told:
        site(opened, blobs, asked(**change))
    assert told.value.message.endswith("。")
    assert told.value.english != told.value.message
