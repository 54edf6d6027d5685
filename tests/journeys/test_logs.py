"""After a whole story no log holds a name, a password, a token, an address or a row of anybody."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import time
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from core.cli import processes
from core.cli.serving import free_port
from tenants.people.models import Role
from tenants.people.operations import create_user, set_password
from tenants.people.roles import PERMISSIONS
from tenants.people.signing import LINK_PATH, make_link
from tests.journeys.small_place import OUTLETS

pytestmark = pytest.mark.journey
CANARY = f"canary{secrets.token_hex(6)}"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """Speaks to a web process as a browser does: keeps cookies, sends forms with their token."""

    def __init__(self, address) -> None:
        self.parts = urlsplit(address)
        self.cookies = {}

    def ask(self, method, path, body=None, **headers):
        there = HTTPConnection(self.parts.hostname, self.parts.port, timeout=30)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        there.request(
            method, path, body, {name.replace("_", "-"): v for name, v in headers.items()}
        )
        answer = there.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        there.close()
        return answer.status, text

    def send(self, path, **form):
        """Open a page and send its form."""
        _, page = self.ask("GET", path)
        found = TOKEN.search(page)
        form["csrf_token"] = found[1] if found else ""
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", path, urlencode(form), Content_Type=kind)


def kill_a_worker(port, log):
    """Kill the process that serves a port; the one that started it says so and starts another."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"127.0.0.1:{port}".encode() in (folder / "cmdline").read_bytes():
                words = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[int(folder.name)] = int(words[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    [serving] = [pid for pid, parent in parents.items() if parent in parents]
    os.kill(serving, signal.SIGKILL)
    for _ in range(100):
        if "SIGKILL" in log.read_text():
            return
        time.sleep(0.1)


@pytest.fixture(scope="module")
def place(settle):
    return settle(f"x-{CANARY}", name=f"某{CANARY}")


@pytest.fixture(scope="module")
def told(services, place, tmp_path_factory):
    """Live through the story; give what every process wrote, and the secrets that were in it."""
    log = tmp_path_factory.mktemp("log")
    password = f"{CANARY}-{secrets.token_hex(8)}"
    with services.database.unbound() as session:
        user = create_user(session, login=f"login-{CANARY}", name=f"人{CANARY}")
        set_password(session, user, password)
        link = make_link(session, user)
    bearer = place.token(PERMISSIONS[Role.BUREAU_ADMIN])
    config = replace(services.config, limits="address=100000,person=100000,tenant=100000")
    port = free_port("127.0.0.1", 18700)
    with (
        processes.worker(config, log=log / "worker.log"),
        processes.web(config, bind="127.0.0.1", port=port, log=log / "web.log") as address,
    ):
        browser = Browser(address)
        browser.send("/sign-in", login=f"login-{CANARY}", password=f"wrong-{password}")
        browser.send("/sign-in", login=f"login-{CANARY}", password=password)
        Browser(address).send(LINK_PATH.format(token=link), next=f"/{CANARY}")
        browser.ask("GET", f"/t/x-{CANARY}/?q={CANARY}", Referer=f"http://x/{CANARY}")
        browser.ask("GET", f"/{CANARY}?token={CANARY}", User_Agent=f"agent-{CANARY}")
        program = Browser(address)
        who = {"Authorization": f"Bearer {bearer}"}
        bad = json.dumps({"ruleset": CANARY, "params": {CANARY: CANARY}})
        base = f"/api/v1/tenants/x-{CANARY}"
        program.ask("POST", f"{base}/runs", bad, Content_Type="application/json", **who)
        program.ask("GET", f"{base}/jobs", Authorization=f"Bearer {CANARY}{CANARY}")
        outlets = place.file(f"{CANARY}.csv", OUTLETS.replace("高台", f"={CANARY}\x00"))
        good = place.file(f"good-{CANARY}.csv", OUTLETS.replace("高台", CANARY))
        jobs = [place.ask("outlets", path) for path in (outlets, good)]
        for job in jobs:
            place.wait_for(f"jobs/{job}", "done", "failed")
        program.ask("GET", f"{base}/jobs/{jobs[0]}", **who)
        program.ask("GET", f"/sign-in/link/{CANARY}", **{f"no({CANARY}": CANARY})
        _, figures = program.ask("GET", "/metrics")
        kill_a_worker(port, log / "web.log")
    assert "lc" in browser.cookies, "nobody signed in, so nothing was there to be logged"
    written = {path.name: path.read_text() for path in log.iterdir()}
    written["metrics"] = figures
    return written, (password, link, bearer, *filter(None, browser.cookies.values()))


def test_something_was_written_by_each_process(told):
    written, _ = told
    assert '"event": "request"' in written["web.log"]
    assert '"event": "job ended"' in written["worker.log"]


def test_the_workers_figures_are_told_by_the_web(told):
    figures = told[0]["metrics"]
    for line in (
        'lifecircle_jobs_total{kind="import",state="done"} ',
        'lifecircle_jobs_total{kind="import",state="failed"} ',
        'lifecircle_stage_seconds_count{kind="import",stage="',
        "lifecircle_import_problems_total{code=",
    ):
        assert f"\n{line}" in figures


def test_nothing_that_somebody_wrote_or_holds_is_in_any_log(told):
    written, held = told
    for name, text in written.items():
        assert CANARY not in text, (name, [line for line in text.splitlines() if CANARY in line])
        for secret in held:
            assert secret not in text, name


def test_each_line_is_json_with_its_ids(told, place):
    written, _ = told
    lines = [json.loads(line) for line in written["web.log"].splitlines()]
    servers = {line["event"] for line in lines if line["logger"] == "gunicorn.error"}
    assert "Invalid request" in servers
    assert any("SIGKILL" in event for event in servers)
    asked = [line for line in lines if line["event"] == "request"]
    assert all(re.fullmatch(r"[0-9a-f]{16}", line["request"]) for line in asked)
    assert {"timestamp", "level", "route", "status", "ms"} <= asked[0].keys()
    assert str(place.tenant_id) in {line.get("tenant") for line in asked}
    ended = [
        line
        for line in map(json.loads, written["worker.log"].splitlines())
        if line["event"] == "job ended"
    ]
    assert {line["tenant"] for line in ended} == {str(place.tenant_id)}
    assert {line["state"] for line in ended} <= {"done", "failed"}
    assert all(line["job"] and line["import"] for line in ended)
