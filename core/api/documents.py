"""/api/v1/docs: the documentation page, offline, under the same content policy."""

from __future__ import annotations

from flask import render_template

from core.access import open_to_all
from core.api.blueprint import ApiBlueprint

blueprint = ApiBlueprint("documents", __name__)


@blueprint.route("/docs")
@blueprint.doc(hidden=True)
@open_to_all
def docs() -> str:
    """Show the OpenAPI description as a page."""
    return render_template("docs.html")
