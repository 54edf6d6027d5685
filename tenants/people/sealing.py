"""Secrets at rest: sealed with a key that is derived from the installation's secret key."""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Misconfigured

NONCE = 12  # bytes, as AES-GCM wants them
PURPOSE = b"lifecircle second factor 1"  # another use of the same secret key gets another key


def seal(secret_key: str, text: str, *, owner: str) -> str:
    """Encrypt a text with AES-256-GCM under a key by HKDF-SHA256.

    Parameters
    ----------
    secret_key
        The installation's.
    text
        What is to be kept.
    owner
        Whose it is; opened for anybody else it does not open, so rows cannot be swapped.

    Raises
    ------
    Misconfigured
        There is no secret key.
    """
    nonce = os.urandom(NONCE)
    sealed = _cipher(secret_key).encrypt(nonce, text.encode(), owner.encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(secret_key: str, sealed: str, *, owner: str) -> str | None:
    """Decrypt what ``seal`` gave; ``None`` with another key, another owner or changed bytes.

    Raises
    ------
    Misconfigured
        There is no secret key.
    """
    cipher = _cipher(secret_key)
    try:
        parts = base64.b64decode(sealed, validate=True)
        return cipher.decrypt(parts[:NONCE], parts[NONCE:], owner.encode()).decode()
    except (InvalidTag, ValueError):
        return None


def _cipher(secret_key: str) -> AESGCM:
    if not secret_key:
        raise Misconfigured(
            "未设置 LIFECIRCLE_SECRET_KEY，两步验证的密钥无法加密保存，没有改变。"
            "请设为固定的随机长串后重启。",
            english="LIFECIRCLE_SECRET_KEY is not set, so second factors cannot be kept encrypted; "
            "nothing was changed. Set it to a fixed long random text and start again.",
        )
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return AESGCM(kdf.derive(secret_key.encode()))
