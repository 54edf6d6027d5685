"""Who is responsible for a part of a place is given that part, at every address there is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest

from core.policy import Permission
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user, make_token
from tenants.people.roles import LEFT_TO_A_PART
from tenants.people.signing import make_link, redeem_link
from tests.isolation import matrix
from tests.isolation.matrix import ask, name_of, operations_of
from tests.isolation.policies import declared
from tests.isolation.world import CSRF, bearer, fill
from tests.journeys.small_place import SOUTH, WEST

pytestmark = pytest.mark.journey
COMMITTED = Path(__file__).parents[1] / "tenants" / "people" / "parts.txt"
OURS, THEIRS = "w-west", "e-east"
MIDDLE, END = WEST + 0.0051, WEST + 0.0121
RESIDENTS = (
    "编号,经度,纬度,人口\n"
    "a,117.0010,36.6501,40\nb,117.0030,36.6541,60\nc,117.0079,36.6521,7001\nd,117.0091,36.6561,211\n"
)
OUTLETS = (
    "编号,名称,经度,纬度,业态,营业时间\n"
    "1,西坊便利店,117.002,36.652,便利店,07:00-22:00\n2,东坊便利店,117.0083,36.652,便利店,\n"
    "3,东坊菜市场,117.0083,36.656,菜市场,\n"
)
NAMES = ("东坊", THEIRS, "117.0079", "117.0091", "117.0083")
COUNTS = ("7001", "7,001", "211", "7212", "7,212", "7312", "7,312")  # theirs, and the whole's
TOLD = re.compile(rf"(?<![0-9a-f-])(?:{'|'.join(COUNTS)})(?![0-9a-f])")


def areas(*streets):
    """Give streets side by side: key, name, west end, east end."""
    features = []
    for key, name, west, east in streets:
        corners = [(west, SOUTH), (east, SOUTH), (east, SOUTH + 0.0121), (west, SOUTH + 0.0121)]
        features.append(
            {
                "type": "Feature",
                "properties": {"key": key, "name": name, "kind": "street"},
                "geometry": {"type": "Polygon", "coordinates": [[*corners, corners[0]]]},
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


@pytest.fixture(scope="module")
def both(settle):
    """Give a place of two streets with one of everything, its ids, and the run that judged them."""
    above = settle("x-above-parts", name="上级", level="nation")
    place = settle("x-parts", name="两坊市", parent_slug="x-above-parts")
    ids = fill(place, above, tag="甲")
    west, east = (OURS, "西坊", WEST - 0.001, MIDDLE), (THEIRS, "东坊", MIDDLE, END)
    for kind, name, text in (
        ("areas", "two.geojson", areas(west, east)),
        ("residents", "two.csv", RESIDENTS),
        ("outlets", "two-outlets.csv", OUTLETS),
    ):
        assert place.bring(kind, place.file(name, text))["state"] == "done"
    old = ids["run_id"]
    asked = {"ruleset": "national-2023-plan", "label": "两坊"}
    run = place.client.post(place.address("runs"), json=asked).json["id"]
    place.work()
    assert place.get(f"runs/{run}")["state"] == "done"
    return place, {**ids, "run_id": run}, old


@pytest.fixture(scope="module")
def officer(app, both):
    """Give a function that lets somebody with roles for parts ask, by a token or as a browser."""
    place = both[0]

    def make(*held, cookie=False):
        database = place.services.database
        with database.unbound() as session:
            user = create_user(session, login=f"o-{uuid4()}", name="负责人")
            user_id, link = user.id, make_link(session, user)
        with database.session(place.tenant_id, user_id) as session:
            for role, part in held:
                add_member(session, user_id, role, scope_area=part)
            token = make_token(session, user_id, name="walk", scopes=LEFT_TO_A_PART)
        if not cookie:
            return bearer(app, token)
        client = app.test_client()
        with database.unbound() as session:
            client.set_cookie("lc", redeem_link(session, link).token)
        client.environ_base["HTTP_X_CSRFTOKEN"] = CSRF.findall(client.get("/account").text)[0]
        return client

    return make


def cut(app):
    """Name the operations that are declared to be cut to a part."""
    asked = declared(app)
    found = set()
    for rule in app.url_map.iter_rules():
        if getattr(app.view_functions[rule.endpoint], "cut_to_part", False):
            path = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule)
            found |= {f"{method} {path}" for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert found <= asked.keys()
    return found


def test_what_is_cut_to_a_part_is_the_committed_list(app):
    told = sorted(cut(app), key=lambda name: (name.split()[1], name))
    assert "\n".join(told) + "\n" == COMMITTED.read_text(encoding="utf-8")


def test_only_looking_is_cut_to_a_part(app):
    asked = declared(app)
    own = {name for name in cut(app) if "/my-tokens" in name}  # of the person, not of the place
    for name in cut(app) - own:
        assert name.startswith("GET ")
        assert Permission(asked[name]) in LEFT_TO_A_PART


@pytest.mark.parametrize("cookie", [False, True], ids=["token", "browser"])
@pytest.mark.parametrize("role", [Role.STREET_OFFICER, Role.COMMUNITY_WORKER, Role.BUREAU_STAFF])
def test_every_operation_is_cut_to_the_part_or_refused(app, both, officer, role, cookie):
    place, ids, _old = both
    client = officer((role, OURS), cookie=cookie)
    before, declared_cut, wrong = matrix.imprint(place), cut(app), []
    for operation in operations_of(app):
        answer = ask(client, operation, place.slug, ids)
        text = answer.body.decode("utf-8", "replace")
        if name_of(operation) in declared_cut:
            if answer.status >= 400 and "/my-tokens" not in operation.path:
                wrong.append((name_of(operation), answer.status, text[:200]))
        elif answer.status != 403:
            wrong.append((name_of(operation), answer.status, "not refused"))
        leaks = [name for name in NAMES if name in text] + TOLD.findall(text)
        if leaks:
            wrong.append((name_of(operation), "tells", leaks))
    assert not wrong
    made = {"api_tokens"} if cookie else set()  # one's own token, made by its page
    after = {key: rows for key, rows in place.rows().items() if key not in made}
    assert before == matrix.imprint(place) or cookie
    assert after["runs"] == place.rows("runs")["runs"]


def test_who_sees_the_whole_is_told_what_the_part_is_not(both):
    place, ids, _old = both
    run = f"runs/{ids['run_id']}"
    told = (
        "".join(
            place.client.get(place.address(f"{run}/{rest}")).text
            for rest in ("scores", "areas", "homes?format=convenience_store", "gaps.geojson")
        )
        + place.client.get(place.address(f"{run}/outlets?format=convenience_store")).text
    )
    assert all(name in told for name in NAMES)
    assert {"7001", "7312"} <= set(TOLD.findall(told))


def test_a_refusal_says_for_what_one_is_responsible_and_who_can_widen_it(both, officer):
    place, ids, _old = both
    client = officer((Role.STREET_OFFICER, OURS))
    answer = client.get(place.address(f"runs/{ids['run_id']}/streets"))
    assert answer.status_code == 403
    assert answer.json["detail"] == (
        f"您在两坊市只负责{OURS}，这里针对整个地区（run.read），没有打开，也没有改变。"
        "需要时请本单位管理员放宽您的范围。"
    )
    assert f"responsible for {OURS} only" in answer.json["detail_en"]


@pytest.mark.parametrize("rest", ["lines?area={}", "coverage?area={}"])
def test_anothers_area_answers_as_one_that_is_not_there(both, officer, rest):
    place, ids, _old = both
    client = officer((Role.STREET_OFFICER, OURS))
    address = place.address(f"runs/{ids['run_id']}/{rest}")
    theirs, nobodys, ours = (client.get(address.format(each)) for each in (THEIRS, "x", OURS))
    assert (theirs.status_code, theirs.data) == (nobodys.status_code, nobodys.data)
    assert {row["area_key"] for row in ours.json} == {OURS}
    assert client.get(address.format("whole")).json == ours.json


def test_anothers_home_answers_as_one_that_is_not_there(both, officer):
    place, ids, _old = both
    client = officer((Role.STREET_OFFICER, OURS))
    address = place.address(f"runs/{ids['run_id']}/homes")
    theirs, nobodys = (client.get(f"{address}/{row}") for row in (2, 99))
    assert (theirs.status_code, theirs.json["detail"]) == (404, nobodys.json["detail"])
    assert client.get(f"{address}/1").json["people"] == 60
    homes = client.get(f"{address}?format=convenience_store").json
    assert (homes["row"], homes["people"]) == ([0, 1], [40, 60])


def test_the_page_of_anothers_area_answers_as_one_that_is_not_there(both, officer):
    _place, ids, _old = both
    client = officer((Role.STREET_OFFICER, OURS), cookie=True)
    pages = [client.get(f"/t/x-parts/runs/{ids['run_id']}?area={key}") for key in (THEIRS, "x")]
    assert [page.status_code for page in pages] == [404, 404]
    texts = [CSRF.sub("", page.text).replace(THEIRS, "x") for page in pages]
    assert texts[0] == texts[1]


def test_parts_of_several_roles_count_together_and_the_whole_before_them(both, officer):
    place, ids, _old = both
    address = place.address(f"runs/{ids['run_id']}/scores")

    def seen(*held):
        return {row["area_key"] for row in officer(*held).get(address).json}

    assert seen((Role.STREET_OFFICER, OURS)) == {OURS}
    assert seen((Role.STREET_OFFICER, OURS), (Role.COMMUNITY_WORKER, THEIRS)) == {OURS, THEIRS}
    everything = seen((Role.STREET_OFFICER, OURS), (Role.BUREAU_STAFF, None))
    assert everything == {"whole", OURS, THEIRS}


def test_a_whole_role_that_reads_no_runs_leaves_a_part_a_part(both, officer):
    place, ids, _old = both
    client = officer((Role.SURVEYOR, None), (Role.COMMUNITY_WORKER, OURS), cookie=True)
    desk = client.get("/t/x-parts/")
    assert "西坊工作台" in desk.text
    assert "东坊" not in desk.text
    assert client.get(place.address(f"runs/{ids['run_id']}/streets")).status_code == 403
    assert client.get("/t/x-parts/places").status_code == 200


def test_a_run_without_the_area_says_so(both, officer):
    place, _ids, old = both
    client = officer((Role.STREET_OFFICER, OURS), cookie=True)
    for address in (place.address(f"runs/{old}/scores"), place.address(f"runs/{old}/gaps.geojson")):
        answer = client.get(address)
        assert answer.status_code == 404
        assert f"没有您负责的{OURS}" in answer.json["detail"]
    assert f"没有您负责的{OURS}" in client.get(f"/t/x-parts/runs/{old}").text
    assert "没有您负责的区域" in client.get("/t/x-parts/runs").text


def test_the_desk_of_a_part_that_no_run_judged_says_what_to_do(both, officer):
    client = officer((Role.STREET_OFFICER, "n-none"), cookie=True)
    desk = client.get("/t/x-parts/").text
    assert "还没有n-none的结果" in desk
    assert "东坊" not in desk


def test_no_page_of_a_part_leads_where_one_may_not_go(both, officer):
    _place, ids, _old = both
    client = officer((Role.STREET_OFFICER, OURS), cookie=True)
    seen, waiting = {}, ["/", "/t/x-parts/", "/t/x-parts/roles", "/t/x-parts/my-tokens"]
    while waiting:
        address = waiting.pop().replace("&amp;", "&").partition("#")[0]
        if address in seen or address.startswith("/static/"):
            continue
        answer = client.get(address)
        seen[address] = answer.status_code
        if answer.mimetype == "text/html":
            waiting += re.findall(r'<a [^>]*?href="(/[^"]*)"', answer.text)
        elif "Location" in answer.headers:
            waiting.append(answer.headers["Location"])
    assert {address: status for address, status in seen.items() if status >= 400} == {}
    assert f"/t/x-parts/runs/{ids['run_id']}/gaps" in seen
    assert f"/t/x-parts/runs/{ids['run_id']}/map" not in seen


def test_in_english_the_desk_of_a_part_speaks_english(both, officer):
    client = officer((Role.COMMUNITY_WORKER, OURS), cookie=True)
    desk = client.get("/t/x-parts/", headers={"Accept-Language": "en"}).text
    assert "Points: 西坊" in desk
    assert "Your part" in desk
