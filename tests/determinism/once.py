"""Compute plans once in a process of its own and print what came: ``python once.py FOLDER``.

The folder holds ``plans.json``, a list of [name, plan], and the store ``blobs``.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path

from core.catalog.host import load
from core.runs.execute import Clock, Silent, compute
from core.store import Blobs


def main(folder: Path) -> None:
    """Print the digests of each plan's document and minutes, by the plan's name."""
    host, found = load(), {}
    for name, plan in json.loads((folder / "plans.json").read_text(encoding="utf-8")):
        computed = compute(Blobs(folder / "blobs"), host, plan, Clock(Silent()))
        found[name] = [sha256(each).hexdigest() for each in (computed.result, computed.minutes)]
    sys.stdout.write(json.dumps(found, sort_keys=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
