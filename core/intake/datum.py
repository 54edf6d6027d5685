"""China's shifted datums GCJ-02 and BD-09, to WGS 84 and back.

The shift is a smooth function of the true place, published by reverse engineering (2012); its
inverse has no closed form and is found by iteration, to well under a millimetre.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.contract import Crs

Degrees = NDArray[np.float64]
Places = tuple[Degrees, Degrees]

AXIS_METRES = 6_378_245.0  # Krassowsky 1940, on which the shift is defined
ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
CENTRE = (105.0, 35.0)
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271  # no shift outside this box
BAIDU = np.pi * 3000.0 / 180.0
ITERATIONS = 12  # each brings the error down about a hundredfold


def to_wgs84(lon: Degrees, lat: Degrees, crs: Crs) -> Places:
    """Move places from a datum to WGS 84.

    Parameters
    ----------
    lon, lat
        Degrees in the datum, one an entry.
    crs
        The datum; CGCS2000 differs from WGS 84 by centimetres and is left as it is.
    """
    if crs in (Crs.WGS84, Crs.CGCS2000):
        return lon, lat
    forward = gcj02 if crs is Crs.GCJ02 else bd09
    found_lon, found_lat = lon.copy(), lat.copy()
    for _ in range(ITERATIONS):
        there_lon, there_lat = forward(found_lon, found_lat)
        found_lon += lon - there_lon
        found_lat += lat - there_lat
    return found_lon, found_lat


def gcj02(lon: Degrees, lat: Degrees) -> Places:
    """Shift WGS 84 to GCJ-02, as Amap and Tencent have it."""
    x, y = lon - CENTRE[0], lat - CENTRE[1]
    root = np.sqrt(np.abs(x))
    common = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (2 / 3) * (common + _waves(y, (20, 1), (40, 3), (160, 12), (320, 30)))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (2 / 3) * (common + _waves(x, (20, 1), (40, 3), (150, 12), (300, 30)))
    angle = np.radians(lat)
    flat = 1 - ECCENTRICITY_SQUARED * np.sin(angle) ** 2
    meridian = AXIS_METRES * (1 - ECCENTRICITY_SQUARED) / (flat * np.sqrt(flat))
    parallel = AXIS_METRES / np.sqrt(flat) * np.cos(angle)
    inside = (lon >= WEST) & (lon <= EAST) & (lat >= SOUTH) & (lat <= NORTH)
    return (
        np.where(inside, lon + np.degrees(east / parallel), lon),
        np.where(inside, lat + np.degrees(north / meridian), lat),
    )


def bd09(lon: Degrees, lat: Degrees) -> Places:
    """Shift WGS 84 to BD-09, as Baidu has it."""
    x, y = gcj02(lon, lat)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * BAIDU)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * BAIDU)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _waves(along: Degrees, *terms: tuple[int, int]) -> Degrees:
    """Sum sines: each term an amplitude and what divides the angle."""
    total: Degrees = np.zeros_like(along)
    for amplitude, divisor in terms:
        total += amplitude * np.sin(np.pi * along / divisor)
    return total
