import pytest

from tests.bench.nation import measured


@pytest.mark.slow
def test_two_cities_go_through_queue_and_workers_twice(tmp_path):
    tmp_path.chmod(0o711)
    found = measured(tmp_path, 2, 1, 1)
    assert found["cities"] == 2
    for name in ("cold", "again"):
        assert found[name]["stages_s"]["reach"] > 0
        assert found[name]["peak_shared_counted_once"] > 0
