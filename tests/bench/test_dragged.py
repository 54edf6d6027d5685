import pytest

from tests.bench.engine import dragged
from tests.bench.engine.city import make_city


@pytest.mark.slow
def test_edits_of_a_served_run_are_answered_and_timed():
    found = dragged.measure(make_city(2500), edits=2)
    assert set(found["seconds"]) >= {"add", "undo", "close", "move"}
    assert found["largest_bytes"] > 100
