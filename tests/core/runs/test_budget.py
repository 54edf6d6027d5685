import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.contract import TableKind
from core.errors import Invalid
from core.runs.budget import MIB, Need, allowed_bytes, check, need
from core.runs.params import Params
from core.runs.town import load

TOP = Path(__file__).resolve().parents[3]
CITY = """
import json, sys
import numpy as np
from core.contract import TableKind
from core.runs.budget import need
from core.runs.document import minutes_table
from core.runs.execute import Silent
from core.runs.measure import count, measure, ready
from core.runs.params import Params
from core.runs.town import Loaded, settle

side, homes, formats = map(int, sys.argv[1:])
rng = np.random.default_rng(1)
lon, lat = np.meshgrid(np.arange(side) * 6e-4, np.arange(side) * 6e-4)
node = np.arange(side * side).reshape(side, side)
u = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()]).astype("i4")
v = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()]).astype("i4")
streets = {
    "nodes": {"lon": lon.ravel(), "lat": lat.ravel() + 36},
    "edges": {"u": u, "v": v, "metres": rng.uniform(50, 70, len(u)),
              "kind": np.full(len(u), "footway", dtype=object)},
}
where = rng.uniform(0, side * 6e-4, (2, homes))
residents = {"homes": {"lon": where[0], "lat": where[1] + 36, "people": np.full(homes, 9, "i4")}}
shops = rng.uniform(0, side * 6e-4, (2, 40 * formats))
outlets = {
    "outlets": {"lon": shops[0], "lat": shops[1] + 36},
    "offers": {
        "outlet": np.arange(40 * formats, dtype="i4"),
        "format": np.repeat([f"x.{n}" for n in range(formats)], 40).astype(object),
        "mode": np.full(40 * formats, "on_site", dtype=object),
        "hours": np.full(40 * formats, "", dtype=object),
    },
}
class Version:
    digest = "0" * 64
loaded = Loaded(
    tables={TableKind.STREETS: streets, TableKind.RESIDENTS: residents,
            TableKind.OUTLETS: outlets},
    manifests={TableKind.STREETS: Version},
)
params = Params.load({})
def kib(name):
    status = open("/proc/self/status").read()
    return int(status.split(name)[1].split()[0])
open("/proc/self/clear_refs", "w").write("5")
before = kib("VmRSS:")
town = settle(loaded, params)
networks = ready(town, (), params)
walks, keys = measure(town, (), {}, params, Silent().tick, networks)
counted = count(town, walks, (), keys, {}, params)
table = minutes_table(town, counted.walks)
taken = (kib("VmHWM:") - before) * 1024
print(json.dumps([taken, need(loaded, (), params).total]))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(
    ("side", "homes", "formats"), [(60, 20_000, 12), (250, 30_000, 40), (150, 200_000, 33)]
)
def test_a_run_takes_no_more_than_was_told_and_not_much_less(side, homes, formats):
    found = subprocess.run(
        [sys.executable, "-c", CITY, str(side), str(homes), str(formats)],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    taken, told = json.loads(found.stdout)
    assert taken <= told
    assert told <= 4 * taken + 64 * MIB


def test_a_run_that_would_not_fit_is_refused_with_the_figures():
    needed = Need(process=0, streets=3 * MIB, homes=5 * MIB, lines=7 * MIB, report=2 * MIB)
    check(needed, 17 * MIB)
    with pytest.raises(Invalid, match=r"17 MiB.*街道 3.*居民 5.*步行时间 7.*超过.*16 MiB"):
        check(needed, 16 * MIB)


def test_what_a_run_needs_grows_with_its_data(blobs, digests):
    loaded = load(blobs, digests)
    small = need(loaded, (), Params.load({}))
    tables = dict(loaded.tables)
    homes = tables[TableKind.RESIDENTS]["homes"]
    tables[TableKind.RESIDENTS] = {"homes": {**homes, "key": list(range(100_000))}}
    assert small.total > small.process
    assert need(loaded, (), Params.load({})) == small


def test_a_worker_may_take_what_was_set_or_its_share_of_the_machine():
    assert allowed_bytes(512) == 512 * MIB
    assert allowed_bytes(512, workers=4) == 512 * MIB
    assert 0 < allowed_bytes(0, workers=4) <= allowed_bytes(0) // 4 + 1
