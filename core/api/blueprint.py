"""ApiBlueprint: a blueprint under /api/v1 whose bodies are read strictly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from flask_smorest import Blueprint

from core.api.strict_json import StrictParser

PREFIX = "/api/v1"
View = TypeVar("View", bound=Callable[..., Any])


class ApiBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest carries no types
    """A blueprint of the API."""

    ARGUMENTS_PARSER = StrictParser()

    if TYPE_CHECKING:  # what its decorators do to a view's type: nothing

        def route(self, rule: str, **options: Any) -> Callable[[View], View]:
            """Serve a view at an address."""

        def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]:
            """Read a part of the request."""

        def response(
            self, status_code: int, schema: Any = None, **options: Any
        ) -> Callable[[View], View]:
            """Say what a view answers."""

        def alt_response(self, status_code: int, **options: Any) -> Callable[[View], View]:
            """Say what else a view may answer."""

        def doc(self, **options: Any) -> Callable[[View], View]:
            """Say more about a view."""
