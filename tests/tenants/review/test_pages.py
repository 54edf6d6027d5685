"""Handing up, answering and comparing, as pages of the real app."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from core.db import JobState, ParentSees
from tenants.review.operations import submit
from tenants.tree.operations import find_tenant, set_parent_sees
from tests.tenants.review.conftest import line

CITY, OTHER, NATION = "370100", "320500", "cn"


@pytest.fixture
def handed(database, tree, finished):
    """Give a function that hands a run of a place up to the nation: the submission's id."""

    def make(slug=CITY, to=NATION, **run):
        run_id = finished(slug, **run)
        with database.session(tree[slug]) as session:
            return submit(session, run_id, to, None).id

    return make


def address(slug, submission_id):
    return f"/t/{slug}/submissions/{submission_id}"


def compared(browser, left, right):
    return browser.open(f"/t/{NATION}/comparison?left={left}&right={right}")


def test_before_handing_up_one_sees_what_goes_up_what_stays_and_to_whom(signed, finished):
    browser, run_id = signed("bureau_admin"), finished()
    shown = browser.open(f"/t/{CITY}/submissions/new?run={run_id}").text
    assert "没有因人数过少而隐去的数字" in shown
    assert "都不离开本地区" in shown
    for above in ("370000", NATION):
        assert f'name="to" value="{above}"' in shown
    assert f'name="to" value="{OTHER}"' not in shown


def test_what_is_of_few_people_is_counted_before_it_is_left_out(signed, finished):
    lines = [line("wet_market", 99_995, 100_000), line("elders", 9_000, 12_000)]
    slots = {"yi_dian": {5.0: 3, 15.0: 95_000}}
    areas = [("circle:1", "一号圈", 4), ("circle:2", "二号圈", 40_000)]
    run_id = finished(lines=lines, slots=slots, areas=areas)
    shown = signed("bureau_admin").open(f"/t/{CITY}/submissions/new?run={run_id}").text
    assert "评分卡 1 行" in shown
    assert "六个一 1 格" in shown
    assert "99,995" not in shown


def test_a_run_is_handed_up_once_and_can_be_withdrawn(signed, finished):
    browser, run_id = signed("bureau_admin"), finished()
    page = f"/t/{CITY}/submissions/new?run={run_id}"
    answer = browser.send(f"/t/{CITY}/submissions", page=page, run=run_id, to=NATION)
    assert answer.status_code == 303
    shown = browser.open(answer.location).text
    assert "已报送。上级看到的就是" in shown
    assert "一致" in shown
    again = browser.send(f"/t/{CITY}/submissions", page=page, run=run_id, to=NATION)
    assert again.status_code == 409
    assert "没有再次提交" in again.text
    browser.send(f"{answer.location}/withdraw", page=answer.location)
    assert "已撤回" in browser.open(f"/t/{CITY}/submissions").text
    assert "这份报送已经撤回" in browser.open(answer.location).text
    reviewer = signed("reviewer", NATION)
    assert reviewer.open(address(NATION, answer.location.split("/")[-1])).status_code == 404


@pytest.mark.parametrize("to", [OTHER, "370103", CITY, "nowhere", ""])
def test_nothing_goes_anywhere_but_up(signed, finished, to):
    browser, run_id = signed("bureau_admin"), finished()
    page = f"/t/{CITY}/submissions/new?run={run_id}"
    answer = browser.send(f"/t/{CITY}/submissions", page=page, run=run_id, to=to)
    assert answer.status_code == 404
    assert str(run_id) not in browser.open(f"/t/{CITY}/submissions").text


def test_an_unfinished_run_and_anothers_run_are_not_offered(signed, finished):
    browser = signed("bureau_admin")
    running = browser.open(f"/t/{CITY}/submissions/new?run={finished(state=JobState.RUNNING)}")
    assert "没有可以报送的评价" in running.text
    others = browser.open(f"/t/{CITY}/submissions/new?run={finished(OTHER)}")
    none = browser.open(f"/t/{CITY}/submissions/new?run={uuid4()}")
    assert (others.status_code, others.text) == (404, none.text)
    assert browser.open(f"/t/{CITY}/submissions/new?run=x").status_code == 404


