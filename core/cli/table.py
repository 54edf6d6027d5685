"""A run on a terminal: grades by area, people by 六个一 slot, gaps, seconds."""

from __future__ import annotations

import unicodedata
from typing import Any
from uuid import UUID

import click
from sqlalchemy import or_, select

from core.cli.console import Console
from core.db import WHOLE, Run, RunCoverage, RunGap, RunScore, Tenant
from core.runs.terms import STAGES

SLOTS = {
    "slot:yi_dian": "一店",
    "slot:yi_zao": "一早",
    "slot:yi_cai": "一菜",
    "slot:yi_xiu": "一修",
    "slot:yi_lao": "一老",
    "slot:yi_xiao": "一小",
}
SHOWN_MINUTES = 15.0
SHOWN_GAPS = 5


def width(text: str) -> int:
    """Count the columns that a text takes on a terminal: two for a Han character."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def padded(text: str, columns: int) -> str:
    """Fill a text up to a number of columns."""
    return text + " " * max(0, columns - width(text))


def print_run(console: Console, tenant_id: UUID, run_id: UUID) -> None:
    """Print what came out of a run."""
    with console.database.session(tenant_id) as session:
        run = session.scalars(select(Run).where(Run.id == run_id)).one()
        scores = session.scalars(
            select(RunScore)
            .where(
                RunScore.run_id == run_id,
                or_(RunScore.area_key == WHOLE, RunScore.area_kind == "circle"),
            )
            .order_by(RunScore.area_key != WHOLE, RunScore.area_key)
        ).all()
        covered = {
            (row.area_key, row.format_key): row
            for row in session.scalars(
                select(RunCoverage).where(
                    RunCoverage.run_id == run_id,
                    RunCoverage.format_key.in_(SLOTS),
                    RunCoverage.minutes == SHOWN_MINUTES,
                )
            )
        }
        gaps = session.scalars(
            select(RunGap)
            .where(RunGap.run_id == run_id, RunGap.format_key.in_(SLOTS))
            .order_by(RunGap.people.desc(), RunGap.format_key)
            .limit(SHOWN_GAPS)
        ).all()
        tenant = session.get_one(Tenant, tenant_id)
        label = "（示例数据）" if tenant.sample else ""
        click.echo(
            f"\n{tenant.name}{label}  {run.ruleset_key} {run.ruleset_version}  run {run.id}\n"
            f"六个一：步行 {SHOWN_MINUTES:g} 分钟内的居民；缺口按规则集的分钟数"
        )
        _print_scores(scores, covered)
        for gap in gaps:
            click.echo(
                f"  缺口 {SLOTS[gap.format_key]}：{gap.people:,} 人，"
                f"{gap.lon:.4f}, {gap.lat:.4f}（{gap.minutes_limit:g} 分钟）"
            )
        took = run.stage_seconds  # the database does not keep its order
        seconds = "  ".join(f"{key} {took[key]:.2f}" for key in STAGES if key in took)
        click.echo(f"  秒 seconds: {seconds}")


def _print_scores(scores: Any, covered: dict[tuple[str, str], RunCoverage]) -> None:
    head = "".join(padded(name, 17) for name in SLOTS.values())
    click.echo(padded("生活圈", 34) + padded("等级", 14) + padded("得分", 16) + head)
    for score in scores:
        grade = score.grade_name if not score.pending else "等级待定"
        cells = ""
        for slot in SLOTS:
            row = covered.get((score.area_key, slot))
            share = (
                f"{row.covered:,} {row.covered / row.people:.0%}" if row and row.people else "未测"
            )
            cells += padded(share, 17)
        points = f"{score.points_low:.1f}–{score.points_high:.1f}"
        name = f"{score.area_name}（{score.people:,}人）" if score.area_key != WHOLE else "全域"
        click.echo(padded(name, 34) + padded(grade, 14) + padded(points, 16) + cells)
