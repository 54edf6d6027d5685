import sys
import textwrap

import pytest

HEAD = """
from core.contract import BusinessFormat, Manifest, hookimpl
"""
MANIFEST = """
@hookimpl
def lifecircle_manifest():
    return Manifest(key={key!r}, name="某厂", version={version!r}, api={api!r})
"""
FORMATS = """
@hookimpl
def lifecircle_business_formats():
    return [BusinessFormat(key={key!r} + ".night_market", name="夜市", english="Night market")]
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Give a way to install a plugin for real: a module and its distribution's entry point."""
    monkeypatch.syspath_prepend(tmp_path)
    modules = []

    def installed(name, *, code=None, key=None, version="1.0", api=(1, 0), more=FORMATS):
        key = key or name
        module = f"{name}_lifecircle"
        modules.append(module)
        body = (HEAD + MANIFEST + more).format(key=key, version=version, api=api)
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(body if code is None else code))
        facts = tmp_path / f"{module}-{version}.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}\nVersion: {version}\n"
        )
        (facts / "entry_points.txt").write_text(f"[lifecircle.plugins]\n{name} = {module}\n")

    yield installed
    for module in modules:
        sys.modules.pop(module, None)
