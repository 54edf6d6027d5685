"""The same inputs give the same bytes, whatever a process finds around it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.catalog.host import load
from core.db import Run
from core.demo.city import FEWEST_RESIDENTS, generate
from core.runs.verify import verify
from tests.determinism.ways import FEW, RULESETS, digests_of, judged, outcome, plans_of

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def places(settle, tmp_path_factory):
    """Give two places, one with a small city and one with a few streets, both judged."""
    city = generate(
        7, "示例", (117.0, 36.65), tmp_path_factory.mktemp("city"), residents=FEWEST_RESIDENTS
    )
    found = [settle(slug, name=slug) for slug in ("x-one", "x-two")]
    judged(found[0], city)
    judged(found[1])
    return found


def test_processes_of_all_kinds_give_the_bytes_that_the_workers_kept(places, services, tmp_path):
    database, blobs = services.database, services.blobs.root
    kept, plans = {}, []
    for place in places:
        kept |= digests_of(database, place.tenant_id, place.slug)
        plans += plans_of(database, place.tenant_id, place.slug)
    assert len(kept) == len(plans) == len(places) * len(RULESETS)
    for number, (name, way) in enumerate(FEW.items()):
        assert outcome(way, plans, blobs, tmp_path / str(number)) == kept, name


def test_what_they_kept_verifies(places, services):
    place = places[0]
    with services.database.session(place.tenant_id) as session:
        run_id = session.scalar(select(Run.id).limit(1))
    told = verify(services.database, services.blobs, load(), place.tenant_id, run_id)
    assert told.same, told.first_difference


def test_a_difference_would_be_seen(places, services, tmp_path):
    plans = plans_of(services.database, places[0].tenant_id, places[0].slug)
    changed = [(plans[0][0], {**plans[0][1], "kernel_version": "another"})]
    told = outcome(next(iter(FEW.values())), changed, services.blobs.root, tmp_path / "changed")
    assert told != digests_of(services.database, places[0].tenant_id, places[0].slug)
