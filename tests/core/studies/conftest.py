"""The small town, judged, and opened for questions."""

from __future__ import annotations

import pytest

from core.catalog.host import load
from core.catalog.view import catalogue_for
from core.runs.params import Params
from core.runs.plan import make_plan
from core.store import Blobs
from core.studies.opened import open_run
from tests.core.runs.small_town import TownPlugin, freeze_town


@pytest.fixture(scope="session")
def blobs(tmp_path_factory):
    """Give where the small town's tables lie."""
    return Blobs(tmp_path_factory.mktemp("studies") / "blobs")


@pytest.fixture(scope="session")
def opened(blobs):
    """Give a run of the small town, never to be changed."""
    host = load(allowed=("none",), extra=[("small", TownPlugin())])
    catalogue = catalogue_for(host, {"small": {}})
    plan = make_plan(catalogue, "small.rules", Params.load({}), freeze_town(blobs))
    return open_run(blobs, host, plan, "small town")
