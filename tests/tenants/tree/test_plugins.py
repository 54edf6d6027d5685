"""A tenant's word on plugins: heard below where nothing else is said, locked, taken back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from marshmallow import fields
from sqlalchemy import delete, select, text, update

from core.catalog.enabled import catalogue_of, enabled_plugins
from core.catalog.enabled import heard as words
from core.catalog.host import Host, load
from core.contract import Manifest, hookimpl
from core.contract.manifest import Settings
from core.db import AuditEvent, TenantPlugin
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.runs.params import Params
from core.runs.plan import make_plan
from tenants.tree.operations import create_tenant
from tenants.tree.plugins import Word, forget_plugin, set_plugin


class AcmeSettings(Settings):
    minutes = fields.Integer(load_default=15)


@hookimpl
def lifecircle_manifest():
    return Manifest(key="acme", name="甲", version="1", api=(1, 0), settings=AcmeSettings)


@pytest.fixture(scope="module")
def host() -> Host:
    """Give the installed plugins, a vendor's that works and one that does not."""
    works = SimpleNamespace(lifecircle_manifest=lifecircle_manifest)
    return load(extra=[("acme", works), ("broken", SimpleNamespace())])


@pytest.fixture
def say(database, tree, host):
    def write(slug, *, on=True, locked=False, key="acme", **settings):
        word = Word(plugin_key=key, on=on, settings=settings, locked=locked)
        with database.session(tree[slug]) as session:
            set_plugin(session, host, word)

    return write


@pytest.fixture
def take_back(database, tree):
    def forget(slug, key="acme"):
        with database.session(tree[slug]) as session:
            forget_plugin(session, key)

    return forget


@pytest.fixture(autouse=True)
def nothing_said(database, tree):
    yield
    for tenant_id in tree.values():
        with database.session(tenant_id) as session:
            session.execute(delete(TenantPlugin))


@pytest.fixture
def heard(database, tree, host):
    def read(tenant_id):
        with database.session(tenant_id) as session:
            return enabled_plugins(session, host).get("acme")

    return read


def child(database, **wished):
    with database.unbound() as session:
        return create_tenant(session, **wished).id


def test_a_vendors_plugin_is_on_where_somebody_says_so(tree, say, heard):
    assert heard(tree["320500"]) is None
    say("320500", minutes=10)
    assert heard(tree["320500"]) == {"minutes": 10}
    assert heard(tree["370100"]) is None
    say("320500", on=False)
    assert heard(tree["320500"]) is None


def test_what_is_said_above_counts_below_where_nothing_else_is_said(database, tree, say, heard):
    new = child(database, name="新区", parent_slug="370100")
    say("370000", minutes=8)
    assert heard(tree["370100"]) == heard(tree["370103"]) == heard(new) == {"minutes": 8}
    say("370100", minutes=9)
    assert heard(tree["370000"]) == {"minutes": 8}
    assert heard(tree["370103"]) == heard(new) == {"minutes": 9}
    say("370103", on=False)
    assert heard(tree["370103"]) is None
    say("370000", minutes=10)
    assert heard(tree["370000"]) == {"minutes": 10}
    assert heard(new) == {"minutes": 9}
    assert heard(tree["320500"]) is None


def test_a_word_taken_back_lets_the_one_above_count_again(tree, say, take_back, heard):
    say("370000", minutes=8)
    say("370103", minutes=5)
    assert heard(tree["370103"]) == {"minutes": 5}
    take_back("370103")
    assert heard(tree["370103"]) == {"minutes": 8}
    with pytest.raises(NotFound):
        take_back("370103")


def test_a_lock_reaches_all_below_and_holds_there(database, tree, say, take_back, heard):
    say("370103", minutes=5)
    say("370000", minutes=12, locked=True)
    assert heard(tree["370100"]) == heard(tree["370103"]) == {"minutes": 12}
    assert heard(child(database, name="后来的区", parent_slug="370100")) == {"minutes": 12}
    for slug in ("370100", "370103"):
        with pytest.raises(Forbidden, match="山东省"):
            say(slug, on=False)
    with pytest.raises(Forbidden):
        take_back("370103")
    assert heard(tree["320500"]) is None
    say("370000", minutes=15)
    assert heard(tree["370100"]) == {"minutes": 15}
    assert heard(tree["370103"]) == {"minutes": 5}, "its own word waited for the lock to go"


