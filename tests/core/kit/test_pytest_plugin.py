import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_pytest_plugin_imports_nothing_heavy():
    code = (
        "import sys, core.kit.pytest_plugin; "
        "heavy = {'numpy', 'marshmallow', 'sqlalchemy', 'flask', "
        "'core.contract', 'core.catalog', 'core.kit.town'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "[]", "")
