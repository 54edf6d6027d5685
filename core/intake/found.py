"""Found: the problems of an import as they are met, and the rows that they refuse."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.contract import Problem, Severity

COLUMNS = {
    "lon": "经度",
    "lat": "纬度",
    "people": "人口",
    "name": "名称",
    "key": "编号",
    "format": "业态",
    "hours": "营业时间",
    "kind": "类型",
}
Rows = NDArray[np.int64]


@dataclass(slots=True)
class Found:
    """Problems so far; ``whole`` counts those that refuse the file and not a row."""

    problems: list[Problem] = field(default_factory=list)

    def add(  # noqa: PLR0913 - the parts of a problem
        self,
        row: int,
        column: str,
        code: str,
        message: str,
        english: str,
        *,
        value: object = "",
        severity: Severity = Severity.REFUSED,
    ) -> None:
        """Note one problem; ``row`` 0 is the whole file."""
        problem = Problem(
            row=row,
            column=COLUMNS.get(column, column),
            code=code,
            message=message,
            english=english,
            value=str(value),
            severity=severity,
        )
        self.take([problem])

    def take(self, problems: Iterable[Problem]) -> None:
        """Note problems that quote the file, so that a row and a page can hold the quotations."""
        self.problems += [
            replace(
                problem,
                column=visible(problem.column),
                message=visible(problem.message),
                english=visible(problem.english),
                value=visible(problem.value)[:200],
            )
            for problem in problems
        ]

    @property
    def counts(self) -> dict[str, int]:
        """Count the problems by code."""
        return dict(sorted(Counter(problem.code for problem in self.problems).items()))

    @property
    def refused(self) -> tuple[Problem, ...]:
        """List those that refuse a row or the file."""
        return tuple(each for each in self.problems if each.severity is Severity.REFUSED)

    @property
    def whole(self) -> tuple[Problem, ...]:
        """List those that refuse the whole file, whatever rows may be skipped."""
        return tuple(problem for problem in self.refused if problem.row == 0)


def visible(words: str) -> str:
    """Put a mark for each character that no database takes: control characters and half pairs."""
    if words.isprintable():
        return words
    kept = "\t\n"
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(each) in ("Cc", "Cs") and each not in kept
        else each
        for each in words
    )


def rows_of(columns: dict[str, NDArray[np.generic]], count: int) -> Rows:
    """Give each row's number as the person sees it, the importer's where it says."""
    if "raw_row" in columns:
        return np.asarray(columns["raw_row"], dtype=np.int64)
    return np.arange(1, count + 1, dtype=np.int64)


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Sort by row, those of the whole file first."""
    return sorted(problems, key=lambda problem: (problem.row, problem.column, problem.code))
