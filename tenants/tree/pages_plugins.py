"""The page of a place's plugins: what is installed, what counts here and who said so."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from core.access import Here, requires
from core.catalog.enabled import Heard, enabled_plugins, heard
from core.catalog.host import Record
from core.catalog.settings import describe
from core.errors import Invalid, LifecircleError
from core.policy import Permission
from core.web.frame import frame
from core.web.language import in_english
from core.web.pages.blueprint import faults_of, page, said, see
from tenants.tree.pages_places import blueprint
from tenants.tree.plugins import Word, forget_plugin, set_plugin

__all__ = ["blueprint"]  # of pages, with the views of this module on it


@blueprint.route("/t/<tenant>/plugins")
@requires(Permission.PLUGIN_READ)
def plugins(here: Here) -> Response:
    """List the plugins of this installation and what counts for this place."""
    return _plugins(here)


@blueprint.route("/t/<tenant>/plugins/<string:key>", methods=["POST"])
@requires(Permission.PLUGIN_SET)
def say(here: Here, key: str) -> Response:
    """Turn a plugin on or off here, with its settings, for this place or for all below too."""
    form = request.form
    try:
        word = Word(
            plugin_key=key,
            on=form.get("state") == "on",
            settings=_settings(here, key),
            locked=form.get("locked") == "yes",
        )
        with here.session() as session:
            set_plugin(session, here.services.host, word)
    except LifecircleError as error:
        return _plugins(here, error, key)
    flash(_("插件 %(key)s 的设置已保存。", key=key), "met")
    return see(url_for("tree_pages.plugins", tenant=here.slug))


@blueprint.route("/t/<tenant>/plugins/<string:key>/forget", methods=["POST"])
@requires(Permission.PLUGIN_SET)
def forget(here: Here, key: str) -> Response:
    """Take this place's word back, so that the one above counts again."""
    try:
        with here.session() as session:
            forget_plugin(session, key)
    except LifecircleError as error:
        return _plugins(here, error, key)
    flash(_("插件 %(key)s 改为按上级的设置。", key=key), "met")
    return see(url_for("tree_pages.plugins", tenant=here.slug))


def _settings(here: Here, key: str) -> dict[str, Any]:
    """Read the fields that the plugin declares; an empty one takes its default."""
    form = request.form
    found: dict[str, Any] = {}
    for name, about in _declared(here.services.host.record(key)).items():
        given = form.get(f"s-{name}", "").strip()
        if about.get("type") == "boolean":
            found[name] = given == "yes"
        elif given:
            found[name] = given if _kind(about) == "text" else _read(name, given)
    return found


def _read(name: str, given: str) -> Any:
    try:
        return json.loads(given)
    except ValueError:
        raise Invalid(
            f"{name} 读不懂，没有改变。数字写成 15，列表写成 [1, 2]，请改正。",
            english=f"{name} cannot be read; nothing was changed. Write numbers like 15 and lists "
            "like [1, 2].",
        ) from None


def _kind(about: dict[str, Any]) -> str:
    """Tell how a declared setting is typed in: yes or no, a text, or JSON."""
    return {"boolean": "flag", "string": "text"}.get(str(about.get("type")), "json")


def _declared(record: Record) -> dict[str, Any]:
    if record.manifest is None:
        return {}
    properties: dict[str, Any] = describe(record.manifest.settings).get("properties", {})
    return properties


def _plugins(here: Here, error: LifecircleError | None = None, wrong_key: str = "") -> Response:
    with here.session() as session:
        words = heard(session)
        enabled = enabled_plugins(session, here.services.host)
    rows = [
        _row(record, words.get(record.key), enabled.get(record.key))
        for record in here.services.host.records
    ]
    return page(
        "tree/plugins.html",
        200 if error is None else error.status,
        shell=frame(here, "plugins"),
        here=here,
        plugins=rows,
        working=sum(row["enabled"] for row in rows),
        broken=sum(row["state"] == "broken" for row in rows),
        lost=sorted(words.keys() - {record.key for record in here.services.host.records}),
        may_set=here.may(Permission.PLUGIN_SET),
        wrong=None if error is None else said(error),
        wrong_parts=[] if error is None else faults_of(error),
        wrong_key=wrong_key,
    )


def _row(record: Record, word: Heard | None, settings: dict[str, Any] | None) -> dict[str, Any]:
    said_by = ""
    if word is not None:
        said_by = word.english if in_english() and word.english else word.name
    now = dict(word.settings) if word is not None else settings or {}
    return {
        "key": record.key,
        "title": record.title or record.name,
        "version": record.version,
        "state": str(record.state),
        "error": record.error,
        "contact": record.contact,
        "built_in": record.built_in,
        "enabled": settings is not None,
        "fields": [_field(name, about, now) for name, about in _declared(record).items()],
        "word": word,
        "by": said_by,
    }


def _field(name: str, about: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    value = now.get(name, about.get("default"))
    kind = _kind(about)
    shown = value if kind == "text" else json.dumps(value, ensure_ascii=False)
    return {
        "name": name,
        "title": about.get("title", name),
        "note": about.get("description", ""),
        "kind": kind,
        "on": value is True,
        "value": "" if value is None else shown,
    }
