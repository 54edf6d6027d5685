"""The API under /api/v1: OpenAPI 3.1, problem+json, every operation behind a permission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_smorest import Api

from core import __version__
from core.api import catalog, datasets, documents, jobs, runs
from core.api.blueprint import PREFIX, ApiBlueprint
from core.api.problems import MEDIA, ProblemSchema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

BLUEPRINTS = tuple(module.blueprint for module in (catalog, datasets, jobs, runs, documents))


class ProblemApi(Api):  # type: ignore[misc]  # flask-smorest carries no types
    """flask-smorest with our problems in place of its errors."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # each operation lists its problems itself

    def _register_error_handlers(self) -> None:
        """Leave errors to the app, which tells pages and the API apart."""


def register(app: Flask, blueprints: Sequence[ApiBlueprint]) -> ProblemApi:
    """Put every API blueprint under its prefix and describe it."""
    app.config.update(
        API_TITLE="lifecircle",
        API_VERSION=f"v1 ({__version__})",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = ProblemApi(app, spec_kwargs=_described())
    for blueprint in (*BLUEPRINTS, *blueprints):
        api.register_blueprint(blueprint, url_prefix=PREFIX)
    return api


def _described() -> dict[str, Any]:
    return {
        "info": {
            "description": "一刻钟便民生活圈：数据、评价、提交。Errors: application/problem+json.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-lc"},
            }
        },
        "security": [{"token": []}, {"session": []}],
    }


__all__ = ["MEDIA", "PREFIX", "ApiBlueprint", "ProblemApi", "register"]
