"""The audit chain for those who audit: a list with filters, one record, whether it holds, CSV."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Response, request
from flask_babel import gettext as _

from core.access import Here, requires
from core.db import AuditEvent, trail
from core.db.audit import FAULT_WORDS, first_broken, head
from core.db.trail import Wanted
from core.downloads import CSV, attached
from core.errors import Invalid, NotFound
from core.export import csv_text
from core.policy import Permission
from core.web.frame import frame
from core.web.language import in_english
from core.web.pages.blueprint import BEIJING, blueprint, page, said

PAGE = 50
MOST_ROWS = 100_000  # of one CSV; the rest by another span of time
LAST = 2**63 - 1  # the highest number that a record may have


@blueprint.route("/t/<tenant>/audit")
@requires(Permission.AUDIT_READ)
def audit(here: Here) -> Response:
    """List the records, and say on demand whether the chain holds."""
    wrong = None
    try:
        wanted = _wanted()
    except Invalid as error:
        wanted, wrong = Wanted(), error
    with here.session() as session:
        total = trail.count(session, wanted)
        pages = max(1, -(-total // PAGE))
        number = min(max(request.args.get("page", 1, type=int), 1), pages)
        rows = trail.find(session, wanted, limit=PAGE, offset=(number - 1) * PAGE)
        actors = trail.actors(session)
        last = head(session)
        checked = "check" in request.args
        broken = first_broken(session) if checked else None
        names = names_of(here, actors)
        asked = {name: text for name, text in request.args.items() if name in FILTERS and text}
        return page(
            "audit.html",
            200 if wrong is None else wrong.status,
            shell=frame(here, "audit"),
            here=here,
            rows=[shape(row, names) for row in rows],
            total=total,
            number=number,
            pages=pages,
            actors=sorted((names.get(one, str(one)), str(one)) for one in actors),
            actions=trail.actions(session),
            asked=asked,
            last=last,
            checked=checked,
            broken=None if broken is None else broken.number,
            fault="" if broken is None else FAULT_WORDS[broken.fault][in_english()],
            wrong=None if wrong is None else said(wrong),
        )


@blueprint.route("/t/<tenant>/audit/<int:number>")
@requires(Permission.AUDIT_READ)
def audit_record(here: Here, number: int) -> Response:
    """Show one record with everything that its hash covers."""
    with here.session() as session:
        row = trail.one(session, number) if number <= LAST else None
        if row is None:
            raise NotFound("没有这条记录。", english="There is no such record.")
        names = names_of(here, [row.actor_id] if row.actor_id else [])
        return page(
            "audit_record.html",
            shell=frame(here, "audit"),
            here=here,
            row=shape(row, names),
            details=json.dumps(row.details, ensure_ascii=False, indent=2),
            hash=row.hash,
            prev_hash=row.prev_hash,
            last=head(session).number,
        )


@blueprint.route("/t/<tenant>/audit.csv")
@requires(Permission.AUDIT_READ)
def audit_csv(here: Here) -> Response:
    """Give the filtered records as a table that a spreadsheet opens."""
    with here.session() as session:
        rows = trail.find(session, _wanted(), limit=MOST_ROWS)
        names = names_of(here, {row.actor_id for row in rows if row.actor_id})
        text = csv_text(
            [_("编号"), _("时间"), _("谁"), _("做了什么"), _("对什么"), _("详情"), _("摘要")],
            (
                [
                    row.number,
                    row.at.astimezone(BEIJING).isoformat(timespec="seconds"),
                    shape(row, names)["actor"],
                    row.action,
                    row.subject,
                    json.dumps(row.details, ensure_ascii=False, sort_keys=True),
                    row.hash,
                ]
                for row in rows
            ),
        )
    return attached(text, f"audit-{here.slug}.csv", CSV)


FILTERS = ("actor", "action", "subject", "since", "until")


def names_of(here: Here, ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Name people by the ids that rows keep of them."""
    return here.services.policy.names(ids)


def shape(row: AuditEvent, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Give what a list says of a record."""
    actor = _("系统")
    if row.actor_id is not None:
        actor = names.get(row.actor_id) or str(row.actor_id)
    return {
        "number": row.number,
        "at": row.at,
        "actor": actor,
        "action": row.action,
        "subject": row.subject,
    }


def _wanted() -> Wanted:
    """Read the filters of the address."""
    actor = request.args.get("actor", "")
    try:
        actor_id = UUID(actor) if actor else None
    except ValueError:
        raise _no_filter() from None
    until = _day("until")
    return Wanted(
        actor_id=actor_id,
        action=request.args.get("action", ""),
        subject=request.args.get("subject", "").strip(),
        since=_day("since"),
        until=None if until is None else until + timedelta(days=1),
    )


def _day(name: str) -> datetime | None:
    """Read the beginning of a day, by the time that all of China keeps."""
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=BEIJING)
    except (ValueError, OverflowError):
        raise _no_filter() from None


def _no_filter() -> Invalid:
    return Invalid(
        "筛选条件看不懂，列出的是全部记录。日期请写成 2026-01-31。",
        english="The filter cannot be read, so all records are listed. Write a date as 2026-01-31.",
    )
