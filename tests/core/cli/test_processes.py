"""A process that is started for pages or jobs has the settings, and not what opens all rows."""

from __future__ import annotations

import json

from core.cli.processes import start
from core.config import Config

TELLER = "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"


def test_no_started_process_has_the_backups_address(tmp_path, monkeypatch):
    (tmp_path / "teller.py").write_text(TELLER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("LIFECIRCLE_BACKUP_URL", "postgresql://lc_backup@a/b")
    config = Config(database_url="postgresql://lc_app@a/b", backup_url="postgresql://lc_backup@c/d")
    process = start(["teller"], config, log=tmp_path / "log")
    assert process.wait(30) == 0
    told = json.loads((tmp_path / "log").read_text())
    assert "lc_backup" not in json.dumps(told)
    assert Config.from_environment(told).backup_url == ""
    assert Config.from_environment(told).database_url == config.database_url
