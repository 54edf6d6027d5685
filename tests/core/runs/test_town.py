import numpy as np
import pytest

from core.contract import TableKind, text
from core.kernel.walkers import LEVEL, effort
from core.runs.params import Params
from core.runs.town import load, settle
from core.store import freeze
from tests.core.runs.small_town import outlets, residents, streets, to_degrees


def settled(blobs, columns=None, *, island=False, **params):
    tables = streets()
    edges = tables["edges"]
    if columns is not None:
        edges |= columns(len(edges["u"]))
    if island:  # the first street of the file lies by itself
        lon, lat = to_degrees([9000.0, 9100.0], [9000.0, 9000.0])
        nodes = tables["nodes"]
        first = len(nodes["lon"])
        nodes |= {"lon": np.append(nodes["lon"], lon), "lat": np.append(nodes["lat"], lat)}
        edges["u"] = np.append([first], edges["u"]).astype("i4")
        edges["v"] = np.append([first + 1], edges["v"]).astype("i4")
        for name in set(edges) - {"u", "v"}:
            edges[name] = np.insert(edges[name], 0, edges[name][0])
    digests = {
        kind.value: freeze(blobs, kind, given, attribution="示例数据").digest
        for kind, given in (
            (TableKind.STREETS, tables),
            (TableKind.RESIDENTS, residents()),
            (TableKind.OUTLETS, outlets()),
        )
    }
    return settle(load(blobs, digests), Params.load(params))


def numbered(count):
    """Give columns that tell each edge from the next."""
    kind = text(["residential"] * count)
    kind[1] = "steps"
    gate = text([""] * count)
    gate[2] = "private"
    one_way = np.zeros(count, dtype="i1")
    one_way[3] = -1
    return {
        "kind": kind,
        "gate": gate,
        "one_way": one_way,
        "crossings": np.arange(count, dtype="i4"),
        "climb": np.full(count, np.nan),
    }


def test_streets_from_before_there_were_obstacles_have_none_but_steps(blobs):
    town = settled(blobs)
    assert not town.obstacles.steps.any()
    assert town.obstacles.shut is None
    assert town.obstacles.crossings is None
    assert town.obstacles.one_way is None
    assert town.obstacles.climb is None
    walked = effort(town.streets.metres, town.obstacles, LEVEL)
    assert walked.forward.tolist() == town.streets.metres.tolist()


def test_obstacles_stand_in_the_order_of_the_edges(blobs):
    found = settled(blobs, numbered).obstacles
    assert np.flatnonzero(found.steps).tolist() == [1]
    assert np.flatnonzero(found.shut).tolist() == [2]
    assert np.flatnonzero(found.one_way).tolist() == [3]
    assert found.crossings.tolist() == list(range(len(found.crossings)))
    assert np.isnan(found.climb).all()


@pytest.mark.parametrize("largest", [True, False])
def test_the_largest_component_keeps_obstacles_with_their_edges(blobs, largest):
    town = settled(blobs, numbered, island=True, largest_component_only=largest)
    expected = np.flatnonzero(town.obstacles.shut).tolist()
    assert expected == ([2] if largest else [3])
    assert len(town.obstacles.crossings) == town.streets.edges
    walked = effort(town.streets.metres, town.obstacles, LEVEL)
    assert np.isinf(walked.forward).sum() == 1
