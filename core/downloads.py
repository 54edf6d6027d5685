"""Files that leave: named as RFC 6266 says, opened by no browser as a page of ours."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from flask import Response, send_file

from core.export import NOTE

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SANDBOX = "sandbox"


def attached(content: Path | bytes | str | BinaryIO, name: str, media: str) -> Response:
    """Give a file to keep under a name that may hold any characters.

    The answer carries ``Content-Disposition: attachment`` with an ASCII name and the whole one,
    and a content policy under which a browser runs nothing of it.
    """
    if isinstance(content, str):
        content = content.encode()
    body = io.BytesIO(content) if isinstance(content, bytes) else content
    kept = "".join(char for char in Path(name).name if char.isprintable()) or "file"
    answer = send_file(body, mimetype=media, as_attachment=True, download_name=kept)
    sandbox(answer)
    if media == CSV:
        answer.headers["Lifecircle-Note"] = NOTE
    return answer


def sandbox(answer: Response) -> None:
    """Hold an attachment to a policy of its own; what is no attachment is left alone."""
    if answer.headers.get("Content-Disposition", "").startswith("attachment"):
        answer.headers["Content-Security-Policy"] = SANDBOX
