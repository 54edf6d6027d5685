import os
import subprocess
import sys
import time

from tests.bench.memory import Peak, descendants, kind_of, watched

HOLD = "held = bytearray(64 * 2**20); held[::4096] = b'x' * len(held[::4096]); import sys; input()"


def test_a_grandchild_belongs_to_the_tree():
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}])"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as process:
        family = [process.pid]
        while len(family) < 2:
            time.sleep(0.02)
            family = descendants(process.pid)
        assert family[0] == process.pid
        assert process.pid in descendants(os.getpid())
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode is not None


def test_memory_that_a_child_holds_is_seen():
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE) as process:
        peak = Peak()
        while peak.fair < 64 * 2**20:
            peak.take(process.pid)
            time.sleep(0.02)
        assert peak.together >= 64 * 2**20
        assert peak.by_kind["other"] >= 64 * 2**20
        assert process.stdin is not None
        process.stdin.close()


def test_watching_ends_with_its_block():
    with watched(os.getpid()) as peak:
        time.sleep(0.5)
    seen = peak.samples
    time.sleep(0.5)
    assert seen == peak.samples >= 1
    assert peak.processes >= 1


def test_a_process_is_named_by_its_command():
    assert kind_of(b"/usr/bin/python\0-m\0core.intake.child\0/tmp/x") == "an importer's child"
    assert kind_of(b"/x/postgres\0-D\0/y") == "PostgreSQL"
    assert kind_of(b"sleep\0001") == "other"