def test_the_highest_lock_wins(tree, say, heard):
    say("370100", minutes=7, locked=True)
    say("cn", minutes=30, locked=True)
    assert heard(tree["370103"]) == heard(tree["370100"]) == {"minutes": 30}
    say("cn", minutes=30)
    assert heard(tree["370103"]) == {"minutes": 7}


def test_who_said_what_counts_is_told(database, tree, say):
    say("370000", minutes=12, locked=True)
    with database.session(tree["370103"]) as session:
        word = words(session)["acme"]
    assert (word.name, word.by, word.own, word.locked) == ("山东省", tree["370000"], False, True)
    with database.session(tree["370000"]) as session:
        word = words(session)["acme"]
    assert (word.own, word.locked, word.locks) == (True, False, True)


def test_a_place_reads_the_words_above_it_and_no_others(database, tree, say):
    for slug in ("370000", "370103", "320500"):
        say(slug)
    with database.session(tree["370100"]) as session:
        there = set(session.execute(text("SELECT tenant_id FROM tenant_plugins")).scalars())
        guarded = set(session.scalars(select(TenantPlugin.tenant_id)))
    assert there == guarded == {tree["370000"]}


@pytest.mark.parametrize("change", ["settings = '{}'", "locked_for_children = false"])
def test_a_place_below_cannot_change_the_word_above(database, tree, say, change):
    say("370000", minutes=12, locked=True)
    with database.session(tree["370100"]) as session:
        assert session.execute(text(f"UPDATE tenant_plugins SET {change}")).rowcount == 0
        assert session.execute(text("DELETE FROM tenant_plugins")).rowcount == 0


def test_a_copy_of_an_older_release_is_no_word(database, tree, say, heard):
    say("370103", minutes=5)
    with database.session(tree["370103"]) as session:
        session.execute(update(TenantPlugin).values(inherited=True))
    assert heard(tree["370103"]) is None
    say("370000", minutes=8)
    assert heard(tree["370103"]) == {"minutes": 8}
    say("370103", minutes=6)
    assert heard(tree["370103"]) == {"minutes": 6}


def test_each_word_is_one_record_where_it_was_said(database, tree, say, take_back):
    def records(slug):
        with database.session(tree[slug]) as session:
            asked = select(AuditEvent.action).where(AuditEvent.action.startswith("plugin."))
            return list(session.scalars(asked.order_by(AuditEvent.number)))

    before, below = records("370000"), records("370103")
    say("370000", minutes=12, locked=True)
    take_back("370000")
    assert records("370000") == [*before, "plugin.set", "plugin.forget"]
    assert records("370103") == below


def test_a_plan_pins_what_counted_when_it_was_made(database, tree, say, host):
    def plan():
        with database.session(tree["370103"]) as session:
            made = make_plan(
                catalogue_of(session, host), "national-2023-plan", Params.load({}), {"streets": "x"}
            )
        return next((each for each in made["plugins"] if each["key"] == "acme"), None)

    assert plan() is None
    say("370000", minutes=8)
    first = plan()
    assert first["settings"] == {"minutes": 8}
    say("cn", minutes=9, locked=True)
    assert plan()["settings"] == {"minutes": 9}
    assert first["settings"] == {"minutes": 8}


def test_wrong_words_change_nothing(tree, say, heard):
    say("320500", minutes=9)
    with pytest.raises(Invalid):
        say("320500", minutes="many")
    with pytest.raises(Invalid):
        say("320500", hours=1)
    with pytest.raises(NotFound):
        say("320500", key="nothing")
    with pytest.raises(Conflict):
        say("320500", key="broken")
    assert heard(tree["320500"]) == {"minutes": 9}
