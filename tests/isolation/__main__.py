"""`python -m tests.isolation`: the whole matrix, every way in, with its figures."""

from __future__ import annotations

import argparse
import time

from core.db import ParentSees
from tests.isolation import matrix, world
from tests.isolation.policies import committed, declared, text_of
from tests.opening import keep, opened


def whole(found: matrix.Found) -> dict[str, object]:
    """Walk everything; gives the figures."""
    with opened() as here:
        app, services = here.app, here.services
        above = here.settle("x-above", name="上级", level="nation")
        theirs = here.settle("x-theirs", name=f"{world.CANARY}市", parent_slug="x-above")
        ours = here.settle("x-ours", name="本市", parent_slug="x-above")
        ids = world.fill(theirs, above)
        own = world.fill(ours, above, tag="自己")
        if text_of(declared(app)) != text_of(committed()):
            found.wrong("policies.txt is not what the routes declare")
        before = matrix.imprint(theirs), above.rows("submissions", "reviews", "tenant_plugins")
        walkers = [
            world.anonymous(app),
            *world.by_role(app, services, ours),
            *world.browsers(app, services, ours),
            *world.by_role(app, services, above),
            *world.browsers(app, services, above),
            *world.by_scope(app, services, ours),
        ]
        matrix.strangers(app, walkers, theirs, ids, found)
        after = matrix.imprint(theirs), above.rows("submissions", "reviews", "tenant_plugins")
        if after != before:
            found.wrong("strangers changed rows of x-theirs or of its submissions")
        for sees in ParentSees:
            world.share(theirs, sees)
            matrix.insiders(app, world.above_seeing(app, services, above, sees), theirs, ids, found)
        inside = [
            world.anonymous(app),
            *world.by_scope(app, services, ours),
            *world.by_role(app, services, ours),
            *world.browsers(app, services, ours),
        ]
        matrix.insiders(app, inside, ours, own, found)
        return {
            "operations": len(matrix.operations_of(app)),
            "walkers": len(walkers) + len(inside) + 3 * len(list(world.Role)),
            "calls": sum(found.calls.values()),
            "answers": dict(sorted(found.calls.items())),
            "leaks": sum(each.startswith("tells") for each in found.defects),
            "side_effects": sum("changed" in each for each in found.defects),
        }


def main() -> int:
    """Run the command."""
    argparse.ArgumentParser(prog="tests.isolation", description=__doc__).parse_args()
    started, found = time.monotonic(), matrix.Found()
    figures = whole(found)
    return keep("isolation", started, figures, found.defects)


if __name__ == "__main__":
    raise SystemExit(main())
