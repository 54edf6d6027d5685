"""Errors as pages: what happened, what did not change, and one way on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Response, make_response, redirect, render_template, request
from flask_babel import gettext as _

from core.errors import LifecircleError, NotSignedIn
from core.web.language import in_english

if TYPE_CHECKING:
    from werkzeug.exceptions import HTTPException

SIGN_IN = "/sign-in"  # the page of the room that knows people


def error_page(error: LifecircleError) -> Response:
    """Tell one of our errors; who is not signed in is sent to do so and comes back after."""
    if isinstance(error, NotSignedIn) and request.method == "GET":
        back = request.full_path.rstrip("?")
        return _plain(make_response(redirect(f"{SIGN_IN}?next={quote(back)}")))
    sentence = error.english if in_english() else error.message
    return _page(error.status, _title(error.status), sentence)


def http_error_page(error: HTTPException) -> Response:
    """Tell an error that Flask raised before a view ran, such as an unknown address."""
    return _page(error.code or 500, _title(error.code or 500), _sentence(error.code or 500))


def fault_page() -> Response:
    """Tell that something unforeseen happened; its particulars are in the log only."""
    return _page(500, _title(500), _sentence(500))


def _title(status: int) -> str:
    titles: dict[int, str] = {
        403: _("没有这项权限"),
        404: _("没有这个页面"),
        405: _("没有这个页面"),
        409: _("内容已经变了"),
        413: _("文件太大"),
        422: _("内容有误"),
        429: _("请求太频繁"),
        503: _("暂时不可用"),
    }
    return titles.get(status) or str(_("没有成功"))


def _sentence(status: int) -> str:
    sentences: dict[int, str] = {
        400: _("请求读不懂，数据没有改变。请回到页面重试。"),
        404: _("地址写错了，或它已不在这里。数据没有改变。"),
        405: _("这个地址只收表单。数据没有改变，请从页面上的按钮操作。"),
        413: _("上传的文件超过大小上限，没有接收。请压缩或拆开后再传。"),
        415: _("这里只收网页上的表单，数据没有改变。请从页面上操作。"),
        429: _("请稍等一会儿再试。"),
    }
    return sentences.get(status) or str(_("服务出错，已记录；数据没有改变。请稍后再试。"))


def _page(status: int, title: str, sentence: str) -> Response:
    page = render_template(
        "error.html", title=title, sentence=sentence, back="/", back_words=_("回到首页")
    )
    return _plain(make_response(page, status))


def _plain(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
