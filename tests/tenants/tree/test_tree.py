"""Any sequence of changes leaves a tree: ways lead up to a root, below is what stands below."""

from __future__ import annotations

import itertools
import random

import pytest
from sqlalchemy import select

from core.db import Level, Tenant, TenantState
from core.errors import Conflict, Invalid, NotFound
from tenants.tree.arrange import Part, merge, move, rename, split
from tenants.tree.history import history_of
from tenants.tree.operations import ancestors, create_tenant, descendants

LEVELS = list(Level)
STEPS = 25
_numbers = itertools.count()


class Tree:
    """A tree of one root, and what a plain dictionary says that it should be."""

    def __init__(self, database, seed) -> None:
        self.database, self.random = database, random.Random(seed)  # noqa: S311 - to be repeated
        self.slugs, self.parents, self.levels = [], {}, {}
        self.refused = self.done = 0
        with database.unbound() as session:
            root = create_tenant(session, name="根", slug=self.new(), level=Level.PROVINCE)
            self.put(root, None)

    @staticmethod
    def new() -> str:
        return f"n{next(_numbers)}"

    def put(self, place, parent):
        self.parents[place.slug] = parent
        self.levels[place.slug] = LEVELS.index(place.level)

    def any(self):
        return self.random.choice(sorted(self.parents))

    def below(self, slug):
        return {
            one
            for one in self.parents
            if one == slug or (self.parents[one] and slug in self.above(one))
        }

    def above(self, slug):
        while slug := self.parents[slug]:
            yield slug

    def find(self, session, slug):
        return session.scalars(select(Tenant).where(Tenant.slug == slug)).one()

    def step(self):
        verb = self.random.choice(
            [
                self.grow,
                self.grow,
                self.grow,
                self.shift,
                self.shift,
                self.join,
                self.part,
                self.call,
            ]
        )
        before = snapshot(self.database)
        try:
            with self.database.unbound() as session:
                after = verb(session)
        except (Invalid, Conflict, NotFound):
            self.refused += 1
            assert snapshot(self.database) == before
        else:
            self.done += 1
            after()

    def grow(self, session):
        parent, slug = self.any(), self.new()
        likely = LEVELS[min(self.levels[parent] + 1, len(LEVELS) - 1)]
        level = self.random.choice([likely, likely, *LEVELS[2:]])
        create_tenant(session, name=f"地{slug}", slug=slug, level=level, parent_slug=parent)

        def after():
            self.parents[slug], self.levels[slug] = parent, LEVELS.index(level)

        return after

    def shift(self, session):
        slug, to = self.any(), self.any()
        fits = self.levels[to] < self.levels[slug] and to not in self.below(slug)
        move(session, None, self.find(session, slug), to=self.find(session, to))
        assert fits
        return lambda: self.parents.update({slug: to})

    def join(self, session):
        slug, into = self.any(), self.any()
        assert self.levels.keys() == self.parents.keys()
        merge(session, None, self.find(session, slug), into=self.find(session, into))
        assert self.levels[slug] == self.levels[into]

        def after():
            for one, parent in self.parents.items():
                if parent == slug:
                    self.parents[one] = into
            del self.parents[slug], self.levels[slug]

        return after

    def part(self, session):
        slug, new = self.any(), self.new()
        children = sorted(one for one in self.parents if self.parents[one] == slug)
        takes = self.random.sample(children, self.random.randint(0, len(children)))
        found = [self.find(session, one) for one in takes]
        part = Part(name=f"地{new}", slug=new, takes=found)
        split(session, None, self.find(session, slug), parts=[part])

        def after():
            self.parents[new], self.levels[new] = self.parents[slug], self.levels[slug]
            self.parents.update(dict.fromkeys(takes, new))

        return after

    def call(self, session):
        slug = self.any()
        rename(session, None, self.find(session, slug), name=f"新{self.new()}")
        return lambda: None

    def check(self):
        with self.database.unbound() as session:
            for slug, parent in self.parents.items():
                place = self.find(session, slug)
                ways = [*reversed(list(self.above(slug))), slug]
                assert place.path == f"/{'/'.join(ways)}/"
                assert (place.parent_id and session.get(Tenant, place.parent_id).slug) == parent
                assert [one.slug for one in ancestors(session, place)] == ways[:-1]
                working = {
                    one.slug
                    for one in descendants(session, place)
                    if one.state == TenantState.ACTIVE
                }
                assert working == self.below(slug) - {slug}
                assert parent is None or self.levels[parent] < self.levels[slug]
                rows = history_of(session, place)
                assert (rows[0].change, rows[-1].name) == ("created", place.name)
                assert rows[-1].parent_id == place.parent_id
            merged = session.scalars(select(Tenant).where(Tenant.state == TenantState.MERGED)).all()
            for past in merged:
                above = session.get_one(Tenant, past.parent_id)
                assert past.path == f"{above.path}{past.slug}/"
                assert not [
                    one for one in descendants(session, past) if one.state == TenantState.ACTIVE
                ]


def snapshot(database):
    with database.unbound() as session:
        columns = (Tenant.id, Tenant.slug, Tenant.name, Tenant.path, Tenant.parent_id, Tenant.state)
        return sorted(map(tuple, session.execute(select(*columns))), key=str)


@pytest.mark.parametrize("seed", range(8))
def test_any_sequence_of_changes_leaves_a_tree(database, seed):
    tree = Tree(database, seed)
    for _ in range(STEPS):
        tree.step()
    tree.check()
    assert tree.done > STEPS // 4
    assert tree.refused
