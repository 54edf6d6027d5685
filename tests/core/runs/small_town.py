"""A small hand-made town: a grid of streets, homes and shops whose walks one can do in the head."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import numpy as np
import shapely

from core.contract import (
    BusinessFormat,
    Demand,
    Line,
    Manifest,
    Ruleset,
    Scorecard,
    Span,
    Status,
    TableKind,
    Walker,
    Window,
    hookimpl,
    text,
)
from core.db import Dataset, DatasetVersion, Tenant
from core.kernel.streets import plane, unplane
from core.store import freeze

LON0, LAT0 = 117.0, 36.65
SIDE, STEP = 21, 100.0  # nodes a side, metres between them: two kilometres square
MORNING = Window(390, 510)
ELDER = Walker(key="elder_0_9", metres_per_second=0.9)

MARKET = Demand(formats=("wet_market",), minutes=10)
BREAKFAST = Demand(formats=("breakfast_shop",), minutes=10, window=MORNING)
NIGHT = Demand(formats=("night_clinic",), minutes=15, window=Window(1320, 1440))
CARE = Demand(formats=("elder_care_station",), minutes=15, group="60+", walker=ELDER)
BABIES = Demand(formats=("wet_market",), minutes=15, group="0-3")
BOTH = Demand(formats=("wet_market", "repair"), minutes=15, at_least=2)
NOWHERE = Demand(formats=("cinema",), minutes=15)
DEMANDS = (MARKET, BREAKFAST, NIGHT, CARE, BABIES, BOTH, NOWHERE)


class TownPlugin:
    """A ruleset and formats for the small town, as a vendor would give them."""

    __name__ = "small_town"

    @staticmethod
    @hookimpl
    def lifecircle_manifest() -> Manifest:
        return Manifest(key="small", name="小城规则", version="1.0.0", api=(1, 0))

    @staticmethod
    @hookimpl
    def lifecircle_business_formats() -> list[BusinessFormat]:
        named = {
            "wet_market": ("菜市场", "yi_cai"),
            "breakfast_shop": ("早餐店", "yi_zao"),
            "elder_care_station": ("养老服务站", "yi_lao"),
            "repair": ("维修点", "yi_xiu"),
            "night_clinic": ("夜间门诊", ""),
            "cinema": ("影院", ""),
        }
        return [
            BusinessFormat(key=f"small.{key}", name=name, english=key, slot=slot)
            for key, (name, slot) in named.items()
        ]

    @staticmethod
    @hookimpl
    def lifecircle_rulesets() -> list[Ruleset]:
        return [
            Ruleset(
                key="small.rules",
                version="1",
                name="小城规则",
                english="Small town's rules",
                authority="小城",
                document="小城〔2025〕1号",
                effective=date(2025, 1, 1),
                status=Status.ASSUMED,
                notes="",
                demands=demands,
                judge=judge,
                digest="small-1",
            )
        ]


def named(demand: Demand) -> Demand:
    """Give a demand with the plugin's own format keys."""
    return Demand(
        formats=tuple(f"small.{key}" for key in demand.formats),
        minutes=demand.minutes,
        group=demand.group,
        walker=demand.walker,
        window=demand.window,
        at_least=demand.at_least,
    )


def demands(settings):
    return [named(demand) for demand in DEMANDS]


def judge(facts, settings):
    lines = []
    for number, demand in enumerate(demands(settings)):
        fact = facts[demand]
        shares = None
        points = Span(0, 10)
        if fact is not None:
            shares = Span(fact.covered_low / fact.people, fact.covered_high / fact.people)
            points = Span(10 * shares.low, 10 * shares.high)
        lines.append(
            Line(
                key=f"line_{number}",
                name=demand.formats[0],
                dimension="all",
                value=shares,
                target=1.0,
                floor=0.0,
                unit="%",
                numerator=fact and Span(fact.covered_low, fact.covered_high),
                denominator=fact and fact.people,
                points=points,
                out_of=10,
                met=None,
                status=Status.ASSUMED,
                status_note="",
                source="小城〔2025〕1号",
                why=facts.why(demand),
            )
        )
    total = Span(sum(line.points.low for line in lines), sum(line.points.high for line in lines))
    return Scorecard(
        lines=tuple(lines),
        points=total,
        out_of=10 * len(lines),
        grade=None,
        grade_name="等级待定",
        pending=("影院网点登记",),
    )


def to_degrees(x, y):
    return unplane(np.asarray(x, "f8"), np.asarray(y, "f8"), lon0=LON0, lat0=LAT0)


def streets():
    line = np.arange(SIDE) * STEP
    x, y = (grid.ravel() for grid in np.meshgrid(line, line))
    lon, lat = to_degrees(x, y)
    node = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    u = np.concatenate([node[:, :-1].ravel(), node[:-1, :].ravel()]).astype("i4")
    v = np.concatenate([node[:, 1:].ravel(), node[1:, :].ravel()]).astype("i4")
    return {
        "nodes": {"lon": lon, "lat": lat},
        "edges": {
            "u": u,
            "v": v,
            "metres": np.full(len(u), STEP),
            "way": np.arange(len(u), dtype="i8"),
            "kind": text(["residential"] * len(u)),
        },
    }


