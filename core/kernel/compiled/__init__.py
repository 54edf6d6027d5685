"""The compiled inner loops: the only folder that knows the compiler.

Each loop is told its signature, so that importing its module compiles it, or loads it from the
compiler's cache on the disk; nothing is compiled in the middle of a request. Loops release the
interpreter's lock, start no threads of their own, and never use floating point shortcuts, so that
the same arrays give the same bytes on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

INTS = "Array(int32, 1, 'C', True)"  # arrays that a loop only reads, in signatures
LONGS = "Array(int64, 1, 'C', True)"
SHORTS = "Array(uint16, 1, 'C', True)"
FLOATS = "Array(float64, 1, 'C', True)"

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(signature: str) -> Callable[[Loop], Loop]:
    """Compile a loop for one signature in the compiler's notation, once a machine.

    Indices are not checked inside: who calls a loop has checked what it hands over.
    """

    def compile_loop(loop: Loop) -> Loop:
        made: Any = numba.njit(
            signature, nogil=True, cache=True, boundscheck=False, error_model="numpy"
        )(loop)
        return cast("Loop", made)

    return compile_loop
