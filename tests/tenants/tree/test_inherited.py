"""The upgrade marks copies of words that an older release made, and writes each place's past."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine, text

from core.db import Database, new_id
from core.db.init import create_roles, upgrade

BEFORE = "0006"
# slug: (parent, its word: state, minutes, locked), as an older release left them.
LEFT = {
    "n": (None, ("on", 1, False)),
    "p": ("n", ("on", 1, False)),  # a copy
    "c": ("p", ("on", 2, True)),  # its own, locked
    "d": ("c", ("on", 2, True)),  # a copy of the lock
    "s": ("d", ("on", 2, True)),  # a copy of the copy
    "e": ("c", ("off", 2, True)),  # not the same; the lock above wins over it from now on
    "f": ("p", None),
    "x": (None, ("on", 1, False)),  # the same words, elsewhere
}


@pytest.fixture(scope="module")
def upgraded(servers):
    """Give the owner's view of a database that was filled before the upgrade."""
    create_roles(servers.superuser_url, "lc_older")
    owner = servers.owner_url.replace("/lifecircle?", "/lc_older?")
    root = servers.superuser_url.replace("/postgres?", "/lc_older?")
    upgrade(owner, BEFORE)
    ids = {slug: new_id() for slug in LEFT}
    engine = create_engine(root)
    with engine.begin() as connection:
        paths = {}
        for slug, (parent, word) in LEFT.items():
            paths[slug] = f"{paths[parent] if parent else '/'}{slug}/"
            connection.execute(
                text(
                    "INSERT INTO tenants (id, parent_id, level, slug, name, path)"
                    " VALUES (:id, :parent, 'city', :slug, :slug, :path)"
                ),
                {"id": ids[slug], "parent": ids.get(parent), "slug": slug, "path": paths[slug]},
            )
            if word:
                state, minutes, locked = word
                connection.execute(
                    text(
                        "INSERT INTO tenant_plugins"
                        " (tenant_id, id, plugin_key, state, settings, locked_for_children)"
                        " VALUES (:tenant, :id, 'acme', :state, CAST(:settings AS jsonb), :locked)"
                    ),
                    {
                        "tenant": ids[slug],
                        "id": new_id(),
                        "state": state,
                        "settings": json.dumps({"minutes": minutes}),
                        "locked": locked,
                    },
                )
    upgrade(owner)
    app = Database(servers.app_url.replace("/lifecircle?", "/lc_older?"))
    yield engine, app, ids
    app.close()
    engine.dispose()
    engine = create_engine(servers.superuser_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE lc_older WITH (FORCE)"))
    engine.dispose()


def test_a_word_that_repeats_the_nearest_one_above_is_marked(upgraded):
    engine, _, _ = upgraded
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT slug, inherited FROM tenant_plugins w JOIN tenants t ON t.id = w.tenant_id"
            )
        )
        marked = {row.slug: row.inherited for row in rows}
    assert {slug for slug in marked if marked[slug]} == {"p", "d", "s"}
    assert len(marked) == len([word for _, word in LEFT.values() if word])


def test_what_counted_before_the_upgrade_counts_after_it(upgraded):
    from core.catalog.enabled import heard  # noqa: PLC0415 - here alone

    _, app, ids = upgraded
    for slug, (_, word) in LEFT.items():
        with app.session(ids[slug]) as session:
            counts = heard(session).get("acme")
        expected = {"e": ("on", 2), "f": ("on", 1)}.get(slug, word and word[:2])
        assert (counts.state, counts.settings["minutes"]) == expected, slug


def test_the_walls_are_up_again_and_each_place_has_a_past(upgraded):
    engine, _, ids = upgraded
    with engine.connect() as connection:
        forced = connection.execute(
            text("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'tenant_plugins'")
        ).scalar_one()
        past = connection.execute(text("SELECT place_id, change, name FROM place_history")).all()
    assert forced
    assert {(row.place_id, row.change) for row in past} == {
        (one, "created") for one in ids.values()
    }
