"""The façade as vendors meet it: a package named lifecircle."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import core.contract
import core.kit.conformance

FOLDER = Path(core.contract.__file__).parents[1] / "facade"


@pytest.fixture
def lifecircle():
    """Load the façade under the name that it is packaged as."""
    spec = spec_from_file_location(
        "lifecircle", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    before = {name: sys.modules.pop(name) for name in _loaded()}
    module = module_from_spec(spec)
    sys.modules["lifecircle"] = module
    spec.loader.exec_module(module)
    yield module
    for name in _loaded():
        del sys.modules[name]
    sys.modules.update(before)


def _loaded():
    return [name for name in sys.modules if name.partition(".")[0] == "lifecircle"]


def test_vendors_see_the_contract_and_nothing_else(lifecircle):
    assert lifecircle.__all__ == core.contract.__all__
    assert all(
        getattr(lifecircle, name) is getattr(core.contract, name) for name in lifecircle.__all__
    )
    public = {name for name in vars(lifecircle) if not name.startswith("_")}
    assert public - {"testing"} == set(core.contract.__all__)


def test_no_name_of_the_contract_is_listed_twice():
    assert len(set(core.contract.__all__)) == len(core.contract.__all__)


def test_the_kit_is_found_where_vendors_look(lifecircle):
    from lifecircle.testing import PluginConformance  # noqa: PLC0415 - under the name just loaded

    assert PluginConformance is core.kit.conformance.PluginConformance
    assert lifecircle.__name__ == "lifecircle"
