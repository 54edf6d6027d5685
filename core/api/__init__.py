"""The API under /api/v1: OpenAPI 3.1, problem+json, every operation behind a permission."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Response
from flask_smorest import Api

from core import __version__
from core.access import open_to_all
from core.api import (
    around,
    audit,
    catalog,
    datasets,
    documents,
    jobs,
    picture,
    runs,
    scenarios,
    siting,
    supply,
)
from core.api.blueprint import PREFIX, ApiBlueprint
from core.api.problems import MEDIA, ProblemSchema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

ROOMS = (catalog, datasets, jobs, runs, picture, around, supply, scenarios, siting, audit)
BLUEPRINTS = tuple(room.blueprint for room in ROOMS)


class ProblemApi(Api):  # type: ignore[misc]  # flask-smorest carries no types
    """flask-smorest with our problems in place of its errors."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # ``description`` adds the problem to every operation

    def _register_error_handlers(self) -> None:
        """Leave errors to the app, which tells pages and the API apart."""

    @open_to_all
    def _openapi_json(self) -> Response:
        """Serve the description with the problems in it."""
        return Response(
            json.dumps(self.description(), ensure_ascii=False), mimetype="application/json"
        )

    def description(self) -> dict[str, Any]:
        """Give the OpenAPI description; every operation may answer a problem."""
        written: dict[str, Any] = self.spec.to_dict()
        written["components"]["schemas"].pop("PaginationMetadata", None)  # flask-smorest's; unused
        written["components"].setdefault("responses", {})["Problem"] = {
            "description": "What went wrong, in Chinese and English.",
            "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for path in written["paths"].values():
            for method, operation in path.items():
                if method == "parameters":
                    continue
                answers = operation.setdefault("responses", {})
                for status in [one for one in answers if one >= "400"]:
                    del answers[status]
                answers["default"] = {"$ref": "#/components/responses/Problem"}
        return written


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
    app.register_blueprint(
        documents.blueprint, url_prefix=PREFIX
    )  # a page about the API, not of it
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
