"""The first thing that anybody does with lifecircle: ``lifecircle demo``."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.journeys.started_demo import GRACE, Demo, left_running

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(400)]
LINK = r"(http://127\.0\.0\.1:\d+/sign-in/link/\S+)"
CITIES = {"市中区": "370103", "常州市": "320400"}
RULESETS = ("national-2023-plan", "jinan")


@contextlib.contextmanager
def new_home():
    """Give a home that the servers' user reaches when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="lc-demo-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        left_running(
            folder, patience=GRACE
        )  # the servers of a demo that was killed end by themselves
        shutil.rmtree(folder)


@pytest.fixture
def start():
    """Start demos; none outlives its test."""
    demos = []

    def started(home, *words):
        demos.append(Demo(home, *words))
        return demos[-1]

    yield started
    for demo in demos:
        demo.close()


@pytest.fixture(scope="module")
def checked():
    """Give a demo that did everything on an empty home, recomputed, and ended."""
    with new_home() as home:
        demo = Demo(home, "--check")
        try:
            demo.end()
            yield demo
        finally:
            demo.close()


class Browser:
    """What a browser does: keeps cookies, follows, sends a page's form with its token."""

    def __init__(self) -> None:
        self.cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.cookies))

    def get(self, address, form=None):
        """Give status and text of a page, or of what a form answers."""
        body = None if form is None else urlencode(form).encode()
        try:
            with self._opener.open(address, body, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def press(self, address, page):
        """Send the form of a page that was got from the address."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
        return self.get(address, {"csrf_token": token})

    def names(self):
        """Name the cookies that it keeps."""
        return {cookie.name: cookie for cookie in self.cookies}


def runs_of(demo):
    """Give the runs that a demo printed."""
    return re.findall(r"  run ([0-9a-f-]{36})", demo.said)


def test_an_empty_machine_becomes_two_judged_cities(checked):
    demo = checked
    assert demo.end() == 0, demo.said
    for city in CITIES:
        for ruleset in RULESETS:
            assert re.search(rf"{city}（示例数据）  {ruleset} \S+  run [0-9a-f-]{{36}}", demo.said)
    assert demo.said.count("秒 seconds: load") == len(CITIES) * len(RULESETS)
    assert re.search(r"等级待定 +\d+\.\d–\d+\.\d", demo.said)
    header = re.search(r"生活圈 +等级 +得分 +一店 +一早 +一菜 +一修 +一老 +一小", demo.said)
    assert header, "a column for each of the six ones"
    for row in re.findall(r"^\S+生活圈（示例）.*$", demo.said, re.MULTILINE):
        assert len(re.findall(r"[\d,]+ \d+%", row)) == 6, "people and share of each"
    assert re.search(r"缺口 一.：[\d,]+ 人", demo.said)
    assert "示例数据 · 一次性登录" in demo.said
    assert demo.said.rstrip().endswith("复算一致 recomputed: identical")
    assert not left_running(demo.home)


def test_interrupted_anywhere_it_starts_again_and_leaves_nothing_running(start):
    with new_home() as home:
        for step, group in (("启动内置", True), ("导入 import", False), ("启动网页", True)):
            demo = start(home)
            demo.wait_for(rf"\] {step}")
            assert demo.interrupt(group=group) != 0, demo.said
            assert not left_running(home), step
            assert "Traceback" not in demo.said
        killed = start(home)
        killed.wait_for(r"\] 评价 runs")
        assert killed.kill() != 0
        assert not left_running(home, patience=GRACE)
        whole = start(home, "--check")
        assert whole.end() == 0, whole.said
        assert whole.said.rstrip().endswith("复算一致 recomputed: identical")
        assert not left_running(home)


def test_its_link_signs_in_once_and_a_second_demo_joins(checked, start):
    demo = start(checked.home)
    link = demo.wait_for(LINK + r"\s+Ctrl-C")
    assert runs_of(demo) == runs_of(checked), "equal runs are found again"
    root = link.split("/sign-in")[0]
    visitor = Browser()
    status, page = visitor.get(link)
    assert status == 200
    assert "lc" not in visitor.names(), "opening the page does not use the link up"
    assert visitor.get(f"{root}/api/v1/me")[0] == 401

    status, seen = visitor.press(link, page)
    assert status == 200, seen
    session = visitor.names()["lc"]
    assert not session.secure
    assert session.has_nonstandard_attr("HttpOnly")
    assert visitor.get(f"{root}/api/v1/me")[0] == 200
    for city in CITIES:
        assert city in seen
        assert "示例数据" in visitor.get(f"{root}/t/{CITIES[city]}/")[1]
    for text in (page, seen):
        assert "未加密连接" in text, "every page says that it came over plain http"

    other = Browser()
    _, page = other.get(link)
    status, refused = other.press(link, page)
    assert status == 401
    assert "已用过" in refused
    assert "lc" not in other.names()
    assert other.get(f"{root}/api/v1/me")[0] == 401

    second = start(checked.home, "--check")
    assert second.end() == 0, second.said
    newer = second.wait_for(LINK)
    assert newer != link
    assert not newer.startswith(f"{root}/"), "the first keeps its port"
    assert visitor.get(f"{root}/api/v1/me")[0] == 200, "the first goes on"
    assert demo.interrupt() == 0, demo.said
    assert not left_running(checked.home)
