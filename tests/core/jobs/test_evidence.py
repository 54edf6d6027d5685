from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from core.jobs import evidence
from core.jobs.evidence import Cause, Death, of_child, of_error, said


def died(script):
    """Let a process die and give what its parent is told."""
    process = subprocess.Popen([sys.executable, "-c", script])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = 0  # waited for already
    return status, usage.ru_maxrss


def test_a_killed_child_tells_its_signal_and_its_peak():
    death = of_child(*died("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert (death.cause, death.signal, death.exit_code) == (Cause.SIGNAL, "SIGSEGV", None)
    assert death.peak_mib > 0


def test_a_child_that_left_tells_its_exit_code():
    death = of_child(*died("raise SystemExit(7)"))
    assert (death.cause, death.signal, death.exit_code) == (Cause.EXIT, "", 7)


@pytest.mark.parametrize(
    ("number", "short", "cause"),
    [
        (signal.SIGKILL, True, Cause.MEMORY),
        (signal.SIGKILL, False, Cause.SIGNAL),
        (signal.SIGSEGV, True, Cause.SIGNAL),
    ],
)
def test_a_kill_while_memory_was_short_is_told_as_that(number, short, cause):
    assert of_child(number, 4096, short_of_memory=short).cause == cause


def test_a_signal_without_a_name_has_its_number():
    assert of_child(45, None).signal == "signal 45"


def test_an_error_is_told_by_its_class_and_never_by_its_text():
    death = of_error(ValueError("王某 13800000000"))
    assert (death.cause, death.error) == (Cause.EXCEPTION, "ValueError")
    assert "13800000000" not in str(death.told())
    assert of_error(MemoryError()).cause == Cause.MEMORY


def test_kills_for_memory_are_counted_where_the_kernel_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "OOM_COUNTS", tmp_path / "events")
    assert evidence.kills_for_memory() == 0
    (tmp_path / "events").write_text("low 0\nhigh 0\nmax 4\noom 2\noom_kill 3\n")
    assert evidence.kills_for_memory() == 3


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_its_sentence_in_both_languages(cause):
    death = Death(cause=cause, signal="SIGKILL", exit_code=7, error="KeyError", peak_mib=64)
    chinese, english = said(death.told())
    assert "64 MiB" in chinese
    assert "64 MiB" in english
    assert said({"number": 1}) == ("", "")
