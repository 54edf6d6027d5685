"""What a finished run shows: each figure with of how many, from the run's own rows."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from core.db import WHOLE, Run, RunGap, RunLine, RunScore
from core.runs.summary import SLOTS
from core.runs.terms import SLOT
from core.runs.together import reach_all
from core.web.figures import number
from core.web.pages.blueprint import mark
from tenants.people.models import Role


@pytest.fixture
def desk(judged):
    return judged[0]


@pytest.fixture
def at(judged):
    return f"runs/{judged[1]}"


@pytest.fixture
def rows(judged):
    """Give a way to read the run's rows."""
    desk, run_id = judged

    def read(model, *where):
        with desk.services.database.session(desk.tenant_id) as session:
            found = session.scalars(select(model).where(model.run_id == run_id, *where)).all()
            session.expunge_all()
            return found

    return read


def test_the_desk_opens_with_how_many_people_reach_all_six(desk, judged):
    with desk.services.database.session(desk.tenant_id) as session:
        run = session.scalars(select(Run).where(Run.id == judged[1])).one()
        keys = [f"{SLOT}{slot}" for slot in SLOTS]
        reached = reach_all(desk.services.blobs, run, keys, 15)
        people = run.people
    shown = desk.see()
    assert f"{people / 10_000:,.1f} 万人里，{reached / 10_000:,.1f} 万人走路 15 分钟" in shown
    assert f"{100 * reached / people:.1f}" in shown
    assert mark(judged[1]) in shown
    assert "程序生成" in shown


def test_a_scorecard_shows_every_line_of_the_run(desk, at, rows):
    lines = rows(RunLine, RunLine.area_key == WHOLE)
    shown = desk.see(at)
    assert shown.count('class="line"') == len(lines)
    for row in lines:
        assert row.line["name"] in shown
        assert row.line["source"] in shown


def test_the_table_twin_of_a_scorecard_has_a_row_a_line(desk, at, rows):
    shown = desk.see(f"{at}?as=table")
    table = shown[shown.index("<caption") :]
    assert table[: table.index("</table>")].count('<th scope="row">') == len(
        rows(RunLine, RunLine.area_key == WHOLE)
    )


def test_an_undecided_grade_is_said_with_its_span_and_with_what_would_decide(desk, at, rows):
    undecided = [row for row in rows(RunScore) if row.pending]
    assert undecided, "the national rules have an indicator that is not built yet"
    one = undecided[0]
    shown = desk.see(f"{at}?area={one.area_key}")
    assert one.grade is None
    assert "等级待定" in shown
    assert f"{number(one.points_low)}–{number(one.points_high)}" in shown
    assert all(pending in shown for pending in one.pending)


def test_assumptions_stand_on_the_card(desk, at, rows):
    (whole,) = rows(RunScore, RunScore.area_key == WHOLE)
    shown = desk.see(at)
    assert whole.notes
    assert all(note in shown for note in whole.notes)


def test_the_card_of_one_circle_is_its_own(desk, at, rows):
    circle = rows(RunScore, RunScore.area_kind == "circle")[0]
    shown = desk.see(f"{at}?area={circle.area_key}")
    assert f"评分卡 · {circle.area_name}" in shown


def test_an_area_or_format_that_the_run_lacks_is_not_found(desk, at):
    assert "没有该区域" in desk.see(f"{at}?area=nowhere", 404)
    assert "没有测" in desk.see(f"{at}/map?format=nothing", 404)
    assert "没有测" in desk.see(f"{at}/gaps?format=nothing", 404)


def test_the_map_names_only_addresses_that_answer(desk, at):
    shown = desk.see(f"{at}/map?format=slot:yi_cai")
    assert 'data-format="slot:yi_cai"' in shown
    for name in ("homes", "outlets", "gaps", "streets", "areas"):
        address = re.search(rf'data-{name}="([^"]+)"', shown)[1]
        query = {"format": "slot:yi_cai"} if name in {"homes", "outlets", "gaps"} else None
        assert desk.client.get(address, query_string=query).status_code == 200, name
    home = re.search(r'data-home="([^"]+)"', shown)[1]
    assert desk.client.get(f"{home}/0").json["nearest"]


def test_the_map_page_works_without_scripts_by_its_list(desk, at, rows):
    shown = desk.see(f"{at}/map")
    largest = max(
        (row for row in rows(RunGap) if row.format_key.removeprefix(SLOT) in SLOTS),
        key=lambda row: row.people,
    )
    assert f"{largest.people:,} 人" in shown
    assert "<noscript>" in shown


def test_gaps_are_listed_most_people_first(desk, at):
    shown = desk.see(f"{at}/gaps")
    people = [int(n.replace(",", "")) for n in re.findall(r"<b>([\d,]+)</b></td>", shown)]
    assert people
    assert people == sorted(people, reverse=True)


