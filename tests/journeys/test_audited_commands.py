"""Each command that changes something leaves one record a chain, each that looks leaves none."""

from __future__ import annotations

from itertools import count

import click
import pytest
from click.testing import CliRunner

from core.cli import build
from core.db.audit import first_broken
from tenants.people.models import Role
from tenants.people.operations import add_member, create_user
from tenants.people.totp import begin, confirm
from tenants.system.models import SystemRole
from tenants.system.operations import add_system_role
from tests.journeys.ledger import faults, watching
from tests.tenants.phone import KEY, Phone
from wsgi import ROOMS

pytestmark = pytest.mark.journey
_numbers = count(1)
# Commands that change nothing in the tables that people's deeds are kept in.
LOOKING = {
    "lifecircle tenant list": [],
    "lifecircle people system list": [],
    "lifecircle audit verify": [],
    "lifecircle audit head": [],
    "lifecircle audit export": ["--tenant", "x-commands"],
}
# Commands that are done here; a word with a brace is filled in.
DOING = {
    "lifecircle tenant create": ["--name", "新地", "--slug", "x-c{n}"],
    "lifecircle tenant rename": ["x-renamed", "--name", "改名"],
    "lifecircle people add": ["known{n}", "--tenant", "x-commands", "--role", "auditor"],
    "lifecircle people token": [
        *("member", "--tenant", "x-commands", "--scope", "tenant.read"),
    ],
    "lifecircle people password": ["member", "--password", "correct horse battery"],
    "lifecircle people link": ["member"],
    "lifecircle people enrol": ["known{n}"],
    "lifecircle people unenrol": ["phoned{n}", "--tenant", "x-commands"],
    "lifecircle people system add": ["known{n}", "--role", "audit_admin"],
    "lifecircle people system remove": ["system{n}"],
    "lifecircle tenant move": ["x-moved", "--to", "x-right"],
    "lifecircle tenant merge": ["x-merged", "--into", "x-stays"],
    "lifecircle tenant split": ["x-stays", "--part", "x-new{n}=新区"],
    "lifecircle tenant codes load": ["{codes}"],
}
# Commands that others do with their records, or that do nothing of the kind; each says why.
ELSEWHERE = {
    "lifecircle demo": "the same verbs as the API's",
    "lifecircle import": "the same verbs as POST /uploads, with a worker",
    "lifecircle run": "the same verbs as POST /runs, with a worker",
    "lifecircle verify": "computes and keeps nothing",
    "lifecircle serve": "starts processes",
    "lifecircle worker": "starts processes; jobs: test_audited",
    "lifecircle doctor": "looks at the machine",
    "lifecircle plugin list": "looks at the machine",
    "lifecircle db init": "makes roles, before there is a chain",
    "lifecircle db upgrade": "tests/house/test_releases: an event of each step",
    "lifecircle backup": "tests/core/cli/test_keeping",
    "lifecircle restore": "tests/core/cli/test_keeping",
    "lifecircle sweep": "tests/core/keeping",
    "lifecircle tenant erase": "tests/tenants: takes the chain away, with a record elsewhere",
    "lifecircle people identity": "tests/tenants/system: needs another house",
    **dict.fromkeys(
        (
            f"lifecircle dev {name}"
            for name in ("chaos", "determinism", "fuzz", "soak", "isolation")
        ),
        "the long tests",
    ),
}


def all_commands():
    found = {}

    def walk(command, name):
        if isinstance(command, click.Group):
            for key, part in command.commands.items():
                walk(part, f"{name} {key}")
        else:
            found[name] = command

    walk(build(ROOMS), "lifecircle")
    return found


COMMANDS = all_commands()


@pytest.fixture(scope="module")
def codes(tmp_path_factory):
    """Write a list of official codes."""
    path = tmp_path_factory.mktemp("codes") / "codes.csv"
    path.write_text("code,name\n370000,山东省\n370100,济南市\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def place(services, settle):
    place = settle("x-commands", name="本地")
    settle("x-renamed", name="旧名")
    for parent in ("x-left", "x-right"):
        settle(parent, name=parent, level="province")
    for child in ("x-moved", "x-merged", "x-stays"):
        settle(child, name=child, level="city", parent_slug="x-left")
    with services.database.unbound() as session:
        member = create_user(session, login="member", name="成员").id
    with services.database.session(place.tenant_id) as session:
        add_member(session, member, Role.AUDITOR)
    return place


def somebody(services, place, number):
    """Make an account, one with a phone and one with a system role, for a command to act on."""
    with services.database.unbound() as session:
        create_user(session, login=f"known{number}", name="某人")
        add_system_role(
            session,
            create_user(session, login=f"system{number}", name="某人"),
            SystemRole.AUDIT_ADMIN,
        )
        phoned = create_user(session, login=f"phoned{number}", name="某人")
        secret = begin(session, phoned, KEY)
        confirm(session, phoned, Phone(secret).code(), KEY)
        phoned_id = phoned.id
    with services.database.session(place.tenant_id) as session:
        add_member(session, phoned_id, Role.AUDITOR)


@pytest.fixture
def type_in(services, place, codes):
    def run(name, words):
        number = next(_numbers)
        somebody(services, place, number)
        with watching(services.database._app) as ledger:
            said = CliRunner().invoke(
                COMMANDS[name],
                [word.format(n=number, codes=codes) for word in words],
                obj=services,
                catch_exceptions=False,
            )
        assert said.exit_code == 0, said.output
        return ledger.take()

    return run


def test_every_command_is_looked_at():
    assert COMMANDS.keys() == {*LOOKING, *DOING, *ELSEWHERE}


@pytest.mark.parametrize("name", DOING)
def test_a_command_that_changes_something_has_one_record(name, type_in, place, services):
    written = type_in(name, DOING[name])
    assert faults(written) == []
    assert sum(bool(each.records) for each in written) == 1
    with services.database.session(place.tenant_id) as session:
        assert first_broken(session) is None


@pytest.mark.parametrize("name", LOOKING)
def test_a_command_that_looks_leaves_no_record(name, type_in):
    written = type_in(name, LOOKING[name])
    assert not [each for each in written if each.records or each.deeds]
