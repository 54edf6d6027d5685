"""Passwords: argon2id hashes, and what is too weak to become one."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from core.errors import Invalid

SHORTEST = 12
LONGEST = 256  # a longer one only costs the hash time
FEWEST_DISTINCT = 5
JUDGED = 72  # characters that the estimate of guesses looks at
HARD_ENOUGH = 3  # of 4: more than 10^8 guesses by somebody who knows the leaked passwords
OURS = ["lifecircle", "shenghuoquan", "shangwuju", "生活圈", "商务局"]

# Long enough to pass the length rule and among the first that anybody here tries. The estimate of
# guesses knows 30,000 leaked passwords and how they are varied, but few of China's.
COMMON = frozenset(
    {
        "000000000000",
        "111111111111",
        "112233445566",
        "123123123123",
        "1234567890123",
        "123456789012",
        "1234567890ab",
        "123456789abc",
        "123456789qwe",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "abcd12345678",
        "abcdefghijkl",
        "admin1234567",
        "admin12345678",
        "adminadminadmin",
        "administrator",
        "asdfghjkl123",
        "changemechangeme",
        "iloveyou1234",
        "lifecircle12",
        "lifecircle123",
        "lifecircle2024",
        "lifecircle2025",
        "lifecircle2026",
        "letmein12345",
        "passw0rd1234",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "qwerty123456",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopas",
        "shandong1234",
        "welcome12345",
        "woaini123456",
        "woaini1314520",
        "zaq12wsxcde3",
        "zxcvbnm12345",
    }
)

_HASHER = PasswordHasher()  # argon2id with the parameters that RFC 9106 gives for little memory


def check(password: str, *, login: str) -> None:
    """Refuse what is too weak.

    Raises
    ------
    Invalid
        Too short, too long, leaked or a variation of what is leaked, too few distinct characters,
        or containing the login.
    """
    if not SHORTEST <= len(password) <= LONGEST or not _is_text(password):
        raise Invalid(
            f"密码须为 {SHORTEST} 至 {LONGEST} 个字符，密码没有改变，请换一个。",
            english=f"A password has {SHORTEST} to {LONGEST} characters; "
            "nothing was changed, choose another.",
        )
    folded = password.casefold()
    weak = (
        folded in COMMON
        or len(set(folded)) < FEWEST_DISTINCT
        or (len(login) > 2 and login.casefold() in folded)  # noqa: PLR2004 - one or two letters say nothing
        or zxcvbn(password[:JUDGED], user_inputs=[login, *OURS])["score"] < HARD_ENOUGH
    )
    if weak:
        raise Invalid(
            "这个密码在外泄名单上、太常见或包含登录名，密码没有改变，请换一个更难猜的。",
            english="This password is among those leaked, too common, or contains the login; "
            "nothing was changed, choose one that is harder to guess.",
        )


def hashed(password: str) -> str:
    """Hash a password with argon2id and a fresh salt."""
    return _HASHER.hash(password)


def matches(stored: str, password: str) -> bool:
    """Tell whether a password fits a stored hash, in the same time whether there is one or not.

    Parameters
    ----------
    stored
        The hash, empty for a person without a password or for nobody: then a hash that nothing
        fits is verified, so that the time does not tell.
    password
        What was typed.
    """
    typed = password[:LONGEST] if _is_text(password) else ""
    try:
        _HASHER.verify(stored or _nobody(), typed)
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored) and typed == password


def outdated(stored: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def _is_text(password: str) -> bool:
    """Tell whether a password can be written as UTF-8: a lone surrogate cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in password)


@cache
def _nobody() -> str:
    """Hash something that no sign-in can type: longer than any password may be."""
    return _HASHER.hash("?" * (LONGEST + 1))
