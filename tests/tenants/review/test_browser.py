"""A reviewer in a real browser: signs in, chooses two submissions, lays them side by side."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import expect, sync_playwright
from werkzeug.serving import make_server

from tenants.review.operations import submit
from tests.tenants.conftest import PASSWORD
from tests.tenants.review.conftest import line

pytestmark = pytest.mark.browser


@pytest.fixture
def site(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(chromium, request):
    """Open a page as wide as an office screen; ``said`` collects what the browser complains of."""
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=str(chromium), args=options)
        page = browser.new_page(
            locale="zh-CN",
            viewport={"width": 1366, "height": 768},
            java_script_enabled=request.param,
        )
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        yield page
        browser.close()


@pytest.fixture
def two(database, tree, finished):
    """Hand up two runs of two cities that overlap in their totals."""
    for slug, low in (("370100", 70_000), ("320500", 80_000)):
        lines = [line("wet_market", 90_000, 100_000, low=low)]
        run_id = finished(slug, lines=lines)
        with database.session(tree[slug]) as session:
            submit(session, run_id, "cn", None)


def test_a_reviewer_signs_in_and_lays_two_side_by_side(site, page, two, enrolled, tmp_path):
    who, phone, _codes = enrolled("reviewer", "cn", password=PASSWORD)
    page.goto(f"{site}/t/cn/submissions")
    expect(page).to_have_title("登录 · 一刻钟便民生活圈")
    page.get_by_label("登录名").fill(who.login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("两步验证")
    page.get_by_label("验证码或恢复码").fill(phone.code())
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("全国收到的报送")
    page.get_by_label("左边放济南市").first.check()
    page.get_by_label("右边放苏州市").first.check()
    page.get_by_role("button", name="并排比较").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("济南市与苏州市")
    expect(page.locator(".head__say")).to_contain_text("区间相叠，分不出先后")
    expect(page.locator(".plot__band")).to_have_count(2)
    band = page.locator(".plot__band").first.bounding_box()
    assert band["width"] == pytest.approx(19, abs=1)  # one of twenty points, on 380 pixels
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    page.screenshot(path=tmp_path / "comparison.png")
    assert page.said == []