def test_a_place_that_shares_nothing_is_told_before_it_tries(signed, finished, database, tree):
    with database.session(tree["370103"]) as session:
        set_parent_sees(session, find_tenant(session, "370103"), ParentSees.NOTHING)
    run_id = finished("370103")
    shown = signed("bureau_admin", "370103").open(f"/t/370103/submissions/new?run={run_id}").text
    assert "现在不能报送" in shown
    assert re.search(r'<button class="btn btn--go" disabled>', shown)


def test_staff_see_what_was_sent_and_cannot_send(signed, handed):
    browser, submission_id = signed("bureau_staff"), handed()
    shown = browser.open(f"/t/{CITY}/submissions").text
    assert address(CITY, submission_id) in shown
    assert "撤回</button>" not in shown
    assert browser.open(f"/t/{CITY}/submissions/new").status_code == 403


def test_a_reviewer_sees_copies_and_nothing_else_of_a_city(signed, handed):
    browser, submission_id = signed("reviewer", NATION), handed(label="给国家看的")
    shown = browser.open(f"/t/{NATION}/submissions").text
    assert address(NATION, submission_id) in shown
    one = browser.open(address(NATION, submission_id)).text
    assert "济南市报给全国的评价" in one
    assert "一号圈" in one
    for path in ("", "runs", "datasets", "submissions", f"submissions/{submission_id}"):
        assert browser.open(f"/t/{CITY}/{path}").status_code == 404, path
    assert f"/t/{CITY}/" not in one


def test_a_strangers_submission_is_answered_byte_for_byte_like_none(signed, handed):
    hidden = handed(OTHER, to="320000")
    for role, slug in (("reviewer", NATION), ("bureau_admin", CITY)):
        browser = signed(role, slug)
        stranger = browser.open(address(slug, hidden))
        none = browser.open(address(slug, uuid4()))
        assert (stranger.status_code, stranger.data) == (404, none.data)


def test_a_reviewer_answers_and_the_city_reads_it(signed, handed):
    browser, submission_id = signed("reviewer", NATION), handed()
    page = address(NATION, submission_id)
    silent = browser.send(f"{page}/reviews", page=page, verdict="returned", comment=" ")
    assert silent.status_code == 422
    assert "退回时须写明原因，没有保存" in silent.text
    kept = browser.send(f"{page}/reviews", page=page, verdict="returned", comment="<b>缺年份</b>")
    assert kept.status_code == 303
    sent = signed("bureau_staff").open(f"/t/{CITY}/submissions").text
    assert "退回" in sent
    assert "&lt;b&gt;缺年份&lt;/b&gt;" in sent


def test_an_answer_without_a_choice_is_not_kept(signed, handed):
    browser, page = signed("reviewer", NATION), address(NATION, handed())
    assert browser.send(f"{page}/reviews", page=page, comment="好").status_code == 422
    assert "还没有答复" in browser.open(page).text


def test_who_only_reads_cannot_answer_and_a_city_cannot_answer_itself(signed, handed):
    submission_id = handed()
    page = address(NATION, submission_id)
    auditor = signed("auditor", NATION)
    assert "保存答复" not in auditor.open(page).text
    assert auditor.send(f"{page}/reviews", page="/account", verdict="accepted").status_code == 403
    city, own = signed("bureau_admin"), address(CITY, submission_id)
    assert "保存答复" not in city.open(own).text
    assert city.send(f"{own}/reviews", page="/account", verdict="accepted").status_code == 403


