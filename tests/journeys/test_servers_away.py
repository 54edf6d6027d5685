"""A server is down, slow or silent: reads or a 503 in time, and all is well soon after."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from core.cli import processes
from core.cli.serving import free_port
from tests.journeys.small_place import RESIDENTS
from tests.proxy import Proxy
from tests.uploading import upload

pytestmark = pytest.mark.journey
ANSWER_SECONDS = 5.0 + 1.0  # the promise, and what a machine that runs other tests may take
RECOVERY_SECONDS = 10.0


@pytest.fixture(scope="module")
def place(settle):
    place = settle("x-away")
    place.furnish()
    return place


def through(address, port):
    """Give a PostgreSQL address through the proxy; its own socket is what the proxy reaches."""
    return f"{address.split('?')[0].replace('@/', f'@127.0.0.1:{port}/')}"


def socket_of(address):
    asked = parse_qs(urlsplit(address).query)
    return f"{asked['host'][0]}/.s.PGSQL.{asked['port'][0]}"


class Service:
    """A web process of its own whose servers are reached through proxies."""

    def __init__(self, address, token, slug) -> None:
        self.parts = urlsplit(address)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.slug = slug

    def ask(self, path, method="GET", body=None):
        """Ask once; gives the status, the headers and the seconds."""
        began = time.monotonic()
        with closing(HTTPConnection(self.parts.hostname, self.parts.port, timeout=30)) as there:
            headers = dict(self.headers)
            if body is not None:
                headers["Content-Type"] = "application/json"
            there.request(method, path, body, headers)
            answer = there.getresponse()
            answer.read()
            return answer.status, dict(answer.getheaders()), time.monotonic() - began

    def jobs(self):
        return self.ask(f"/api/v1/tenants/{self.slug}/jobs")

    def sign_in(self):
        began = time.monotonic()
        with closing(HTTPConnection(self.parts.hostname, self.parts.port, timeout=30)) as there:
            there.request("GET", "/sign-in")
            answer = there.getresponse()
            answer.read()
            return answer.status, time.monotonic() - began

    def until_well(self):
        """Wait until reading works again; gives the seconds."""
        began = time.monotonic()
        while self.jobs()[0] != 200:
            assert time.monotonic() - began < 3 * RECOVERY_SECONDS
            time.sleep(0.1)
        return time.monotonic() - began


@pytest.fixture(scope="module")
def database_proxy(services):
    with Proxy(socket_of(services.config.database_url)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def queue_proxy(services):
    with Proxy(urlsplit(services.config.redis_url).path) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def service(services, place, database_proxy, queue_proxy, tmp_path_factory):
    url = urlsplit(services.config.redis_url)
    config = replace(
        services.config,
        database_url=through(services.config.database_url, database_proxy.port),
        dispatch_url=through(services.config.dispatch_url, database_proxy.port),
        redis_url=f"redis://{url.username}:{quote(url.password)}@127.0.0.1:{queue_proxy.port}/0",
        limits="sign_in=1000",
    )
    from tenants.people.models import Role  # noqa: PLC0415 - with the token alone
    from tenants.people.roles import PERMISSIONS  # noqa: PLC0415 - with the token alone

    token = place.token(PERMISSIONS[Role.BUREAU_ADMIN])
    log = tmp_path_factory.mktemp("away") / "web.log"
    port = free_port("127.0.0.1", 18500)
    with processes.web(config, bind="127.0.0.1", port=port, log=log) as address:
        service = Service(address, token, place.slug)
        service.log = log
        yield service


@pytest.fixture
def well(service, database_proxy, queue_proxy):
    """Begin with everything well, and end so."""
    yield service
    for proxy in (database_proxy, queue_proxy):
        proxy.turn("well")
    service.until_well()


def soon(answer, *statuses):
    """Hold an answer to its time, and a refusal to its form."""
    status, headers, seconds = answer
    assert status in (statuses or (200, 503)), status
    assert seconds <= ANSWER_SECONDS, seconds
    if status == 503:
        assert int(headers["Retry-After"]) >= 1
        assert headers["Content-Type"] == "application/problem+json"
    return status


@pytest.mark.parametrize(
    ("mode", "latency"), [("closed", 0), ("silent", 0), ("reset", 0), ("slow", 8.0)]
)
def test_without_the_database_there_is_a_503_in_time_and_all_is_well_soon_after(
    well, database_proxy, mode, latency
):
    assert soon(well.jobs(), 200) == 200
    database_proxy.turn(mode, latency)
    for _ in range(2):
        assert soon(well.jobs(), 503) == 503
    assert well.ask("/healthz")[0] == 200
    status, _, seconds = well.ask("/readyz")
    assert (status, seconds <= ANSWER_SECONDS) == (503, True)
    page = well.ask(f"/t/{well.slug}/")
    assert page[0] == 503
    assert page[2] <= ANSWER_SECONDS
    database_proxy.turn("well")
    assert well.until_well() <= RECOVERY_SECONDS


def test_a_database_that_is_merely_slow_is_waited_for(well, database_proxy):
    database_proxy.turn("slow", 0.05)
    assert soon(well.jobs(), 200) == 200


@pytest.mark.parametrize("mode", ["closed", "silent", "reset"])
def test_without_the_queue_reading_and_asking_go_on_and_nobody_signs_in(
    well, place, queue_proxy, mode
):
    queue_proxy.turn(mode)
    for _ in range(2):
        assert soon(well.jobs(), 200) == 200
    status, seconds = well.sign_in()
    assert status == 200
    assert seconds <= ANSWER_SECONDS
    answer = well.ask("/readyz")
    assert answer[0] == 503
    assert answer[2] <= ANSWER_SECONDS
    body = json.dumps({"ruleset": "jinan", "params": {}})
    asked = well.ask(f"/api/v1/tenants/{well.slug}/runs", "POST", body)
    assert soon(asked, 200, 202) in (200, 202)
    queue_proxy.turn("well")
    began = time.monotonic()
    while well.ask("/readyz")[0] != 200:
        assert time.monotonic() - began <= RECOVERY_SECONDS
        time.sleep(0.1)
    place.work()
    assert {run["state"] for run in place.get("runs")} == {"done"}


def test_what_was_written_before_a_break_is_there_after_it(well, place, database_proxy):
    path = place.file("homes.csv", RESIDENTS)
    assert upload(place.client, place.slug, "residents", path).status_code == 202
    before = place.rows("jobs", "uploads")
    database_proxy.turn("reset")
    assert soon(well.jobs(), 503) == 503
    database_proxy.turn("well")
    well.until_well()
    assert place.rows("jobs", "uploads") == before
    place.work()
