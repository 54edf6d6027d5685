"""An archive holds every byte, pressed where that makes it smaller, and other tools open it."""

from __future__ import annotations

import io
import os
import tarfile

import pytest

from core.errors import Invalid
from core.keeping.archive import CHUNK, Part, read_head, read_parts, write_archive
from core.store import Damaged, canonical, sha256_hex

SECRET = b"a key of the tests, long enough"


def parts_of(folder, **contents):
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return [Part(name=name, path=folder / name) for name in contents]


def whole(path, secret=None):
    return {name: stream.read() for name, stream in read_parts(path, secret)}


@pytest.mark.parametrize("secret", [None, SECRET], ids=["open", "sealed"])
def test_every_part_comes_out_as_it_went_in(tmp_path, secret):
    contents = {
        "empty": b"",
        "one": b"1",
        "chunk": os.urandom(CHUNK),
        "words": b"a line of words\n" * 200_000,
        "more": os.urandom(3 * CHUNK + 1),
    }
    write_archive(tmp_path / "it", {"a": 1}, parts_of(tmp_path, **contents), secret)
    assert whole(tmp_path / "it", secret) == contents
    assert read_head(tmp_path / "it", secret)["a"] == 1


def test_what_gets_smaller_is_pressed_and_what_does_not_is_stored(tmp_path):
    noise, words = os.urandom(4 * CHUNK), b"a line of words\n" * 400_000
    for name, data in (("stored", noise), ("pressed", words)):
        [part] = parts_of(tmp_path, **{name: data})
        write_archive(tmp_path / f"{name}.archive", {}, [part])
    assert noise[:4096] in (tmp_path / "stored.archive").read_bytes()
    assert (tmp_path / "stored.archive").stat().st_size < 1.001 * len(noise) + 4096
    assert (tmp_path / "pressed.archive").stat().st_size < len(words) / 20


def test_of_a_file_that_is_both_each_stretch_is_judged_by_itself(tmp_path):
    noise = os.urandom(4 * CHUNK)
    mixed = bytes(4 * CHUNK) + noise + b"a line of words\n" * 400_000 + noise
    write_archive(tmp_path / "it", {}, parts_of(tmp_path, mixed=mixed))
    written = (tmp_path / "it").read_bytes()
    assert written.count(noise[CHUNK : CHUNK + 4096]) == 2
    assert len(written) < 1.1 * 2 * len(noise)
    assert [stream.read() for _, stream in read_parts(tmp_path / "it")] == [mixed]


def test_other_tools_open_it(tmp_path):
    write_archive(tmp_path / "it", {}, parts_of(tmp_path, a=os.urandom(CHUNK), b=b"b" * CHUNK))
    with tarfile.open(tmp_path / "it", "r:gz") as tar:
        assert tar.getnames() == ["manifest.json", "a", "b", "manifest.sha256"]
        assert tar.extractfile("b").read() == b"b" * CHUNK


def test_an_archive_in_one_gzip_member_as_it_was_written_before_is_read(tmp_path):
    data = b"as before" * 1000
    entry = {"name": "a", "bytes": len(data), "sha256": sha256_hex(data)}
    manifest = canonical({"format": 1, "parts": [entry]})
    with tarfile.open(tmp_path / "it", "w:gz") as tar:
        for name, each in (
            ("manifest.json", manifest),
            ("a", data),
            ("manifest.sha256", sha256_hex(manifest).encode()),
        ):
            told = tarfile.TarInfo(name)
            told.size = len(each)
            tar.addfile(told, io.BytesIO(each))
    assert whole(tmp_path / "it") == {"a": data}


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_changed_byte_in_a_stored_part_is_found(tmp_path, place):
    write_archive(tmp_path / "it", {}, parts_of(tmp_path, a=os.urandom(CHUNK // 8)))
    data = bytearray((tmp_path / "it").read_bytes())
    data[len(data) * place // 100] ^= 1
    (tmp_path / "it").write_bytes(data)
    with pytest.raises((Damaged, Invalid)):
        whole(tmp_path / "it")


def test_a_part_that_is_not_what_was_told_of_it_is_found_when_it_is_read(tmp_path):
    """A file that changed after it was hashed: its archive is no good, and says so."""
    [part] = parts_of(tmp_path, a=b"another")
    told = Part(name=part.name, path=part.path, sha256=sha256_hex(b"one"))
    write_archive(tmp_path / "it", {}, [told])
    with pytest.raises(Damaged, match="a "):
        list(read_parts(tmp_path / "it"))
