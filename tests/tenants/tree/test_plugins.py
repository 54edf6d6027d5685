"""A tenant's word on plugins: copied to new tenants, locked for those below."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from marshmallow import fields

from core.catalog.enabled import enabled_plugins
from core.catalog.host import Host, load
from core.contract import Manifest, hookimpl
from core.contract.manifest import Settings
from core.errors import Conflict, Forbidden, Invalid, NotFound
from tenants.tree.operations import create_tenant, find_tenant
from tenants.tree.plugins import Word, set_plugin


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
        with database.unbound() as session:
            word = Word(plugin_key=key, on=on, settings=settings, locked=locked)
            set_plugin(session, find_tenant(session, slug), host, word)

    return write


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


def test_a_new_tenant_starts_with_its_parents_words(database, tree, say, heard):
    say("370100", minutes=8)
    assert heard(child(database, name="新区", parent_slug="370100")) == {"minutes": 8}


def test_a_lock_reaches_all_below_and_holds_there(database, tree, say, heard):
    say("370103", minutes=5)
    say("370000", minutes=12, locked=True)
    assert heard(tree["370100"]) == heard(tree["370103"]) == {"minutes": 12}
    assert heard(child(database, name="后来的区", parent_slug="370100")) == {"minutes": 12}
    for slug in ("370100", "370103"):
        with pytest.raises(Forbidden):
            say(slug, on=False)
    assert heard(tree["320500"]) is None
    say("370000", minutes=15)
    say("370103", minutes=6)
    assert (heard(tree["370100"]), heard(tree["370103"])) == ({"minutes": 12}, {"minutes": 6})


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
