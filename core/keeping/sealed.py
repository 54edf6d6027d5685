"""Sealed: a stream that only a passphrase or key file opens, and in which no byte can be changed.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and
its Nonce-Reuse Misuse-Resistance, 2015): chunks of ChaCha20-Poly1305 whose nonces count them and
mark the last one, so that chunks can be neither reordered nor cut off. The key is drawn from the
secret by scrypt (RFC 7914) with a fresh salt, so no nonce is ever used twice with one key.
"""

from __future__ import annotations

import hashlib
import io
import os
from typing import BinaryIO, ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from typing_extensions import Buffer, override

from core.errors import Invalid

MAGIC = b"lifecircle sealed 1\n"
SALT_BYTES = 16
CHUNK = 1 << 20
TAG_BYTES = 16
COST, BLOCK, LANES = 1 << 16, 8, 1  # 64 MiB and a fifth of a second for each guess
SHORTEST = 12  # characters of a secret


class Broken(ValueError):
    """A chunk is not what was sealed: damaged, cut off, or another secret."""


def key_of(secret: bytes, salt: bytes) -> ChaCha20Poly1305:
    """Draw the key from a secret.

    Raises
    ------
    Invalid
        The secret is shorter than twelve bytes.
    """
    if len(secret) < SHORTEST:
        raise Invalid(
            f"口令或密钥文件不足 {SHORTEST} 个字符，没有读写任何内容。请换一个更长的。",
            english=f"The passphrase or key file has fewer than {SHORTEST} characters; nothing "
            "was read or written. Choose a longer one.",
        )
    drawn = hashlib.scrypt(
        secret, salt=salt, n=COST, r=BLOCK, p=LANES, maxmem=256 * COST * BLOCK, dklen=32
    )
    return ChaCha20Poly1305(drawn)


class Sealer(io.RawIOBase):
    """A file to write to; what is written reaches ``target`` sealed. Close it: that marks the end.

    Closing leaves ``target`` open.
    """

    def __init__(self, target: BinaryIO, secret: bytes) -> None:
        salt = os.urandom(SALT_BYTES)
        self._key = key_of(secret, salt)
        self._target = target
        self._waiting = bytearray()
        self._number = 0
        target.write(MAGIC + salt)

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Buffer, /) -> int:
        """Take bytes; whole chunks go on, the last one waits for its mark."""
        taken = memoryview(data).cast("B")
        self._waiting += taken
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(taken)

    @override
    def close(self) -> None:
        """Seal what waits as the last chunk."""
        if not self.closed:
            self._seal(bytes(self._waiting), last=True)
            self._waiting.clear()
        super().close()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._target.write(self._key.encrypt(nonce, chunk, MAGIC))
        self._number += 1


class Opener(io.RawIOBase):
    """A sealed file to read from; every byte it gives has been checked.

    Raises
    ------
    Broken
        While reading: the next chunk is not what was sealed.
    """

    CLEAR: ClassVar[int] = len(MAGIC) + SALT_BYTES

    def __init__(self, source: BinaryIO, secret: bytes) -> None:
        head = source.read(self.CLEAR)
        if len(head) != self.CLEAR or not head.startswith(MAGIC):
            raise Broken("no sealed file")
        self._key = key_of(secret, head[len(MAGIC) :])
        self._source = source
        self._ahead = source.read(CHUNK + TAG_BYTES)
        self._opened = memoryview(b"")
        self._number = 0
        self._over = False

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        """Fill as much of the buffer as one chunk gives; nothing at the end."""
        while not self._opened and not self._over:
            self._open()
        room = memoryview(buffer).cast("B")
        given = min(len(room), len(self._opened))
        room[:given] = self._opened[:given]
        self._opened = self._opened[given:]
        return given

    def _open(self) -> None:
        sealed, self._ahead = self._ahead, self._source.read(CHUNK + TAG_BYTES)
        self._over = not self._ahead
        try:
            nonce = _nonce(self._number, last=self._over)
            self._opened = memoryview(self._key.decrypt(nonce, sealed, MAGIC))
        except InvalidTag:
            raise Broken(f"chunk {self._number + 1}") from None
        self._number += 1


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")
