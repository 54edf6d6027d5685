import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from core.contract import Crs
from core.intake.datum import bd09, gcj02, to_wgs84

lons = st.floats(73.0, 135.0)
lats = st.floats(3.5, 54.0)


def metres(one, other):
    return Geod(ellps="WGS84").inv(one[0], one[1], other[0], other[1])[2]


def one(lon, lat):
    return np.array([lon]), np.array([lat])


@given(lons, lats, st.sampled_from([(Crs.GCJ02, gcj02), (Crs.BD09, bd09)]))
def test_there_and_back_is_the_same_place(lon, lat, datum):
    crs, forward = datum
    back = to_wgs84(*forward(*one(lon, lat)), crs)
    assert metres(back, one(lon, lat))[0] < 0.001


@given(lons, lats)
def test_the_shift_is_some_hundred_metres(lon, lat):
    assert 20 < metres(gcj02(*one(lon, lat)), one(lon, lat))[0] < 1500


def test_published_pairs_agree():
    lon, lat = gcj02(*one(116.404, 39.915))
    assert (lon[0], lat[0]) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)


def test_nothing_moves_outside_china():
    assert [axis.tolist() for axis in gcj02(*one(-15.43, 28.1))] == [[-15.43], [28.1]]


@pytest.mark.parametrize("crs", [Crs.WGS84, Crs.CGCS2000])
def test_true_datums_are_left_alone(crs):
    assert [axis.tolist() for axis in to_wgs84(*one(117.0, 36.6), crs)] == [[117.0], [36.6]]


def test_the_arrays_given_stay_as_they_are():
    lon, lat = one(117.0, 36.6)
    to_wgs84(lon, lat, Crs.BD09)
    assert (lon[0], lat[0]) == (117.0, 36.6)
