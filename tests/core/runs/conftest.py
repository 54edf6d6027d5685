from __future__ import annotations

import pytest

from core.catalog.host import load
from core.catalog.view import catalogue_for
from tests.core.runs.small_town import TownPlugin, freeze_town, give_versions, make_tenant


@pytest.fixture(scope="session")
def host():
    return load(allowed=("none",), extra=[("small", TownPlugin())])


@pytest.fixture
def catalogue(host):
    return catalogue_for(host, {"small": {}})


@pytest.fixture
def digests(blobs):
    return freeze_town(blobs)


@pytest.fixture
def tenant_id(database, request):
    return make_tenant(database, f"t-{abs(hash(request.node.nodeid))}")


@pytest.fixture
def versions(database, tenant_id, digests):
    return give_versions(database, tenant_id, digests)
