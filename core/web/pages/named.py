"""Names in the page's language: rulesets by key, states of work, stages of jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from sqlalchemy.orm import Session

from core.access import Here
from core.catalog.enabled import catalogue_of
from core.db import Job, JobKind, JobState
from core.web.language import in_english

STATES = {
    JobState.QUEUED: later("排队中"),
    JobState.RUNNING: later("进行中"),
    JobState.DONE: later("已完成"),
    JobState.FAILED: later("没有成功"),
    JobState.CANCELLED: later("已取消"),
}
STAGES = {
    "load": later("读入数据"),
    "snap": later("接上街道"),
    "prepare": later("预备街道"),
    "reach": later("步行时间"),
    "coverage": later("覆盖人数"),
    "judge": later("按规则打分"),
    "gaps": later("找出缺口"),
    "write": later("汇总结果"),
    "record": later("写下结果"),
    "receive": later("收下文件"),
    "recognise": later("认出格式"),
    "read": later("读出各行"),
    "normalise": later("统一写法"),
    "classify": later("归入业态"),
    "check": later("逐行检查"),
    "freeze": later("存为版本"),
}
UNDER_WAY = (JobState.QUEUED, JobState.RUNNING)
SHORT = 14  # Han characters that the bar holds


class Named(Protocol):
    """Gives a ruleset's name; a short one for bars and tables unless the whole is wanted."""

    def __call__(self, key: str, *, short: bool = True) -> str:
        """Name it."""


def ruleset_names(session: Session, here: Here) -> Named:
    """Give a function from a ruleset's key to its name, or to the key where it is gone."""
    rulesets = catalogue_of(session, here.services.host).rulesets

    def name(key: str, *, short: bool = True) -> str:
        if key not in rulesets:
            return key
        full = rulesets[key].english if in_english() else rulesets[key].name
        if not short:
            return full
        last = full.rsplit("：", 1)[-1].rsplit(": ", 1)[-1]
        wide = SHORT * 2 if in_english() else SHORT
        return last if len(last) <= wide else f"{last[: wide - 1]}…"

    return name


def stages_of(job: Job, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Give a job's stages in order, those not begun included."""
    told: Mapping[str, Mapping[str, Any]] = {each["key"]: each for each in job.stages}
    return [_stage(key, told.get(key, {}), job) for key in keys]


def _stage(key: str, told: Mapping[str, Any], job: Job) -> dict[str, Any]:
    state = told.get("state", "wait")
    if state == "now" and job.state not in UNDER_WAY:
        state = "done" if job.state == JobState.DONE else "wait"
    seconds = told.get("seconds") or 0.0
    note = told.get("note") or (str(_("%(n)s 秒", n=f"{seconds:g}")) if seconds else "")
    return {"key": key, "name": STAGES.get(key, key), "state": state, "note": note}


def is_import(job: Job) -> bool:
    """Tell an import from a run."""
    return job.kind == JobKind.IMPORT
