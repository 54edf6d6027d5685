"""Breaking bytes and words: what any hostile file may have done to it."""

from __future__ import annotations

import gzip
from random import Random

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "gbk", "big5", "utf-16", "utf-16-le", "utf-32")
WORDS = (
    *("", " ", "NaN", "nan", "inf", "-inf", "1e400", "-0", "0x10", "١٢", "1,5", "1_0", "None"),
    *("9" * 400, "9" * 5000, "-1", "1e12", "许多", "人", "=HYPERLINK(0)", "＝1+1", "@SUM(A1)"),
    *(
        "\x00",
        "\x1b[2J",
        "\u202e",
        "\u200b",
        "\ufeff",
        "\ufffd",
        "\U0010ffff",
        "𠮷",
        "a\u0300" * 50,
    ),
    *("'; DROP TABLE runs; --", "<script>", "{{7*7}}", "../../etc/passwd", "%s%n", "\\", '"', '""'),
    *("117.001", "36.65", "1170", "96", "121.4", "0", "便利店", "火箭发射场", "25:99-07:00"),
    *("07:00-22:00", "x" * 40_000, "长" * 9_000, "\t", "\r", "\n", "true", "2024-13-45"),
)


def flipped(rng: Random, content: bytes) -> bytes:
    """Change, cut, double or insert a few bytes."""
    if not content:
        return content
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 30))):
        _change(rng, changed)
    return bytes(changed)


def _change(rng: Random, changed: bytearray) -> None:
    """Do one thing to bytes, in place."""
    at = rng.randrange(len(changed) or 1)
    end = at + rng.choice((1, 3, 50))
    inserted = (b"\0", b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b'"', bytes(changed[at:end]))
    what = rng.random()
    if what < 0.5:
        changed[at : at + 1] = bytes([rng.randrange(256)])
    elif what < 0.7:
        del changed[at:end]
    elif what < 0.96:
        changed[at:at] = rng.choice(inserted)
    else:
        del changed[at:]


def encoded(rng: Random, words: str) -> bytes:
    """Write words in some encoding, perhaps with a wrong byte, a wrong mark, or packed."""
    written = words.encode(rng.choice(ENCODINGS), "replace")
    if rng.random() < 0.25:
        at = rng.randrange(len(written) + 1)
        written = written[:at] + rng.choice((b"\xff", b"\x80", b"\0", b"\x1a")) + written[at:]
    if rng.random() < 0.1:
        written = rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) + written
    if rng.random() < 0.08:
        written = gzip.compress(written, 1)
    return written
