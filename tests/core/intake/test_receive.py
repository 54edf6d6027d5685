import io
import re

import pytest
from sqlalchemy import select

from core.db import Upload
from core.errors import Invalid, TooLarge
from core.intake.receive import receive


@pytest.fixture
def send(database, blobs, tenant):
    def go(content, filename="a.csv", limit=1000):
        with database.session(tenant) as session:
            upload = receive(
                session,
                blobs,
                stream=io.BytesIO(content),
                filename=filename,
                by=None,
                limit=limit,
            )
            return upload.filename, upload.media, upload.bytes, upload.digest

    return go


def test_a_file_becomes_a_blob_and_a_row(send, blobs):
    _, media, size, digest = send(b"lon,lat\n")
    assert (media, size) == ("text/plain", 8)
    assert blobs.read(digest) == b"lon,lat\n"


def test_equal_files_are_two_rows_and_one_blob(send, blobs, database, tenant):
    assert send(b"same")[3] == send(b"same", "b.csv")[3]
    with database.session(tenant) as session:
        assert len(list(session.scalars(select(Upload)))) == 2


def test_a_file_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(send, blobs):
    assert send(b"x" * 1000)[2] == 1000
    with pytest.raises(TooLarge, match="什么都没有写入"):
        send(b"y" * 1001)
    assert len(list(blobs.root.glob("??/*"))) == 1


def test_an_empty_file_is_refused(send, database, tenant):
    with pytest.raises(Invalid, match="空的"):
        send(b"")
    with database.session(tenant) as session:
        assert list(session.scalars(select(Upload))) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/网点.csv", "网点.csv"),
        ("C:\\data\\a.xlsx", "a.xlsx"),
        ("a\x00b\n.csv", "ab .csv"),
        ("", "upload"),
        ("..", ".."),
        ("长" * 300 + ".csv", "长" * 196 + ".csv"),
    ],
)
def test_only_the_last_part_of_a_name_is_kept(send, given, kept):
    assert send(b"x", given)[0] == kept


@pytest.mark.parametrize(
    ("start", "media"),
    [
        (b"\0\0\0\x0d\n\tOSMHeader", "application/vnd.openstreetmap.data+protobuf"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x1f\x8b\x08", "application/gzip"),
        (b"\xef\xbb\xbf {}", "application/json"),
        (b"\x7fELF\0", "application/octet-stream"),
    ],
)
def test_the_kind_of_file_is_told_by_its_bytes(send, start, media):
    assert send(start, "whatever.csv")[1] == media


def test_the_name_of_a_blob_is_its_sha256(send):
    assert re.fullmatch("[0-9a-f]{64}", send(b"x")[3])
