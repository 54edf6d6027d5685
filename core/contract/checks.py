"""Checks: what a value that a plugin returns must satisfy; for the host and the test kit alike.

Each function gives the faults found, as Chinese sentences; nothing found is an empty tuple.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from marshmallow import Schema

from core.contract.business_format import BusinessFormat
from core.contract.importer import Importer, Problem, Raw
from core.contract.manifest import Manifest
from core.contract.ruleset import Demand, Line, Ruleset, Scorecard, Span, Walker
from core.contract.tables import GROUPS, TABLES, Column, TableKind
from core.contract.version import API, accepts
from core.contract.walkers import FASTEST_MPS, LONGEST_WAIT_SECONDS, SLOWEST_MPS, STEEPEST_UPHILL

KEY = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*")
SLACK = 1e-6
NUMERIC = "fiub"  # numpy kinds that a number column may have
RAW_TEXT = ("raw_format", "raw_code", "raw_tags")

Faults = tuple[str, ...]


def manifest_faults(value: object) -> Faults:
    """Check a manifest: its type, key, version, settings schema and contract version."""
    if not isinstance(value, Manifest):
        return (f"应给出 Manifest，却给出 {type(value).__name__}",)
    found = []
    if not KEY.fullmatch(value.key):
        found.append(f"键“{value.key}”应为小写字母、数字、下划线或连字符，以字母开头")
    if not value.name or not value.version:
        found.append("名称和版本不能为空")
    if not _is_schema(value.settings):
        found.append("settings 应为 marshmallow 的 Schema 类")
    if not accepts(value.api):
        found.append(f"需要合约版本 {value.api}，本系统提供 {API}")
    return tuple(found)


def _is_schema(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Schema)


def formats_faults(value: object, plugin: str, *, built_in: bool) -> Faults:
    """Check business formats: types, keys, names."""
    return _values(value, BusinessFormat, plugin, built_in=built_in, more=_format_faults)


def rulesets_faults(value: object, plugin: str, *, built_in: bool) -> Faults:
    """Check rulesets: types, keys (one key may come in several versions), callables."""
    return _values(value, Ruleset, plugin, built_in=built_in, more=_ruleset_faults)


def importers_faults(value: object, plugin: str, *, built_in: bool) -> Faults:
    """Check importers: types, keys, callables, option schemas."""
    return _values(value, Importer, plugin, built_in=built_in, more=_importer_faults)


def _values(
    value: object,
    wanted: type[Any],
    plugin: str,
    *,
    built_in: bool,
    more: Callable[[Any], Iterable[str]],
) -> Faults:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return (f"应给出 {wanted.__name__} 的序列，却给出 {type(value).__name__}",)
    wrong = [type(each).__name__ for each in value if not isinstance(each, wanted)]
    if wrong:
        return (f"应全为 {wanted.__name__}，却有 {'、'.join(wrong)}",)
    found = list(_twice(value))
    for each in value:
        found += _key_faults(each.key, plugin, built_in=built_in)
        found += more(each)
    return tuple(found)


def _twice(values: Sequence[Any]) -> Iterator[str]:
    keys = [(each.key, getattr(each, "version", "")) for each in values]
    for key, version in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"键“{' '.join(filter(None, (key, version)))}”重复"


def _key_faults(key: str, plugin: str, *, built_in: bool) -> Iterator[str]:
    if not KEY.fullmatch(key):
        yield f"键“{key}”应为小写字母、数字、下划线、连字符和点，以字母开头"
    elif not built_in and not key.startswith(f"{plugin}."):
        yield f"键“{key}”应以“{plugin}.”开头：不带点的键留给内置插件"


def _format_faults(value: BusinessFormat) -> Iterator[str]:
    if not value.name or not value.english:
        yield f"业态“{value.key}”缺少名称"
    services = [service.key for service in value.services]
    if len(services) != len(set(services)):
        yield f"业态“{value.key}”的服务键重复"


def _ruleset_faults(value: Ruleset) -> Iterator[str]:
    if not (value.version and value.name and value.authority and value.document):
        yield f"办法“{value.key}”缺少版本、名称、发布机关或文号"
    if not all(map(callable, (value.demands, value.judge))):
        yield f"办法“{value.key}”的 demands 与 judge 应可调用"


def _importer_faults(value: Importer) -> Iterator[str]:
    if not all(map(callable, (value.sniff, value.read))):
        yield f"导入器“{value.key}”的 sniff 与 read 应可调用"
    if not isinstance(value.gives, TableKind):
        yield f"导入器“{value.key}”的 gives 应为 TableKind"
    if not _is_schema(value.options):
        yield f"导入器“{value.key}”的 options 应为 marshmallow 的 Schema 类"


def sniff_faults(value: object) -> Faults:
    """Check a sniffer's answer: a number from 0 to 1."""
    if isinstance(value, (int, float)) and 0 <= value <= 1:
        return ()
    return (f"识别结果应为 0 到 1 的数，却是 {value!r}",)


def demands_faults(value: object) -> Faults:
    """Check demands: types, formats, minutes, groups, speeds."""
    if not isinstance(value, Sequence) or not all(isinstance(each, Demand) for each in value):
        return ("应给出 Demand 的序列",)
    return tuple(fault for each in value for fault in _demand_faults(each))


def _demand_faults(value: Demand) -> Iterator[str]:
    if not value.formats or len(value.formats) != len(set(value.formats)):
        yield f"需求的业态为空或重复：{value.formats}"
    if not 1 <= value.at_least <= max(len(value.formats), 1):
        yield f"需求的 at_least 为 {value.at_least}，应在 1 与业态数之间"
    if not 0 < value.minutes <= 60:  # noqa: PLR2004 - an hour's walk is no living circle
        yield f"需求的步行分钟为 {value.minutes}，应大于 0、不超过 60"
    if value.group not in ("all", *GROUPS):
        yield f"需求的人群“{value.group}”未知"
    yield from _walker_faults(value.walker)
    if value.window and not 0 <= value.window.start < value.window.end <= 24 * 60:
        yield f"需求的时段 {value.window} 不在一天之内"


