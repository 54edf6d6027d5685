import numpy as np
import pytest

from core.demo.ground import ground
from core.kernel.streets import plane


@pytest.fixture
def bent():
    return ground(np.random.default_rng(3), (117.0, 36.65), 5_000.0, 4_000.0)


def test_longitude_and_latitude_are_those_of_the_kernels_plane(bent):
    x, y = np.array([0.0, 2_500.0, 5_000.0]), np.array([4_000.0, 2_000.0, 100.0])
    east, north = bent.metres(x, y)
    back_x, back_y = plane(*bent.lonlat(x, y), lon0=117.0, lat0=36.65)
    assert back_x == pytest.approx(east, abs=0.02)
    assert back_y == pytest.approx(north, abs=0.02)


def test_bending_tears_nothing(bent):
    x, y = (g.ravel() for g in np.meshgrid(np.arange(0, 5_000, 50.0), np.arange(0, 4_000, 50.0)))
    east, north = bent.metres(x, y)
    dx = np.array(bent.metres(x + 1, y)) - (east, north)
    dy = np.array(bent.metres(x, y + 1)) - (east, north)
    area = dx[0] * dy[1] - dx[1] * dy[0]
    assert area.min() > 0.4
    assert area.max() < 1.8
