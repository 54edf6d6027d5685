"""Sending a file as a browser does, and closing what the test client leaves open."""

from __future__ import annotations

import json

from werkzeug.test import EnvironBuilder


def upload(client, slug, kind, path, options=None, **fields):
    """Post a file to a tenant's uploads; gives the answer.

    The test client spools a long body into a temporary file and never closes it, which the
    suite's warnings-as-errors would blame on us.
    """
    with path.open("rb") as file:
        builder = EnvironBuilder(
            f"/api/v1/tenants/{slug}/uploads",
            method="POST",
            data={
                "kind": str(kind),
                "options": json.dumps(options or {}),
                "file": (file, path.name),
                **fields,
            },
            environ_base=client.environ_base,
        )
        environ = builder.get_environ()
        try:
            return client.open(environ)
        finally:
            environ["wsgi.input"].close()
