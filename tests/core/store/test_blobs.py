import fcntl
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import NotFound
from core.store.blobs import Blobs, Damaged
from core.store.digest import sha256_hex

REPOSITORY = Path(__file__).parents[3]

WRITER = """
import sys
from pathlib import Path
from core.store.blobs import Blobs
blobs, number = Blobs(Path(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    print(blobs.put(number.to_bytes(8, "big") * 100_000), flush=True)
"""


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def test_bytes_come_back_under_their_digest(blobs):
    digest = blobs.put(b"streets")
    assert digest == sha256_hex(b"streets")
    assert blobs.read(digest) == b"streets"
    assert blobs.size(digest) == 7
    assert blobs.open(digest) == blobs.root / digest[:2] / digest[2:]


def test_equal_bytes_are_kept_once(blobs, tmp_path):
    (tmp_path / "file").write_bytes(b"same")
    assert blobs.put(b"same") == blobs.put(b"same") == blobs.put_file(tmp_path / "file")
    assert len([path for path in blobs.root.rglob("*") if path.is_file()]) == 1


def test_a_name_that_its_writer_did_not_live_to_sync_is_synced_by_the_next(blobs, monkeypatch):
    sync, synced = os.fsync, set()

    def only_files(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError("the power went")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    with pytest.raises(OSError, match="power"):
        blobs.put(b"streets")
    monkeypatch.setattr(
        os, "fsync", lambda each: synced.add(str(Path(f"/proc/self/fd/{each}").readlink()))
    )
    path = blobs.open(blobs.put(b"streets"))
    assert synced == {str(path.parent), str(blobs.root)}


def test_a_blob_is_readable_by_its_owner_alone_and_never_written_again(blobs):
    path = blobs.open(blobs.put(b"x"))
    assert path.stat().st_mode & 0o777 == 0o400
    assert blobs.root.stat().st_mode & 0o077 == 0


def test_a_missing_blob_is_not_found(blobs):
    assert not blobs.exists("0" * 64)
    with pytest.raises(NotFound):
        blobs.read("0" * 64)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "0" * 63, f"{0:064}\n"])
def test_what_is_no_digest_never_becomes_a_path(blobs, name):
    with pytest.raises(NotFound):
        blobs.open(name)


def test_a_flipped_bit_is_noticed(blobs):
    digest = blobs.put(b"residents" * 1000)
    damage(blobs.open(digest))
    with pytest.raises(Damaged):
        blobs.read(digest)
    with pytest.raises(Damaged):
        blobs.open(digest, verify=True)


def test_a_stream_that_breaks_leaves_nothing(blobs):
    class Broken:
        def read(self, size):  # noqa: ARG002 - a stream's signature
            if self.asked:
                raise ConnectionResetError
            self.asked = True
            return b"half"

        asked = False

    with pytest.raises(ConnectionResetError):
        blobs.put_stream(Broken())
    assert list(blobs.root.rglob("*")) == []


def test_killing_the_writer_leaves_no_torn_blob(blobs):
    draw = random.Random(15)  # noqa: S311 - when to kill, no secret
    kept = []
    for kill in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(blobs.root), str(kill << 32)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdout.readline() == "ready\n"
            time.sleep(draw.uniform(0.0, 0.03))
            os.kill(writer.pid, signal.SIGKILL)
            kept += [line.strip() for line in writer.stdout if line.endswith("\n")]
    found = [p for p in blobs.root.glob("??/*") if p.is_file()]
    assert len(found) >= len(set(kept))
    assert kept
    for path in found:
        assert sha256_hex(path.read_bytes()) == path.parent.name + path.name
    assert all(blobs.exists(digest) for digest in kept)


def test_the_litter_of_killed_writers_is_swept_when_it_is_old(blobs):
    digest = blobs.put(b"whole")
    litter = blobs.root / "abc.unfinished"
    litter.write_bytes(b"half")
    assert blobs.sweep() == 0
    os.utime(litter, (0, 0))
    assert blobs.sweep() == 1
    assert not litter.exists()
    assert blobs.read(digest) == b"whole"


def age(blobs, digest, days):
    then = time.time() - days * 86400
    os.utime(blobs.open(digest), (then, then))


def test_a_sweep_takes_what_nothing_names_and_nobody_put_for_long(blobs):
    old, named, young = (blobs.put(word) for word in (b"old", b"named", b"young"))
    for digest in (old, named):
        age(blobs, digest, 8)
    assert blobs.sweep_unnamed({named}, asked_at=time.time(), older_than_seconds=7 * 86400) == (
        1,
        3,
    )
    assert [blobs.exists(digest) for digest in (old, named, young)] == [False, True, True]


@pytest.mark.parametrize("put", ["put", "put_file"])
def test_putting_again_what_is_here_keeps_it_from_the_sweep(blobs, tmp_path, put):
    digest = blobs.put(b"same")
    age(blobs, digest, 8)
    (tmp_path / "file").write_bytes(b"same")
    getattr(blobs, put)({"put": b"same", "put_file": tmp_path / "file"}[put])
    assert blobs.sweep_unnamed(set(), asked_at=time.time(), older_than_seconds=7 * 86400) == (0, 0)
    assert blobs.read(digest) == b"same"


def test_where_a_folder_cannot_be_locked_a_file_in_it_is(blobs, monkeypatch):
    flock, refused = fcntl.flock, []

    def of_a_network(descriptor, how):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            refused.append(how)
            raise OSError
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", of_a_network)
    digest = blobs.put(b"same")
    age(blobs, digest, 8)
    assert blobs.sweep_unnamed(set(), asked_at=time.time(), older_than_seconds=1) == (1, 4)
    assert {fcntl.LOCK_SH, fcntl.LOCK_EX} <= set(refused)
    assert (blobs.root / ".lock").exists()
