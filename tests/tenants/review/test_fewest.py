"""How few people are too few is a place's own number, at least five."""

from __future__ import annotations

import pytest

from core.db import ParentSees, Run, Tenant
from core.errors import Invalid
from tenants.review.summary import summary_of
from tenants.tree.operations import set_parent_sees

from .conftest import line


def test_a_place_sets_how_few_people_are_told(database, tree, finished):
    run_id = finished(
        lines=[line("wet_market", 57, 107)],
        people=107,
        areas=[("circle:1", "一号圈", 26), ("circle:2", "二号圈", 81)],
        slots={"yi_dian": {15.0: 57}},
    )
    for fewest, people, covered in ((10, 100, 50), (25, 100, 50), (5, 105, 55)):
        with database.session(tree["370100"]) as session:
            tenant = session.get_one(Tenant, tree["370100"])
            set_parent_sees(session, tenant, ParentSees.SUBMITTED, fewest)
            summary = summary_of(session, tenant, session.get_one(Run, (tenant.id, run_id)))
        assert (summary["fewest"], summary["people"]) == (fewest, people)
        assert summary["slots"][0]["covered"] == covered
        assert summary["whole"]["lines"][0]["numerator"]["low"] == covered
        assert summary["areas"][0]["people"] == 26 // fewest * fewest


@pytest.mark.parametrize("fewest", [0, 4, 7, -5])
def test_fewer_than_five_are_never_told(database, tree, fewest):
    with database.session(tree["370100"]) as session:
        tenant = session.get_one(Tenant, tree["370100"])
        with pytest.raises(Invalid):
            set_parent_sees(session, tenant, ParentSees.SUBMITTED, fewest)
