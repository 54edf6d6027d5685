"""Names that people give: cleaned and checked in one place."""

from __future__ import annotations

import unicodedata

from core.errors import Invalid

LONGEST_NAME = 60
LONGEST_ENGLISH = 120  # the same place takes more letters than characters
LONGEST_COMMENT = 2000


def checked_name(name: str, *, longest: int = LONGEST_NAME) -> str:
    """Give a name in its one form: composed, without spaces around it.

    Raises
    ------
    Invalid
        Empty, longer than ``longest`` characters, or with control or other invisible characters.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if not name or len(name) > longest or _invisible(name):
        raise Invalid(
            f"名称须为 1 至 {longest} 个可见字符，没有保存，请改正。",
            english=f"A name has 1 to {longest} visible characters; nothing was saved.",
        )
    return name


def checked_comment(comment: str) -> str:
    """Give a comment in its one form; line breaks may stay.

    Raises
    ------
    Invalid
        Longer than 2000 characters, or with control characters other than line breaks.
    """
    comment = unicodedata.normalize("NFC", comment).replace("\r\n", "\n").strip()
    if len(comment) > LONGEST_COMMENT or _invisible(comment.replace("\n", "")):
        raise Invalid(
            f"意见最多 {LONGEST_COMMENT} 个字，不能含控制字符，没有保存，请改正。",
            english=f"A comment has at most {LONGEST_COMMENT} characters and no control "
            "characters; nothing was saved.",
        )
    return comment


def _invisible(text: str) -> bool:
    """Tell whether a text holds control, format, surrogate or unassigned characters."""
    return any(unicodedata.category(character).startswith("C") for character in text)