def test_gaps_say_how_many_of_their_people_are_old(desk, at, rows, judged):
    shown = desk.see(f"{at}/gaps?format=slot:yi_cai")
    gaps = sorted(rows(RunGap, RunGap.format_key == "slot:yi_cai"), key=lambda row: row.rank)
    assert gaps
    lines = re.findall(r"<b>([\d,]+)</b></td><td class=\"end num\">([\d,]+)</td>", shown)
    assert lines == [(f"{row.people:,}", f"{row.groups['60+']:,}") for row in gaps]
    with desk.services.database.session(desk.tenant_id) as session:
        run = session.scalars(select(Run).where(Run.id == judged[1])).one()
        (total,) = [one for one in run.summary["gaps"] if one["key"] == "slot:yi_cai"]
    assert "其中 60 岁及以上" in shown
    assert f"其中 60 岁及以上：{total['groups']['60+']:,} 人。" in shown
    answer = desk.client.get(f"/t/{desk.slug}/{at}/gaps", headers={"Accept-Language": "en"})
    assert "Aged 60 or over" in answer.text


def test_ages_that_the_data_do_not_carry_have_no_column(desk, at, rows):
    carried = {group for row in rows(RunGap) for group in row.groups}
    shown = desk.see(f"{at}/gaps")
    assert ("0–3 岁" in shown) == ("0-3" in carried)


def test_every_area_stands_in_the_table_with_its_points(desk, at, rows):
    shown = desk.see(f"{at}/areas")
    scores = rows(RunScore)
    assert shown.count('<th scope="row">') == len(scores)
    assert all(row.area_name in shown for row in scores if row.area_key != WHOLE)


def test_what_the_figures_rest_on_is_named_down_to_digests(desk, at, judged):
    shown = desk.see(f"{at}/sources")
    with desk.services.database.session(desk.tenant_id) as session:
        run = session.scalars(select(Run).where(Run.id == judged[1])).one()
        digests = [run.fingerprint, run.result_digest, run.minutes_digest, run.ruleset_digest]
        digests += run.plan["inputs"].values()
    assert all(digest in shown for digest in digests)
    for address in re.findall(r'href="(/api/v1/[^"]+\.(?:geojson|arrow|parquet))"', shown):
        answer = desk.client.get(address)
        assert answer.status_code == 200, address
        answer.close()


def test_every_page_says_that_the_data_are_samples(desk, at):
    for rest in ("", "data", "runs", at, f"{at}/map", f"{at}/gaps", f"{at}/areas"):
        assert "示例数据" in desk.see(rest), rest


def test_the_rail_leads_to_the_latest_map_and_gaps(desk, judged):
    for name in ("map", "gaps"):
        answer = desk.client.get(f"/t/{desk.slug}/{name}")
        assert (answer.status_code, answer.location) == (
            303,
            f"/t/{desk.slug}/runs/{judged[1]}/{name}",
        )


def test_pages_speak_english_on_request(desk, at):
    headers = {"Accept-Language": "en"}
    for rest, word in (("", "Of 40,000 people"), (at, "Scorecard"), (f"{at}/areas", "circles")):
        answer = desk.client.get(f"/t/{desk.slug}/{rest}", headers=headers)
        assert word in answer.text, rest


def test_another_place_cannot_open_the_run(sign_in, at):
    stranger = sign_in("x-stranger")
    for rest in (at, f"{at}/map", f"{at}/gaps", f"{at}/areas", f"{at}/sources"):
        stranger.see(rest, 404)
    answer = stranger.client.get(f"/t/x-city/{at}")
    assert answer.status_code == 404
    assert answer.text == stranger.client.get("/t/x-nowhere/runs").text


def test_only_who_may_hand_up_is_offered_to(desk, at, sign_in):
    assert f"/t/{desk.slug}/submissions/new?run=" in desk.see(at)
    staff = sign_in("x-staff", Role.BUREAU_STAFF)
    with staff.services.database.session(desk.tenant_id, staff.user_id) as session:
        from tenants.people.operations import add_member  # noqa: PLC0415 - this test alone

        add_member(session, staff.user_id, Role.BUREAU_STAFF)
    answer = staff.client.get(f"/t/{desk.slug}/{at}")
    assert answer.status_code == 200
    assert "submissions/new" not in answer.text


def test_who_may_only_be_here_sees_no_figures(sign_in):
    guest = sign_in("x-guest", Role.OPERATOR)
    shown = guest.see()
    assert "没有查看数据和评价的权限" in shown
    assert f"/t/{guest.slug}/runs" not in shown
    for rest in ("data", "runs"):
        guest.see(rest, 403)
