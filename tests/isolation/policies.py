"""The declared policy of every route, checked in as text: one line a method and address.

``python -m tests.isolation.policies`` renews ``policies.txt``; read the difference first.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

COMMITTED = Path(__file__).with_name("policies.txt")
REMEDY = (
    "What a route asks for has changed, or a route is new. Judge it, and then: "
    "python -m tests.isolation.policies"
)


def declared(app):
    """Give what every method of every route asks of who calls it."""
    found = {}
    for rule in app.url_map.iter_rules():
        access = getattr(app.view_functions[rule.endpoint], "access", None)
        path = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            found[f"{method} {path}"] = "UNDECLARED" if access is None else str(access)
    return found


def text_of(policies):
    """Write the policies as they are committed."""
    width = max(map(len, policies))
    return "".join(
        f"{name:<{width}}  {policies[name]}\n"
        for name in sorted(policies, key=lambda name: (name.split()[1], name))
    )


@cache
def committed():
    """Read the committed policies."""
    lines = COMMITTED.read_text(encoding="utf-8").splitlines()
    return {line.rsplit(None, 1)[0].rstrip(): line.rsplit(None, 1)[1] for line in lines}


if __name__ == "__main__":
    from tests.house.test_openapi import served

    COMMITTED.write_text(text_of(declared(served()[0])), encoding="utf-8")
