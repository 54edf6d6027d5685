"""Errors of the API as application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Response
from marshmallow import Schema, fields

if TYPE_CHECKING:
    from werkzeug.exceptions import HTTPException

    from core.errors import LifecircleError

MEDIA = "application/problem+json"

SENTENCES = {
    400: ("请求读不懂。请检查格式。", "The request cannot be read. Check its form."),
    404: ("没有这个地址或对象。", "There is no such address or thing."),
    405: ("这个地址不支持该方法。", "This address does not take that method."),
    413: ("内容超过大小上限。", "What was sent is too large."),
    415: ("内容类型不受支持。", "This content type is not taken here."),
    422: ("内容有误，见 errors。", "What was sent has faults; see errors."),
    429: ("请求过于频繁，请稍候。", "Too many requests; wait a while."),
}
FAULT = (
    "服务出错，已记录；您的数据没有改变。请稍后再试。",
    "Something failed here and was logged; your data did not change. Try again later.",
)


class ProblemSchema(Schema):
    """What went wrong, in Chinese and English."""

    type = fields.String(metadata={"description": "URN of the code"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "whole Chinese sentence"})
    detail_en = fields.String(metadata={"description": "the same in English"})
    code = fields.String(required=True)
    errors = fields.Raw(metadata={"description": "fields or rows with their faults"})


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    english: str,
    errors: Any = None,
) -> Response:
    """Make one problem response."""
    body: dict[str, Any] = {
        "type": f"urn:lifecircle:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "detail_en": english,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    response = Response(json.dumps(body, ensure_ascii=False), status=status, mimetype=MEDIA)
    if status == 401:  # noqa: PLR2004 - the status that must name a scheme
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def from_error(error: LifecircleError) -> Response:
    """Tell one of our errors."""
    return problem(
        error.status,
        error.code,
        type(error).__name__,
        error.message,
        error.english,
        list(error.details),
    )


def from_http(error: HTTPException) -> Response:
    """Tell an error of the framework; its fields' faults are kept, its internals are not."""
    status = error.code or 500
    detail, english = SENTENCES.get(status, FAULT)
    extra: dict[str, Any] = getattr(error, "data", None) or {}
    response = problem(
        status,
        error.name.lower().replace(" ", "_"),
        error.name,
        detail,
        english,
        extra.get("errors") or extra.get("messages"),
    )
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def from_fault() -> Response:
    """Tell that something failed which nobody foresaw."""
    return problem(500, "fault", "Internal Server Error", *FAULT)
