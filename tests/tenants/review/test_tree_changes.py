"""What was handed up stays where it went when the tree changes; what may go is the place's word."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select

from core.db import ParentSees
from core.errors import LifecircleError
from tenants.review.models import Submission
from tenants.review.operations import submit
from tenants.tree.arrange import merge, move
from tenants.tree.operations import create_tenant, find_tenant, set_parent_sees

_numbers = itertools.count()


@pytest.fixture
def places(database, tree):
    """Make two cities below 山东省 and a district below the first; give ids by slug."""
    number = next(_numbers)
    one, two, low = f"c-one-{number}", f"c-two-{number}", f"low-{number}"
    with database.unbound() as session:
        made = [
            create_tenant(session, name=f"{slug}", slug=slug, parent_slug=parent, level=level)
            for slug, parent, level in (
                (one, "370000", "city"),
                (two, "370000", "city"),
                (low, one, "district"),
            )
        ]
        tree.update({place.slug: place.id for place in made})
    return one, two, low


def handed_up(database, tenant_id):
    with database.session(tenant_id) as session:
        rows = session.scalars(select(Submission))
        return {(row.id, row.to_tenant_id, row.state, row.summary_digest) for row in rows}


@pytest.mark.parametrize("how", ["move", "merge"])
def test_a_submission_stays_with_whom_it_was_handed_to(database, tree, places, finished, how):
    one, two, low = places
    run_id = finished(low)
    with database.session(tree[low]) as session:
        submit(session, run_id, one, None)
    before = handed_up(database, tree[low])
    assert before
    with database.unbound() as session:
        if how == "move":
            move(session, None, find_tenant(session, low), to=find_tenant(session, two))
        else:
            merge(session, None, find_tenant(session, one), into=find_tenant(session, two))
    assert handed_up(database, tree[low]) == handed_up(database, tree[one]) == before
    assert not handed_up(database, tree[two])
    late = finished(low)
    with pytest.raises(LifecircleError), database.session(tree[low]) as session:
        submit(session, late, one, None)
    with database.session(tree[low]) as session:
        submit(session, late, two, None)
    assert len(handed_up(database, tree[two])) == 1


@pytest.mark.parametrize("sees", list(ParentSees))
def test_what_the_places_above_see_says_whether_anything_is_handed_up(
    database, tree, places, finished, sees
):
    one, _, low = places
    run_id = finished(low)
    with database.session(tree[low]) as session:
        set_parent_sees(session, find_tenant(session, low), sees)
    if sees == ParentSees.NOTHING:
        with pytest.raises(LifecircleError), database.session(tree[low]) as session:
            submit(session, run_id, one, None)
    else:
        with database.session(tree[low]) as session:
            submit(session, run_id, one, None)
    assert bool(handed_up(database, tree[one])) == (sees != ParentSees.NOTHING)
