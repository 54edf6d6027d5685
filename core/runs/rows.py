"""A result document as rows: small answers that people sort, filter and quote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.db import Owned, RunCoverage, RunGap, RunLine, RunScore

Row = dict[str, Any]


def rows_of(document: Mapping[str, Any]) -> dict[type[Owned], list[Row]]:
    """Give the rows of each table, without ids and times, tenant and run."""
    return {
        RunScore: [_score(area) for area in document["areas"]],
        RunLine: [
            {"area_key": area["key"], "line_key": line["key"], "position": position, "line": line}
            for area in document["areas"]
            for position, line in enumerate(area["scorecard"]["lines"])
        ],
        RunCoverage: [
            {
                "area_key": area["key"],
                "format_key": key,
                "group_key": "all",
                "minutes": float(minutes),
                "people": area["people"],
                "covered": covered,
            }
            for key, by_minutes in document["coverage"].items()
            for minutes, counts in by_minutes.items()
            for area, covered in zip(document["areas"], counts, strict=True)
        ],
        RunGap: [
            _gap(shortfall, gap) for shortfall in document["gaps"] for gap in shortfall["listed"]
        ],
    }


def _score(area: Mapping[str, Any]) -> Row:
    card = area["scorecard"]
    return {
        "area_key": area["key"],
        "area_name": area["name"],
        "area_kind": area["kind"],
        "people": area["people"],
        "points_low": card["points"]["low"],
        "points_high": card["points"]["high"],
        "out_of": card["out_of"],
        "grade": card["grade"],
        "grade_name": card["grade_name"],
        "pending": card["pending"],
        "notes": card["notes"] + ([area["note"]] if area["note"] else []),
    }


def _gap(shortfall: Mapping[str, Any], gap: Mapping[str, Any]) -> Row:
    return {
        "format_key": shortfall["key"],
        "rank": gap["rank"],
        "area_key": gap["area"],
        "people": gap["people"],
        "groups": gap["groups"],
        "homes": gap["homes"],
        "minutes_limit": shortfall["minutes"],
        "worst_minutes": gap["worst_minutes"],
        "median_minutes": gap["median_minutes"],
        "lon": gap["lon"],
        "lat": gap["lat"],
        "outline": bytes.fromhex(gap["outline"]),
    }
