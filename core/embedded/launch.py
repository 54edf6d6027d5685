"""Becomes a server: gives up root, ties its life to its parent's, then executes; run as a script.

It is a process of its own because the order matters: a change of user clears the parent-death
signal, and what runs between fork and exec of a threaded program must not be Python.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
SELF, SWITCH, MAP = "self", "switch", "map"


def become(how: str, uid: int, gid: int) -> None:
    """Stop being root: ``switch`` user, or ``map`` root to it where switching is forbidden."""
    if how == SWITCH:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    elif how == MAP:
        outside_uid, outside_gid = os.geteuid(), os.getegid()
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {outside_uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {outside_gid} 1", encoding="ascii")


def main(arguments: list[str]) -> None:
    """Take ``how uid gid signal parent command…`` and turn into the command."""
    how, uid, gid, signal, parent, *command = arguments
    become(how, int(uid), int(gid))
    os.umask(0o077)
    if int(signal):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
        if os.getppid() != int(parent):  # it died before the signal was armed
            sys.exit("the parent has ended")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
