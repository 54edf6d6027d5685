"""The built-ins hold what every vendor's plugin must hold."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import plugins.basics
import plugins.geojson
import plugins.grid
import plugins.jinan
import plugins.national
import plugins.osm
import plugins.sheets
from core.catalog.host import State, load
from core.kit.conformance import PluginConformance

ROOT = Path(__file__).parents[2]


class TestBasics(PluginConformance):
    plugin = "basics"
    given = plugins.basics


class TestNational(PluginConformance):
    plugin = "national"
    given = plugins.national


class TestJinan(PluginConformance):
    plugin = "jinan"
    given = plugins.jinan


class TestJinanWithItsStatement(PluginConformance):
    plugin = "jinan"
    given = plugins.jinan
    settings: ClassVar = {"no_major_incidents": True}


class TestOsm(PluginConformance):
    plugin = "osm"
    given = plugins.osm


class TestSheets(PluginConformance):
    plugin = "sheets"
    given = plugins.sheets


class TestGrid(PluginConformance):
    plugin = "grid"
    given = plugins.grid


class TestGeojson(PluginConformance):
    plugin = "geojson"
    given = plugins.geojson


def test_every_entry_point_of_ours_loads_and_is_held_to_the_kit():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = project["entry-points"]["lifecircle.plugins"]
    host = load(extra=[(name, import_module(module)) for name, module in named.items()])
    ours = {record.name: record for record in host.records if record.name in named}
    assert all(record.state is State.READY and record.built_in for record in ours.values())
    held = {each.plugin for each in PluginConformance.__subclasses__()}
    assert set(ours) == set(named) == held
