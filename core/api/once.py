"""Once: a POST that names itself by an ``Idempotency-Key`` is done once, however often sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response
from marshmallow import EXCLUDE, Schema
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.api.schemas import text
from core.db import RequestKey
from core.errors import Conflict
from core.store import digest_of

LATER = "respond-async"  # RFC 7240: the sender knows that the answer comes before the result


class OnceSchema(Schema):
    """How a request that starts work names itself, and that it does not wait for the work."""

    class Meta:
        """A request has many other headers."""

        unknown = EXCLUDE

    key = text(
        most=200,
        load_default="",
        data_key="Idempotency-Key",
        metadata={
            "description": "sent again with the same body, the first answer is given again and "
            "nothing is done; with another body, 409"
        },
    )
    prefer = text(
        most=200,
        load_default="",
        data_key="Prefer",
        metadata={"description": "respond-async is what happens always: 202 and a Location"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request by its own name and by what it asks.

    Parameters
    ----------
    key
        What the sender calls it; empty: it may be done as often as it comes.
    digest
        Of the operation and everything it was sent.
    prefer
        The header ``Prefer``.
    """

    key: str
    digest: str
    prefer: str

    @classmethod
    def of(cls, headers: Mapping[str, str], operation: str, asked: Any) -> Once:
        """Name a request; ``asked`` is plain JSON, a file by its digest."""
        digest = digest_of({"operation": operation, "asked": asked})
        return cls(key=headers["key"], digest=digest, prefer=headers["prefer"])

    def kept(self, session: Session) -> Response | None:
        """Give the answer that was sent to this request before; others of its name wait here.

        Raises
        ------
        Conflict
            The name was used for something else.
        """
        if not self.key:
            return None
        lock = f"request:{session.info['tenant_id']}:{self.key}"
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(lock, 0))))
        row = session.scalar(select(RequestKey).where(RequestKey.key == self.key))
        if row is None:
            return None
        if row.digest != self.digest:
            raise Conflict(
                "这个 Idempotency-Key 已用于另一项请求，这一次什么都没有做。请换一个新的键再发送。",
                english="This Idempotency-Key was used for another request; nothing was done this "
                "time. Send it again under a new key.",
            )
        return self._response(row.answer, row.status, row.location)

    def answer(
        self, session: Session, body: Mapping[str, Any], status: int, location: str
    ) -> Response:
        """Answer, and keep the answer under the request's name until the session's commit."""
        words = json.dumps(body, ensure_ascii=False)
        if self.key:
            session.add(
                RequestKey(
                    tenant_id=session.info["tenant_id"],
                    key=self.key,
                    digest=self.digest,
                    status=status,
                    location=location,
                    answer=words,
                )
            )
            session.flush()
        return self._response(words, status, location)

    def _response(self, words: str, status: int, location: str) -> Response:
        response = Response(words, status, mimetype="application/json")
        response.headers["Location"] = location
        if LATER in {part.split(";")[0].strip().lower() for part in self.prefer.split(",")}:
            response.headers["Preference-Applied"] = LATER
        return response


def plain(asked: Mapping[str, Any]) -> Any:
    """Give what a schema has loaded as plain JSON, ids as texts."""
    return json.loads(json.dumps(asked, default=str))
