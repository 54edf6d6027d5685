"""The demo's tenants: real places with their official codes, for which cities are generated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The city generated for a place: only its middle is real.

    ``lon`` and ``lat`` lie in the real place (WGS 84 degrees, to the nearest few kilometres), so
    that projections and administrative bounds are those of a real tenant. Streets, outlets and
    people around them are invented and labelled 示例数据.
    """

    seed: int
    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A tenant of the demo.

    ``code`` is the six-digit code of GB/T 2260 as the statistics bureau published it for 2023;
    the nation has none. ``level`` is nation, province, city or district; ``parent`` the code of
    the place above, empty for the nation, and for a province the nation.
    """

    code: str
    name: str
    english: str
    level: str
    parent: str = ""
    sample: Sample | None = None


PLACES: tuple[Place, ...] = (
    Place(code="", name="全国", english="China", level="nation"),
    Place(code="370000", name="山东省", english="Shandong", level="province"),
    Place(code="370100", name="济南市", english="Jinan", level="city", parent="370000"),
    Place(
        code="370103",
        name="市中区",
        english="Shizhong, Jinan",
        level="district",
        parent="370100",
        sample=Sample(seed=370103, lon=117.0, lat=36.65),
    ),
    Place(code="320000", name="江苏省", english="Jiangsu", level="province"),
    Place(
        code="320400",
        name="常州市",
        english="Changzhou",
        level="city",
        parent="320000",
        sample=Sample(seed=320400, lon=119.97, lat=31.78),
    ),
)
"""In the order of making: each place after the one above it."""
