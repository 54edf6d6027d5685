"""Finished runs to hand up, written as the runs room writes them."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

import pytest

from core.db import (
    WHOLE,
    Dataset,
    DatasetVersion,
    JobState,
    Run,
    RunCoverage,
    RunGap,
    RunInput,
    RunLine,
    RunScore,
)

_numbers = itertools.count(1)


def line(key, covered, people, *, out_of=10.0, target=1.0, low=None):
    """Write a line as JSON that counts ``covered`` of ``people``; points follow the share."""
    low = covered if low is None else low
    return {
        "key": key,
        "name": key,
        "dimension": "six_one",
        "value": {"low": low / people, "high": covered / people},
        "target": target,
        "floor": None,
        "unit": "%",
        "numerator": {"low": low, "high": covered},
        "denominator": people,
        "points": {
            "low": min(out_of, out_of * low / people / target),
            "high": min(out_of, out_of * covered / people / target),
        },
        "out_of": out_of,
        "met": covered / people >= target,
        "status": "assumed",
        "status_note": "",
        "source": "",
        "why": "",
    }


@pytest.fixture
def finished(database, tree):
    """Give a function that writes a finished run of a tenant and gives its id."""

    def make(slug="370100", *, people=100_000, lines=None, state=JobState.DONE, as_of=2025, **run):
        number = next(_numbers)
        if lines is None:
            lines = [line("wet_market", 80_000, people), line("elders", 9_000, 12_000)]
        areas = run.pop("areas", [("circle:1", "一号圈", 40_000)])
        slots = run.pop("slots", {"yi_dian": {5.0: 60_000, 10.0: 80_000, 15.0: 95_000}})
        with database.session(tree[slug]) as session:
            row = Run(
                **{
                    "fingerprint": f"{number:064x}",
                    "label": f"第{number}次",
                    "ruleset_key": "jinan",
                    "ruleset_version": "2022.1",
                    "ruleset_digest": "d" * 64,
                    "params": {"report_minutes": [5.0, 15.0], "limit_minutes": 30.0},
                    "plan": {"walker": {"key": "adult_1_2", "metres_per_second": 1.2}},
                    "state": state,
                    "people": people,
                    "result_digest": "e" * 64,
                    "kernel_version": "1",
                    "finished_at": datetime(2026, 1, 2, tzinfo=UTC),
                    **run,
                }
            )
            dataset = Dataset(kind="residents", name=f"居民{number}")
            session.add_all([row, dataset])
            session.flush()
            version = DatasetVersion(
                dataset_id=dataset.id,
                number=1,
                digest=f"{number:064x}",
                rows=15_000,
                bbox=[117, 36, 118, 37],
                as_of=as_of and date(as_of, 6, 30),
                importer_key="grid",
                importer_version="1",
                options={},
                quality={"attribution": "示例", "people_dropped": 4, "problems": [1, 2], "rows": 7},
            )
            session.add(version)
            session.flush()
            points = {
                "points_low": sum(one["points"]["low"] for one in lines),
                "points_high": sum(one["points"]["high"] for one in lines),
                "out_of": 20.0,
                "grade": "standard",
                "grade_name": "示范标准类",
                "pending": [],
                "notes": ["设定值"],
            }
            session.add(RunInput(run_id=row.id, role="residents", dataset_version_id=version.id))
            session.add_all(
                RunScore(
                    run_id=row.id,
                    area_key=key,
                    area_name=name,
                    area_kind=WHOLE if key == WHOLE else key.partition(":")[0],
                    people=living,
                    **points,
                )
                for key, name, living in [(WHOLE, "全部", people), *areas]
            )
            session.add_all(
                RunLine(
                    run_id=row.id,
                    area_key=WHOLE,
                    line_key=one["key"],
                    position=position,
                    line=one,
                )
                for position, one in enumerate(lines)
            )
            session.add_all(
                RunCoverage(
                    run_id=row.id,
                    area_key=WHOLE,
                    format_key=f"slot:{slot}",
                    group_key="all",
                    minutes=minutes,
                    people=people,
                    covered=covered,
                )
                for slot, by_minutes in slots.items()
                for minutes, covered in by_minutes.items()
            )
            session.add(
                RunGap(
                    run_id=row.id,
                    format_key="wet_market",
                    rank=1,
                    area_key=WHOLE,
                    people=500,
                    homes=40,
                    minutes_limit=15.0,
                    lon=117.123456,
                    lat=36.654321,
                )
            )
            session.flush()
            return row.id

    return make
