import pytest
from flask import render_template, render_template_string

from core.contract.ruleset import Line, Span, Status
from core.errors import Forbidden, NotSignedIn
from core.web import error_page
from core.web.shell import Choice, Entry, Pick, Shell


def rendered(source, **values):
    return render_template_string(
        '{% import "components.html" as c %}{% import "lines.html" as r %}'
        '{% import "map.html" as m %}' + source,
        **values,
    )


def line(**changes):
    plain = {
        "key": "six.repair",
        "name": "一修 · 维修点",
        "dimension": "便民服务",
        "value": Span(0.448, 0.448),
        "target": 0.8,
        "floor": 0.4,
        "unit": "%",
        "numerator": Span(169_399, 169_399),
        "denominator": 377_998,
        "points": Span(1.2, 1.2),
        "out_of": 10,
        "met": False,
        "status": Status.OFFICIAL,
        "status_note": "原文",
        "source": "某函〔2023〕401号",
        "why": "",
    }
    return Line(**{**plain, **changes})


def test_a_line_shows_value_target_of_how_many_points_basis_and_source(chinese):
    text = rendered("{{ r.line(one) }}", one=line())
    for part in ("44.8%", "16.9 万 / 37.8 万", "1.2 / 10", ">官<", "不足", "目标 80.0%", "401号"):
        assert part in text


def test_a_line_not_measured_says_so_with_its_reason_and_the_whole_range(chinese):
    unknown = line(value=None, numerator=None, met=None, points=Span(0, 10), why="没有维修点的数据")
    text = rendered("{{ r.line(one) }}", one=unknown)
    assert "未测" in text
    assert "没有维修点的数据" in text
    assert "0–10 / 10" in text
    assert 'class="hatch"' in text
    assert "缺失" not in text


def test_a_scorecard_keeps_the_rulesets_order_and_names_each_dimension_once(chinese):
    lines = [line(name="甲"), line(name="乙"), line(name="丙", dimension="评价")]
    text = rendered("{{ r.scorecard(lines) }}", lines=lines)
    assert text.count("便民服务") == 1
    assert text.index("甲") < text.index("乙") < text.index("评价") < text.index("丙")


def test_the_table_twin_holds_the_same_figures(chinese):
    text = rendered("{{ r.scorecard_table([one], '评分卡') }}", one=line())
    for part in ("44.8%", "169,399", "377,998", "80.0%", "401号"):
        assert part in text


def test_what_a_file_holds_is_shown_as_text_and_never_as_markup(chinese):
    row = {
        "row_no": 3,
        "column_name": "店名",
        "value": "<script>alert(1)</script>",
        "message": "店名里有<b>标记</b>。",
        "english": "",
        "code": "markup",
        "severity": "refused",
    }
    text = rendered("{{ r.problems([row], 1) }}", row=row)
    assert "<script" not in text
    assert "<b>标记" not in text
    assert "&lt;script&gt;" in text


def test_a_map_names_only_the_addresses_it_was_given(chinese):
    text = rendered(
        '{{ m.panel({"homes": "/h"}, "repair", "维修点", "© 某某", "地图") }}',
    )
    assert 'data-homes="/h"' in text
    assert "data-gaps" not in text
    assert "© 某某" in text


def test_a_stage_under_way_is_marked_for_readers_too(chinese):
    stages = [
        {"key": "snap", "name": "连网", "state": "done", "note": "3.8 秒"},
        {"key": "reach", "name": "步行", "state": "now", "note": ""},
    ]
    text = rendered('{{ r.progress(stages, 61, "", "/job") }}', stages=stages)
    assert 'data-url="/job"' in text
    assert text.count('aria-current="step"') == 1


def test_an_ended_job_is_not_asked_about_again(chinese):
    assert "data-progress" not in rendered('{{ r.progress([], 100, "完成") }}')


@pytest.fixture
def shell():
    return Shell(
        groups=[[Entry(key="home", label="工作台", href="/t/a", icon="desk")]],
        current="home",
        home="/t/a",
        picks=[
            Pick(label="规则", value="国标", choices=[Choice(label="济南", href="?r=1")]),
        ],
        sample=True,
        person="甲",
        sign_out="/sign-out",
        language="/language",
    )


def test_the_shell_says_where_one_is_and_that_data_are_samples(chinese, shell):
    text = render_template("base.html", shell=shell)
    assert 'lang="zh-Hans-CN"' in text
    assert 'aria-current="page"' in text
    assert "示例数据" in text
    assert 'value="en"' in text


def test_real_data_are_not_called_samples(chinese, shell):
    real = Shell(groups=shell.groups, current="home", home="/t/a", sample=False)
    assert "示例数据" not in render_template("base.html", shell=real)


def test_the_shell_speaks_english_and_offers_chinese(english, shell):
    text = render_template("base.html", shell=shell)
    assert 'lang="en"' in text
    assert "Sample data" in text
    assert 'value="zh"' in text


def test_an_error_page_says_its_sentence_with_its_status(chinese):
    answer = error_page(Forbidden("没有权限。请联系管理员。", english="Ask."))
    assert answer.status_code == Forbidden.status
    assert "请联系管理员" in answer.get_data(as_text=True)


def test_who_is_not_signed_in_is_sent_there_and_comes_back(app):
    with app.test_request_context("/t/a/runs?format=repair"):
        answer = error_page(NotSignedIn("请先登录。"))
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in?next=/t/a/runs%3Fformat%3Drepair"
