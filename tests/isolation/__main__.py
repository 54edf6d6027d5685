"""`python -m tests.isolation`: the whole matrix, every way in, with its figures."""

from __future__ import annotations

import argparse
import time
from typing import Any

from core.db import ParentSees
from tests.bench.trust import keep
from tests.isolation import matrix, tree, world
from tests.isolation.outside import operations_outside, outside
from tests.isolation.policies import committed, declared, text_of
from tests.opening import Opened, opened

FROM_ABOVE = tree.Around(
    acting="x-above", one="x-theirs", child="x-nephew", other="x-ours", elsewhere=("x-abroad",)
)
FROM_OURS = tree.Around(
    acting="x-ours",
    one="x-child",
    child="x-grand",
    other="x-other",
    elsewhere=("x-above", "x-theirs", "x-nephew", "x-abroad"),
)
FAMILY = {"x-nephew": "x-theirs", "x-child": "x-ours", "x-other": "x-ours", "x-grand": "x-child"}


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
        of_ours = [*world.by_role(app, services, ours), *world.browsers(app, services, ours)]
        of_above = [*world.by_role(app, services, above), *world.browsers(app, services, above)]
        scopes = world.by_scope(app, services, ours)
        system = [*world.by_system(app, services), world.once_a_member(app, services, ours)]
        nobody = world.anonymous(app)
        before = matrix.imprint(theirs), above.rows("submissions", "reviews", "tenant_plugins")
        walkers = [nobody, *of_ours, *of_above, *scopes, *system]
        matrix.strangers(app, walkers, theirs, ids, found)
        after = matrix.imprint(theirs), above.rows("submissions", "reviews", "tenant_plugins")
        if after != before:
            found.wrong("strangers changed rows of x-theirs or of its submissions")
        for sees in ParentSees:
            world.share(theirs, sees)
            matrix.insiders(app, world.above_seeing(app, services, above, sees), theirs, ids, found)
        inside = [nobody, *scopes, *of_ours]
        outer = [nobody, *of_ours, *of_above, *system]
        hidden = matrix.secrets_of(theirs, ids)
        beside = [nobody, *of_ours]
        higher = [nobody, *of_above]
        family = _around(here, {"x-above": above, "x-theirs": theirs, "x-ours": ours})
        _tree(app, family, beside, higher, found)
        matrix.insiders(app, inside, ours, own, found)
        bystander = world.bystander(app, services, theirs)
        outside(app, outer, bystander, hidden, found, above="x-above")
        admins = [world.by_role(app, services, above)[0], world.browsers(app, services, above)[0]]
        tree.arranged(app, admins, FROM_ABOVE, family, found)  # a place that has data
        return {
            "operations": len(matrix.operations_of(app)) + len(operations_outside(app)),
            "of them naming no place": len(operations_outside(app)),
            "walkers": len(walkers) + len(inside) + 3 * len(list(world.Role)),
            "calls": sum(found.calls.values()),
            "answers": dict(sorted(found.calls.items())),
            "leaks": sum(each.startswith("tells") for each in found.defects),
            "side_effects": sum("changed" in each for each in found.defects),
        }


def _around(here: Opened, places: dict[str, Any]) -> dict[str, Any]:
    """Make places around some, and one in another tree; gives all by their slugs."""
    made = dict(places)
    for slug, parent in FAMILY.items():
        made[slug] = here.settle(slug, name=f"地方{len(made)}", parent_slug=parent)
    made["x-abroad"] = here.settle("x-abroad", name="他国", level="nation")
    return made


def _tree(app: Any, places: dict[str, Any], beside: Any, higher: Any, found: Any) -> None:
    """Arrange places as everybody of the place above and of one beside; nothing may change."""
    before = matrix.imprint(*places.values()), tree.standing(places["x-above"])
    tree.arranging(app, higher, FROM_ABOVE, found)
    tree.arranging(app, beside, FROM_OURS, found)
    if (matrix.imprint(*places.values()), tree.standing(places["x-above"])) != before:
        found.wrong("arranging that was refused or foretold changed rows")


def main() -> int:
    """Run the command."""
    argparse.ArgumentParser(prog="tests.isolation", description=__doc__).parse_args()
    started, found = time.monotonic(), matrix.Found()
    figures = whole(found)
    for defect in found.defects[:50]:
        print("DEFECT", defect)  # noqa: T201 - a command's own words
    keep(
        "isolation",
        seconds=time.monotonic() - started,
        figures=figures,
        defects=len(found.defects),
    )
    print(figures)  # noqa: T201 - the same
    return 1 if found.defects else 0


if __name__ == "__main__":
    raise SystemExit(main())