def _walker_faults(value: Walker) -> Iterator[str]:
    if not isinstance(value, Walker):
        yield f"需求的 walker 应为 Walker，却是 {type(value).__name__}"
        return
    if not SLOWEST_MPS <= value.metres_per_second <= FASTEST_MPS:
        yield (
            f"需求的步速为 {value.metres_per_second} 米/秒，"
            f"应在 {SLOWEST_MPS:g} 与 {FASTEST_MPS:g} 之间"
        )
    if value.steps is not None and not 1 <= value.steps < math.inf:
        yield f"需求的台阶倍数为 {value.steps}，应不小于 1，或为 None（不能走台阶）"
    if not 0 <= value.crossing_seconds <= LONGEST_WAIT_SECONDS:
        yield f"需求的等灯为 {value.crossing_seconds} 秒，应在 0 与 {LONGEST_WAIT_SECONDS:g} 之间"
    if not 0 <= value.uphill <= STEEPEST_UPHILL:
        yield f"需求的上坡系数为 {value.uphill}，应在 0 与 {STEEPEST_UPHILL:g} 之间"


def scorecard_faults(value: object) -> Faults:
    """Check a scorecard: finite points within their range, sums that hold, reasons given."""
    if not isinstance(value, Scorecard):
        return (f"应给出 Scorecard，却给出 {type(value).__name__}",)
    found = [fault for each in value.lines for fault in _line_faults(each)]
    found += _twice(value.lines)
    found += _span_faults("总分", value.points, value.out_of)
    sums = Span(_sum(value, "low"), _sum(value, "high"))
    if _apart(sums.low, value.points.low) or _apart(sums.high, value.points.high):
        found.append("总分不等于各项之和")
    if _apart(math.fsum(each.out_of for each in value.lines), value.out_of):
        found.append("总满分不等于各项满分之和")
    if value.grade is not None and value.pending:
        found.append("已给出等级，又称等级待定")
    if not value.grade_name:
        found.append("等级名称为空")
    return tuple(found)


def _sum(card: Scorecard, end: str) -> float:
    return math.fsum(getattr(each.points, end) for each in card.lines)


def _apart(one: float, other: float) -> bool:
    return not abs(one - other) <= SLACK


def _span_faults(what: str, span: Span, out_of: float) -> Iterator[str]:
    ends = (span.low, span.high, out_of)
    if not all(map(math.isfinite, ends)):
        yield f"{what}的得分不是有限的数：{ends}"
    elif not 0 <= span.low <= span.high <= out_of + SLACK:
        yield f"{what}的得分 {span.low}–{span.high} 不在 0 与满分 {out_of} 之间"


def _line_faults(value: object) -> Iterator[str]:
    if not isinstance(value, Line):
        yield f"应为 Line，却是 {type(value).__name__}"
        return
    yield from _span_faults(f"“{value.name}”", value.points, value.out_of)
    if not value.name or not value.source:
        yield f"“{value.key}”缺少名称或出处"
    if value.value is None:
        if not value.why:
            yield f"“{value.name}”未测，却没有说明原因"
        if _apart(value.points.low, 0) or _apart(value.points.high, value.out_of):
            yield f"“{value.name}”未测，得分应为从 0 到满分的区间"
    elif not value.value.low <= value.value.high or not math.isfinite(value.value.high):
        yield f"“{value.name}”的值不是有限的区间"


def raw_faults(value: object, kind: TableKind) -> Faults:
    """Check what an importer read: tables and columns as in ``TABLES``, of equal length."""
    if not isinstance(value, Raw):
        return (f"应给出 Raw，却给出 {type(value).__name__}",)
    strange = {type(each) for each in value.problems} - {Problem}
    found = [f"问题清单中有 {each.__name__}" for each in strange]
    unknown = sorted(set(value.tables) - set(TABLES[kind]))
    if unknown:
        found.append(f"未知的表：{'、'.join(unknown)}")
    for table, columns in TABLES[kind].items():
        if table not in value.tables:
            found.append(f"缺少表 {table}")
        else:
            found += _table_faults(table, columns, value.tables[table])
    return tuple(found)


def _table_faults(table: str, columns: Sequence[Column], read: Any) -> Iterator[str]:
    lengths = set()
    for name, array in read.items():
        if not isinstance(array, np.ndarray) or array.ndim != 1:
            yield f"{table}.{name} 应为一维数组"
        else:
            lengths.add(len(array))
    if len(lengths) > 1:
        yield f"{table} 各列长度不一：{sorted(lengths)}"
    raw = any(name in read for name in RAW_TEXT)
    for column in columns:
        if column.name in read:
            yield from _column_faults(f"{table}.{column.name}", column, read[column.name])
        elif not column.optional and not (raw and column.name in ("format", "service")):
            yield f"{table} 缺少列 {column.name}"


def _column_faults(what: str, column: Column, array: Any) -> Iterator[str]:
    if not isinstance(array, np.ndarray):
        return
    if column.dtype in ("str", "bytes"):
        wanted = str if column.dtype == "str" else bytes
        if array.dtype != object or any(not isinstance(each, wanted) for each in array):
            yield f"{what} 应为 {column.dtype} 的对象数组"
    elif array.dtype.kind not in NUMERIC:
        yield f"{what} 应为数，却是 {array.dtype}"
