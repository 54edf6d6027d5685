"""The islands in a real Chromium, under the CSP that the product sends."""

import threading

import pytest
from flask import jsonify, render_template_string, request
from playwright.sync_api import expect, sync_playwright
from werkzeug.serving import make_server

from core.app import CSP
from core.web.assets import has_asset

pytestmark = pytest.mark.browser

MAP = """{% extends "base.html" %}{% import "map.html" as m %}
{% block sheets %}{{ m.sheets() }}{% endblock %}{% block scripts %}{{ m.scripts() }}{% endblock %}
{% block acts %}{{ m.format_switch(formats, "repair") }}{% endblock %}
{% block main %}{{ m.panel({"homes": "/homes", "gaps": "/gaps", "streets": "/streets"},
 "repair", "维修点", "© 某某", "地图") }}{% endblock %}"""
PROGRESS = """{% extends "base.html" %}{% import "lines.html" as r %}
{% block scripts %}<script type="module" src="{{ asset('dist/progress.js') }}"></script>
{% endblock %}{% block main %}{{ r.progress(stages, 10, "", url) }}{% endblock %}"""
FORMATS = [
    {"key": "repair", "name": "维修点", "slot": "一修"},
    {"key": "pharmacy", "name": "药店", "slot": ""},
]


HOMES = {
    "format": "repair",
    "name": "维修点",
    "lon": [117.0, 117.01, 117.02],
    "lat": [36.65, 36.655, 36.66],
    "people": [120, 300, 80],
    "minutes": [4.2, 15.0, None],
}
GAPS = {"rank": [1], "lon": [117.02], "lat": [36.66], "people": [80], "worst_minutes": [None]}
STREETS = {"lon": [117.0, 117.02], "lat": [36.65, 36.66], "u": [0], "v": [1]}


def draw_maps(app):
    @app.get("/map")
    def map_page():
        return render_template_string(MAP, formats=FORMATS)

    @app.get("/homes")
    def homes():
        if request.args["format"] == "pharmacy":
            return jsonify(detail="这次没有算药店。"), 409
        return jsonify(HOMES)

    app.add_url_rule("/gaps", "gaps", lambda: jsonify(GAPS))
    app.add_url_rule("/streets", "streets", lambda: jsonify(STREETS))


def run_jobs(app):
    asked = []

    @app.get("/run")
    def run():
        stages = [{"key": "reach", "name": "步行", "state": "now", "note": ""}]
        return render_template_string(PROGRESS, stages=stages, url="" if asked[1:] else "/job")

    @app.get("/job")
    def job():
        asked.append("job")
        stage = {"key": "reach", "state": "now", "seconds": None, "note": "5 / 10 栋"}
        state = "done" if asked[1:] else "running"
        return jsonify(state=state, percent=50, message="还在走", stages=[stage])


@pytest.fixture
def site(app):
    assert has_asset("dist/map.js"), "build the islands first: python core/web/build_hook.py"

    @app.after_request
    def guarded(response):
        response.headers["Content-Security-Policy"] = CSP
        return response

    draw_maps(app)
    run_jobs(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser(chromium):
    options = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=options)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    page = browser.new_page(locale="zh-CN", viewport={"width": 1366, "height": 768})
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    yield page
    page.close()


def test_the_map_is_drawn_from_our_own_files_alone(site, page):
    strangers = []
    page.on("request", lambda sent: strangers.append(sent.url))
    page.goto(f"{site}/map")
    page.locator("[data-map][data-ready]").wait_for()
    expect(page.locator(".map__label")).to_have_text("80 人")
    expect(page.locator("[data-map-say]")).to_be_hidden()
    assert page.said == []
    assert [url for url in strangers if not url.startswith((site, "data:", "blob:"))] == []


def test_a_home_is_told_by_the_keyboard_too(site, page):
    page.goto(f"{site}/map")
    page.locator("[data-map][data-ready]").wait_for()
    page.locator("canvas").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".map__popup")).to_contain_text("到最近维修点：15.0 分钟")
    page.keyboard.press("Escape")
    expect(page.locator(".map__popup")).to_have_count(0)


def test_what_could_not_be_fetched_is_said_in_place_and_the_rest_stays(site, page):
    page.goto(f"{site}/map")
    page.locator("[data-map][data-ready]").wait_for()
    page.select_option("[data-map-format]", "pharmacy")
    expect(page.locator("[data-map-say]")).to_have_text("这次没有算药店。")
    expect(page.locator("[data-map-format-name]")).to_have_text("药店")
    expect(page.locator(".map__label")).to_have_text("80 人")
    assert page.url.endswith("?format=pharmacy")


def test_progress_is_followed_and_the_page_reloaded_at_the_end(site, page):
    page.goto(f"{site}/run")
    expect(page.locator("[data-note]")).to_have_text("5 / 10 栋")
    expect(page.locator("[data-percent]")).to_have_text("50%")
    expect(page.locator("[data-progress]")).to_have_count(0)
    assert page.said == []
