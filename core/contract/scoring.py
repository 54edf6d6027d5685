"""Scoring: one indicator and one area's facts into one line; missing widens, never moves."""

from __future__ import annotations

import math

from core.contract.curves import Curve
from core.contract.definition import Indicator
from core.contract.ruleset import Demand, Fact, Facts, Figure, Line, Span

HOURS_UNKNOWN = "部分网点营业时间未知，得分为一个区间。"
ALL_OR_NOTHING = Span(0.0, 1.0)
DECIMALS = 9  # points are rounded here, so that a sum of tenths meets its cut-off


def line(indicator: Indicator, facts: Facts) -> Line:
    """Score one indicator.

    An indicator that was not measured keeps its whole range of points and says why.
    """
    if indicator.unbuilt:
        return _line(indicator, None, why=indicator.unbuilt)
    if indicator.kind == "survey":
        return _survey(indicator, facts.figure(indicator.figure))
    if len(indicator.demands) == 1:
        return _one(indicator, facts)
    return _mean(indicator, facts)


def _one(indicator: Indicator, facts: Facts) -> Line:
    demand = indicator.demands[0]
    fact = facts[demand]
    share = _share(fact)
    if fact is None or share is None:
        return _line(indicator, None, why=_why(demand, fact, facts))
    return _line(
        indicator,
        share,
        numerator=Span(float(fact.covered_low), float(fact.covered_high)),
        denominator=float(fact.people),
        why=HOURS_UNKNOWN if fact.covered_low < fact.covered_high else "",
    )


def _mean(indicator: Indicator, facts: Facts) -> Line:
    """Take the mean over formats; one that was not measured counts from nothing to full."""
    answers = [(demand, facts[demand]) for demand in indicator.demands]
    shares = [_share(fact) for _, fact in answers]
    unknown = [pair for pair, share in zip(answers, shares, strict=True) if share is None]
    if len(unknown) == len(answers):
        return _line(indicator, None, why=_why(*unknown[0], facts))
    spans = [share or ALL_OR_NOTHING for share in shares]
    mean = Span(
        math.fsum(span.low for span in spans) / len(spans),
        math.fsum(span.high for span in spans) / len(spans),
    )
    why = "".join(f"{demand.formats[0]}：{_why(demand, fact, facts)}" for demand, fact in unknown)
    if not why and mean.low < mean.high:
        why = HOURS_UNKNOWN
    return _line(indicator, mean, why=why)


def _survey(indicator: Indicator, figure: Figure | None) -> Line:
    if figure is None:
        return _line(indicator, None, why="没有居民满意度调查数据。")
    if figure.sample < indicator.min_sample:
        sample = f"样本 {figure.sample} 份" if figure.sample else "样本量未说明"
        return _line(
            indicator, None, why=f"{sample}，少于要求的 {indicator.min_sample} 份，不予采用。"
        )
    source = f"{indicator.source}；调查：{figure.source}，样本 {figure.sample} 份"
    return _line(indicator, Span(figure.value, figure.value), source=source)


def _share(fact: Fact | None) -> Span | None:
    if fact is None or fact.people == 0:
        return None
    return Span(fact.covered_low / fact.people, fact.covered_high / fact.people)


def _why(demand: Demand, fact: Fact | None, facts: Facts) -> str:
    if fact is not None:
        return "本区域没有该人群的居民，无从计算覆盖率。"
    return facts.why(demand) or "所需数据缺失，未能测算。"


def _line(
    indicator: Indicator,
    value: Span | None,
    *,
    numerator: Span | None = None,
    denominator: float | None = None,
    source: str = "",
    why: str = "",
) -> Line:
    return Line(
        key=indicator.key,
        name=indicator.name,
        dimension=indicator.dimension_name,
        value=value,
        target=indicator.target,
        floor=indicator.floor,
        unit=indicator.unit,
        numerator=numerator,
        denominator=denominator,
        points=_points(indicator.curve, value, indicator.out_of),
        out_of=indicator.out_of,
        met=_met(value, indicator.target),
        status=indicator.status,
        status_note=indicator.status_note,
        source=source or indicator.source,
        why=why,
    )


def _points(curve: Curve, value: Span | None, out_of: float) -> Span:
    earned = ALL_OR_NOTHING if value is None else curve.over(value)
    return Span(round(earned.low * out_of, DECIMALS), round(earned.high * out_of, DECIMALS))


def _met(value: Span | None, target: float | None) -> bool | None:
    if value is None or target is None:
        return None
    if value.low >= target:
        return True
    return False if value.high < target else None
