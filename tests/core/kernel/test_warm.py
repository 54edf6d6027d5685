import importlib
import pkgutil

from core.kernel import compiled
from core.kernel.warm import warm


def test_every_module_of_loops_is_loaded_and_measures_right():
    warmed = warm()
    assert warmed.right
    names = {module.name for module in pkgutil.iter_modules(compiled.__path__)}
    assert set(warmed.modules) == names
    assert all(importlib.import_module(f"core.kernel.compiled.{name}") for name in names)