def residents():
    """Ten people, three of them old, at every middle of a block's side; one home far away."""
    line = np.arange(SIDE - 1) * STEP + STEP / 2
    x, y = (grid.ravel() for grid in np.meshgrid(line, np.arange(SIDE) * STEP))
    x, y = np.append(x, -3000.0), np.append(y, -3000.0)
    lon, lat = to_degrees(x, y)
    return {
        "homes": {
            "key": text([f"h{row}" for row in range(len(x))]),
            "lon": lon,
            "lat": lat,
            "people": np.full(len(x), 10, dtype="i4"),
            "people_60+": np.full(len(x), 3, dtype="i4"),
        }
    }


SHOPS = (
    ("菜市场", 0.0, 0.0, "wet_market", "on_site", ""),
    ("早点铺", 1000.0, 1000.0, "breakfast_shop", "on_site", "Mo-Su 06:00-10:00"),
    ("晚起早餐", 0.0, 2000.0, "breakfast_shop", "on_site", "Mo-Su 09:00-14:00"),
    ("无名早餐", 2000.0, 0.0, "breakfast_shop", "on_site", ""),
    ("养老站", 1000.0, 1000.0, "elder_care_station", "on_site", ""),
    ("修鞋摊", 500.0, 500.0, "repair", "scheduled", ""),
    ("上门修理", 2000.0, 2000.0, "repair", "at_home", ""),
    ("社区医院", 1000.0, 0.0, "night_clinic", "on_site", ""),
)


def outlets():
    lon, lat = to_degrees([shop[1] for shop in SHOPS], [shop[2] for shop in SHOPS])
    return {
        "outlets": {
            "key": text([f"o{row}" for row in range(len(SHOPS))]),
            "name": text([shop[0] for shop in SHOPS]),
            "lon": lon,
            "lat": lat,
        },
        "offers": {
            "outlet": np.arange(len(SHOPS), dtype="i4"),
            "format": text([f"small.{shop[3]}" for shop in SHOPS]),
            "service": text([""] * len(SHOPS)),
            "mode": text([shop[4] for shop in SHOPS]),
            "hours": text([shop[5] for shop in SHOPS]),
        },
    }


def areas():
    """Two circles side by side, one surveyed, a street over the west half, and the boundary."""
    boxes = {
        "west": (-50, -50, 1000, 2050),
        "east": (1000, -50, 2050, 2050),
        "street": (-50, -50, 1000, 2050),
        "all": (-5000, -5000, 5000, 5000),
    }
    shapes = []
    for west, south, east, north in boxes.values():
        lon, lat = to_degrees([west, east], [south, north])
        shapes.append(shapely.to_wkb(shapely.box(lon[0], lat[0], lon[1], lat[1])))
    column = np.empty(len(shapes), dtype=object)
    column[:] = shapes
    return {
        "areas": {
            "key": text(list(boxes)),
            "name": text(["西圈", "东圈", "西街", "边界"]),
            "kind": text(["circle", "circle", "street", "boundary"]),
            "wkb": column,
            "satisfaction": np.array([0.9, np.nan, np.nan, np.nan]),
            "satisfaction_n": np.array([200, 0, 0, 0], dtype="i4"),
            "note": text(["示例", "", "", ""]),
        }
    }


TABLES = {
    TableKind.STREETS: streets,
    TableKind.RESIDENTS: residents,
    TableKind.OUTLETS: outlets,
    TableKind.AREAS: areas,
}


def freeze_town(blobs, kinds=tuple(TableKind)):
    """Freeze the town's tables; give the digest of each kind."""
    return {
        kind.value: freeze(blobs, kind, TABLES[kind](), attribution="示例数据").digest
        for kind in kinds
    }


def make_tenant(database, slug: str) -> UUID:
    """Write a tenant's row and give its id."""
    with database.unbound() as session:
        tenant = Tenant(level="district", slug=slug, name=slug, path=f"/{slug}/")
        session.add(tenant)
        session.flush()
        return tenant.id


def give_versions(database, tenant_id: UUID, digests) -> dict[str, UUID]:
    """Write dataset and version rows, as an import would, and give the versions' ids."""
    ids = {}
    with database.session(tenant_id) as session:
        for kind, digest in digests.items():
            dataset = Dataset(tenant_id=tenant_id, kind=kind, name=f"{kind} {digest[:6]}")
            session.add(dataset)
            session.flush()
            version = DatasetVersion(
                tenant_id=tenant_id,
                dataset_id=dataset.id,
                number=1,
                digest=digest,
                rows=1,
                bbox=[117.0, 36.6, 117.1, 36.7],
                importer_key="test",
                importer_version="1",
                options={},
                quality={"attribution": "示例数据", "note": ""},
            )
            session.add(version)
            session.flush()
            ids[kind] = version.id
    return ids


def walked(x, y):
    """Give the plane's metres of degrees, for tests that check where something lies."""
    return plane(x, y, lon0=LON0, lat0=LAT0)
