"""Settings of gunicorn, which serves the app: ``gunicorn -c python:core.gunicorn APP``."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]  # has none
from typing_extensions import override

from core import logs


class Lines(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Writes what gunicorn's own process says as the house's lines: JSON, without persons."""

    @override
    def setup(self, cfg: Any) -> None:
        """Leave form and place of the lines to the house, whatever the command line says."""
        self.cfg = cfg
        self.loglevel = self.LOG_LEVELS.get(cfg.loglevel.lower(), self.LOG_LEVELS["warning"])
        logs.configure()
        self.error_log.setLevel(self.loglevel)

    @override
    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Write nothing: the door tells every request, without who asked or for what."""


logger_class = Lines
loglevel = "warning"
worker_class = "gthread"
threads = 8
graceful_timeout = 5
control_socket_disable = True  # it would lie in the person's home and outlive a kill
