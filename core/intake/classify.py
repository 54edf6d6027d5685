"""4 classify: a source's own words, codes and tags into business formats and services."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.contract import BusinessFormat, Severity, text
from core.intake.found import Found, rows_of
from core.intake.normalise import Table, Tables

SEPARATORS = re.compile(r"[、;；,，/|+\s]+")

Meaning = tuple[str, str]  # keys of a format and of its service, '' for the format as such
Meanings = tuple[Meaning, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says of one offer: its own words, codes and tags, and the outlet's name."""

    words: str
    code: str
    tags: str
    key: str
    name: str

    @property
    def shown(self) -> str:
        """What to quote when it means nothing."""
        return self.key or self.words or self.code or self.tags or self.name


@dataclass(slots=True)
class Classifier:
    """What the formats' names, services and terms mean, ready to be asked."""

    formats: Mapping[str, BusinessFormat]
    exact: dict[str, Meaning] = field(default_factory=dict)
    remembered: dict[Said, Meanings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, each in self.formats.items():
            for service in each.services:
                for word in (service.key, service.name, service.english):
                    self.exact.setdefault(word.casefold(), (key, service.key))
        for key, each in self.formats.items():  # a format's own name wins over a service's
            for word in (key, each.name, each.english):
                self.exact[word.casefold()] = (key, "")
        self.exact.pop("", None)

    def meanings(self, said: Said) -> Meanings:
        """Read the first of these that is there: key, words, code, tags; the name by itself last.

        Words that say nothing fall back on the code, and the code on the tags.
        """
        if said not in self.remembered:
            self.remembered[said] = next(filter(None, self._readings(said)), ())
        return self.remembered[said]

    def near(self, words: str) -> str:
        """Name the format whose name looks most like these words, '' where none does."""
        names = [each.name for each in self.formats.values()]
        return next(iter(difflib.get_close_matches(words, names, n=1, cutoff=0.5)), "")

    def _readings(self, said: Said) -> Iterator[Meanings]:
        if said.key:
            yield ((said.key, ""),) if said.key in self.formats else ()
            return
        yield self._by_words(said.words, said.name)
        yield self._by_codes(said.code, said.name)
        yield self._by_tags(said.tags)
        if not (said.words or said.code or said.tags):
            yield tuple(filter(None, (self._longest(said.name, ""),)))

    def _by_words(self, words: str, name: str) -> Meanings:
        """Read each part exactly, else by the longest term within it."""
        whole = self.exact.get(words.casefold())
        if whole:
            return (whole,)
        parts = [part for part in SEPARATORS.split(words) if part]
        found = [self.exact.get(part.casefold()) or self._longest(part, name) for part in parts]
        return tuple(dict.fromkeys(meaning for meaning in found if meaning))

    def _by_codes(self, codes: str, name: str) -> Meanings:
        """Read Amap type codes, several joined by ``|``: the longest prefix of each wins."""
        found: list[Meaning] = []
        for code in filter(None, SEPARATORS.split(codes)):
            best = _best((_prefix(each, code), (key, "")) for key, each in self.formats.items())
            if best:
                found.append(self._by_name_of(best, name))
        return tuple(dict.fromkeys(found))

    def _by_tags(self, tags: str) -> Meanings:
        """Read ``key=value`` joined by ``;``: every format that they mean."""
        there = {tag.strip() for tag in tags.split(";")}
        return tuple(
            (key, "")
            for key, each in self.formats.items()
            if any(there.issuperset(term.split("+")) for term in each.terms.tags)
        )

    def _longest(self, words: str, name: str) -> Meaning | None:
        """Find the longest term within words; of equals, the outlet's name decides."""
        best = _best(
            claim for key, each in self.formats.items() for claim in _claims(key, each, words)
        )
        return self._by_name_of(best, name) if best else None

    def _by_name_of(self, meanings: Sequence[Meaning], name: str) -> Meaning:
        """Choose the one whose own terms the name holds most of; the first of equals."""

        def fit(meaning: Meaning) -> int:
            claims = _claims(meaning[0], self.formats[meaning[0]], name)
            return max((length for length, _ in claims), default=0)

        return max(meanings, key=fit)


def classify(tables: Tables, formats: Mapping[str, BusinessFormat], found: Found) -> None:
    """Give every offer its format and service, in place.

    An offer that means several formats becomes several. An outlet whose first offer means none
    is refused; a further offer (兼营) that means none is left out with a warning.

    Parameters
    ----------
    tables
        Outlets and offers; the offers are replaced by classified ones.
    formats
        The tenant's business formats by key.
    found
        Takes what means nothing.
    """
    outlets, offers = tables["outlets"], tables["offers"]
    classifier = Classifier(formats)
    numbers, names = rows_of(outlets, len(outlets["lon"])), outlets["name"]
    source: list[int] = []
    meant: list[Meaning] = []
    started: set[int] = set()
    for index, outlet in enumerate(offers["outlet"].tolist()):
        if not 0 <= outlet < len(names):
            continue  # the check says so
        said = _said(offers, index, names[outlet])
        meanings = classifier.meanings(said)
        source.extend([index] * len(meanings))
        meant.extend(meanings)
        if not meanings:
            near = classifier.near(said.shown)
            _unknown(found, int(numbers[outlet]), said.shown, near, first=outlet not in started)
        started.add(outlet)
    tables["offers"] = _expanded(offers, np.array(source, dtype=np.int64), meant)


def _said(offers: Table, index: int, name: str) -> Said:
    def column(wanted: str) -> str:
        return str(offers[wanted][index]) if wanted in offers else ""

    return Said(
        words=column("raw_format"),
        code=column("raw_code"),
        tags=column("raw_tags"),
        key=column("format"),
        name=name,
    )


def _expanded(offers: Table, source: NDArray[np.int64], meant: Sequence[Meaning]) -> Table:
    """Repeat the offers' rows as their meanings say, without what the source said."""
    table = {
        name: values[source]
        for name, values in offers.items()
        if name in ("outlet", "mode", "hours", "service")
    }
    given: NDArray[Any] = table.get("service", text([""] * len(meant)))
    table["format"] = text([key for key, _ in meant])
    table["service"] = text(
        [service or said for (_, service), said in zip(meant, given, strict=True)]
    )
    return table


def _claims(key: str, each: BusinessFormat, words: str) -> Iterator[tuple[int, Meaning]]:
    """Give the terms of a format and its services that words hold, by their length."""
    if any(word in words for word in each.terms.not_words):
        return
    yield max((len(word) for word in each.terms.words if word in words), default=0), (key, "")
    for service in each.services:
        if service.name and service.name in words:
            yield len(service.name), (key, service.key)


def _prefix(each: BusinessFormat, code: str) -> int:
    if any(code.startswith(prefix) for prefix in each.terms.not_codes):
        return 0
    return max((len(p) for p in each.terms.codes if p and code.startswith(p)), default=0)


def _best(claims: Iterator[tuple[int, Meaning]]) -> list[Meaning]:
    """Keep the meanings of the longest claims; none where nothing is claimed."""
    longest, best = 0, []
    for length, meaning in claims:
        if length > longest:
            longest, best = length, [meaning]
        elif length == longest and length:
            best.append(meaning)
    return best


def _unknown(found: Found, row: int, said: str, near: str, *, first: bool) -> None:
    hint = f"是否想写“{near}”？" if near else "请改成业态的名称或编码，"
    hint_english = f"Perhaps {near}?" if near else "Write a format's name or key."
    kept = "" if first else "，该兼营项目没有导入"
    found.add(
        row,
        "format",
        "unknown_format",
        f"第 {row} 行的业态“{said[:50]}”对不上任何一种业态{kept}。{hint}也可启用相应的业态插件。",
        f"Row {row}: {said[:50]!r} means no business format. {hint_english}",
        value=said,
        severity=Severity.REFUSED if first else Severity.WARNING,
    )
