"""The language of a page: Chinese first, English by choice, read from the ``.po`` as written.

Catalogues are compiled in memory when first asked for, so nothing built can be stale or missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Domain, get_locale

TRANSLATIONS = str(Path(__file__).parent / "translations")
COOKIE = "lc-language"
SPOKEN = ("zh", "en")  # in the order of preference; matched by language, never by region
DOMAIN = "messages"


def locale() -> str:
    """Choose the language: the person's own choice, then the browser's wish, then Chinese."""
    if not has_request_context():
        return SPOKEN[0]
    chosen = request.cookies.get(COOKIE, "")
    if chosen in SPOKEN:
        return chosen
    wished = (str(wish).lower().split("-")[0] for wish in request.accept_languages.values())
    return next((language for language in wished if language in SPOKEN), SPOKEN[0])


def in_english() -> bool:
    """Tell whether the current page speaks English."""
    spoken = get_locale()
    return spoken is not None and spoken.language == "en"


def speak(app: Flask, folders: Iterable[str] = (TRANSLATIONS,)) -> None:
    """Let the app's Babel read the ``.po`` files; call it after ``Babel.init_app``."""
    app.extensions["babel"].instance.domain_instance = _Written(tuple(folders))
    app.jinja_env.globals.update(in_english=in_english)


class _Written(Domain):  # type: ignore[misc]  # flask-babel carries no types
    """A domain whose catalogues come straight from ``.po`` files."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        super().__init__(list(folders), DOMAIN)
        self.folders = folders

    def get_translations(self) -> NullTranslations:
        """Give the catalogue of the current page."""
        spoken = get_locale()
        return catalogue(self.folders, spoken.language if spoken else SPOKEN[0])


@lru_cache(maxsize=8)
def catalogue(folders: tuple[str, ...], language: str) -> NullTranslations:
    """Read one language's messages of all folders; a language without a file says the originals."""
    merged: Any = Translations()
    for folder in folders:
        path = Path(folder) / language / "LC_MESSAGES" / f"{DOMAIN}.po"
        if path.is_file():
            packed = BytesIO()
            with path.open("rb") as written:
                write_mo(packed, read_po(written, locale=language))
            packed.seek(0)
            merged = merged.merge(Translations(packed, domain=DOMAIN))
    return cast("NullTranslations", merged)
