"""Lay the paper plan of a city on the earth: bend it, turn it, give it longitude and latitude."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.kernel.streets import unplane

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where the middle of the paper plan lies and how the plan is bent.

    On paper every street runs along one of two axes. Long, low sine waves (``waves``: one row
    each of wave numbers kx, ky in 1/m, phase, and amplitudes ax, ay in metres) bend it as a real
    city is bent, without tearing: what is inside a wall on paper stays inside on the ground.
    """

    lon: float
    lat: float
    turn: float  # radians, anticlockwise
    width: float  # of the paper, metres
    height: float
    waves: Floats

    def metres(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Bend and turn paper coordinates; metres east and north of the city's centre."""
        px, py = x - self.width / 2, y - self.height / 2
        bent_x, bent_y = px.copy(), py.copy()
        for kx, ky, phase, ax, ay in self.waves:
            wave = np.sin(kx * px + ky * py + phase)
            bent_x += ax * wave
            bent_y += ay * wave
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        return bent_x * cos - bent_y * sin, bent_x * sin + bent_y * cos

    def lonlat(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give WGS 84 degrees for paper coordinates, to the seven decimals of OpenStreetMap."""
        east, north = self.metres(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        lon, lat = unplane(east, north, lon0=self.lon, lat0=self.lat)
        return np.round(lon, 7), np.round(lat, 7)


def ground(
    rng: np.random.Generator, centre: tuple[float, float], width: float, height: float
) -> Ground:
    """Draw how a city of this size is bent and turned."""
    waves = []
    for _ in range(4):
        length = rng.uniform(2_600, 5_200)
        heading = rng.uniform(0, 2 * math.pi)
        amplitude = 0.021 * length  # the steepest slope of one wave is 2π x 0.021 = 0.13
        along = rng.uniform(0, 2 * math.pi)
        waves.append(
            (
                2 * math.pi / length * math.cos(heading),
                2 * math.pi / length * math.sin(heading),
                rng.uniform(0, 2 * math.pi),
                amplitude * math.cos(along),
                amplitude * math.sin(along),
            )
        )
    turn = math.radians(rng.uniform(-14, 14)) + math.pi / 2 * float(rng.integers(0, 4))
    lon, lat = centre
    return Ground(lon=lon, lat=lat, turn=turn, width=width, height=height, waves=np.array(waves))