def test_a_copy_that_was_tampered_with_says_so(signed, handed, database_urls):
    submission_id = handed()
    module = make_url(database_urls.owner_url).database
    engine = create_engine(make_url(database_urls.superuser_url).set(database=module))
    with engine.begin() as connection:  # whoever owns the whole server, past every trigger
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        changed = connection.execute(
            text("""UPDATE submissions SET summary = jsonb_set(summary, '{people}', '99999')
                    WHERE id = :id"""),
            {"id": submission_id},
        )
        assert changed.rowcount == 1
    engine.dispose()
    shown = signed("reviewer", NATION).open(address(NATION, submission_id)).text
    assert "不一致" in shown
    assert "请不要采用" in shown


def test_like_with_like_shows_differences_in_points_of_a_hundred(signed, handed):
    left = handed(lines=[line("wet_market", 90_000, 100_000)])
    right = handed(OTHER, lines=[line("wet_market", 80_000, 100_000)])
    shown = compared(signed("reviewer", NATION), left, right).text
    assert "济南市（9 分）高于苏州市（8 分），两个区间不相叠。" in shown
    assert "+10.0 百分点" in shown
    assert "规则不同" not in shown


def test_overlapping_totals_are_shown_as_a_band_and_without_order(signed, handed):
    left = handed(lines=[line("wet_market", 90_000, 100_000, low=70_000)])
    right = handed(OTHER, lines=[line("wet_market", 80_000, 100_000)])
    shown = compared(signed("reviewer", NATION), left, right).text
    assert "区间相叠，分不出先后" in shown
    assert 'class="plot__band"' in shown
    assert "−10.0 至 +10.0 百分点" in shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ruleset_key": "national-2023-plan"}, "评价规则不同：一方是 jinan"),
        ({"ruleset_version": "2023.1"}, "版本不同：2022.1 与 2023.1"),
        ({"plan": {"walker": {"key": "slow", "metres_per_second": 0.8}}}, "步行速度不同"),
        ({"as_of": 2020}, "居民数据的年份不同"),
        ({"as_of": None}, "居民数据的年份不同或未说明"),
        ({"params": {"limit_minutes": 20.0}}, "运行参数不同：测量的最长步行分钟为 30 与 20"),
    ],
)
def test_an_unlike_pair_names_what_differs_and_has_no_order(signed, handed, change, said):
    left, right = handed(), handed(OTHER, **change)
    shown = compared(signed("reviewer", NATION), left, right).text
    assert "这两份不能排先后" in shown
    assert said in shown
    assert "百分点" not in shown
    assert "高于" not in shown
    assert 'class="plot__span"' not in shown


def test_each_side_keeps_its_own_full_points(signed, handed):
    left = handed(lines=[line("wet_market", 50_000, 100_000, out_of=10.0)])
    other = [line("wet_market", 50_000, 100_000, out_of=12.0)]
    right = handed(OTHER, lines=other, ruleset_key="national-2023-plan")
    shown = compared(signed("reviewer", NATION), left, right).text
    assert "5 / 10<" in shown
    assert "6 / 12<" in shown


def test_two_of_one_place_are_told_apart(signed, handed):
    left, right = handed(label="春季"), handed(label="秋季")
    shown = compared(signed("reviewer", NATION), left, right).text
    assert "济南市 春季与济南市 秋季" in shown


@pytest.mark.parametrize("chosen", ["", "x", str(uuid4())])
def test_a_comparison_of_what_is_not_there_is_not_found(signed, handed, chosen):
    assert compared(signed("reviewer", NATION), handed(), chosen).status_code == 404


def test_generated_data_are_marked(signed, handed, database, tree):
    with database.unbound() as session:
        find_tenant(session, CITY).sample = True
    submission_id = handed()
    browser = signed("reviewer", NATION)
    assert "示例数据" in browser.open(address(NATION, submission_id)).text
    shown = compared(browser, submission_id, handed(OTHER)).text
    assert "一方是生成的示例数据" in shown
