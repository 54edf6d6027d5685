"""A person in a real browser: signs in once by a link, starts a run, looks at what came of it."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from core.cli import processes
from core.contract import TableKind
from core.demo.city import generate
from core.intake.pipeline import ask_import
from core.intake.receive import receive
from core.web.assets import has_asset
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user
from tenants.people.signing import LINK_PATH, make_link
from tenants.tree.operations import create_tenant

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
SLUG = "x-browser"
PATIENCE = 90_000  # milliseconds; how long a page may take while workers share two cores


@pytest.fixture(scope="module")
def site(services, tmp_path_factory):
    """Serve the app and a worker in processes of their own; gives address and a one-use link."""
    folder = tmp_path_factory.mktemp("browser")
    with services.database.unbound() as session:
        tenant_id = create_tenant(session, name="示例市", slug=SLUG, sample=True).id
        user = create_user(session, login="wangmin", name="王敏")
        user_id, link = user.id, make_link(session, user)
    with services.database.session(tenant_id, user_id) as session:
        add_member(session, user_id, Role.BUREAU_ADMIN)
    city = generate(7, "示例市", (117.0, 36.65), folder / "city", residents=40_000)
    for kind, path in (
        (TableKind.STREETS, city.streets),
        (TableKind.OUTLETS, city.outlets),
        (TableKind.AREAS, city.areas),
    ):
        with services.database.session(tenant_id, user_id) as session, path.open("rb") as stream:
            sent = receive(
                session, services.blobs, stream=stream, filename=path.name, by=None, limit=10**8
            )
            ask_import(session, sent, kind=kind, options={"note": "示例数据"})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(ROOT))
    config = replace(services.config, sample=True)
    log = folder / "log"
    with (
        processes.worker(config, log=log),
        processes.web(config, bind="127.0.0.1", port=port, log=log) as address,
    ):
        yield address, LINK_PATH.format(token=link), city.residents
    patch.undo()


@pytest.fixture
def page(chromium):
    options = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=options)
        page = browser.new_page(locale="zh-CN", viewport={"width": 1366, "height": 768})
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.said = []
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on(
            "console",
            lambda message: page.said.append(message.text) if message.type == "error" else None,
        )
        yield page
        expect.set_options(timeout=5_000)
        browser.close()


def test_from_a_one_use_link_to_the_map_of_a_judged_city(site, page, tmp_path):
    assert has_asset("dist/map.js"), "build the islands first: python core/web/build_hook.py"
    address, link, residents = site
    page.goto(address + link)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("link", name="示例市", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("示例市工作台")

    # the residents come in through the form, are watched, and become a version
    page.get_by_role("link", name="数据", exact=True).click()
    page.select_option("#f-kind", "residents")
    page.set_input_files("#f-file", str(residents))
    page.fill("#f-as_of", "2026-01-01")
    page.get_by_role("button", name="上传并检查").click()
    expect(page.locator(".head__say")).to_contain_text("成为“居民”第 1 版")

    # a run is started, its stages are watched, its scorecard appears by itself
    page.get_by_role("link", name="评价", exact=True).click()
    expect(page.locator("[name=ruleset]")).to_have_count(2)
    page.check("[name=ruleset][value=national-2023-plan]")
    page.get_by_role("button", name="开始评价").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("评分卡")
    lines = page.locator("details.line")
    assert lines.count() >= 9
    first = lines.first
    expect(first).to_contain_text("一店：便利店覆盖率")
    first.locator("summary").click()
    expect(first.locator(".line__proof")).to_contain_text(re.compile(r"全部 [\d,]+ 人"))
    expect(first.locator(".line__proof")).to_contain_text("商办流通函〔2023〕401号")
    page.screenshot(path=str(tmp_path / "card.png"), full_page=True)

    # the map is drawn from the same run, and follows the chosen format
    page.get_by_role("link", name="地图", exact=True).first.click()
    page.locator("[data-map][data-ready]").wait_for()
    expect(page.locator("[data-map-say]")).to_be_hidden()
    page.screenshot(path=str(tmp_path / "map.png"))
    assert colours(page) > 20, "the canvas is blank"
    page.select_option("[data-map-format]", "slot:yi_lao")
    expect(page.locator("[data-map-format-name]")).to_have_text("一老")
    expect(page).to_have_url(re.compile(r"format=slot%3Ayi_lao$"))

    # the gaps say the same people as their table
    page.get_by_role("link", name="表格", exact=True).click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("生活圈（示例）")
    assert page.said == []

    # the link worked once
    page.context.clear_cookies()
    page.goto(address + link)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_text("已用过或已过期")).to_be_visible()


def colours(page) -> int:
    """Count the colours in the middle of the map as it is seen."""
    box = page.locator("[data-map-canvas]").bounding_box()
    clip = {"x": box["x"] + 300, "y": box["y"] + 60, "width": 400, "height": 300}
    return page.evaluate(
        """async (bytes) => {
            const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
            const canvas = new OffscreenCanvas(image.width, image.height);
            const drawing = canvas.getContext("2d");
            drawing.drawImage(image, 0, 0);
            const data = new Uint32Array(
                drawing.getImageData(0, 0, image.width, image.height).data.buffer);
            return new Set(data).size;
        }""",
        list(page.screenshot(clip=clip)),
    )
