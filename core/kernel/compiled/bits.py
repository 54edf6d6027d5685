"""Bits and lines: the next marked place of a word, and which of 32 walks keep a limit."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from core.kernel.compiled.lanes import ALIGN, LANES, LINE, address, all_lanes

_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)


@intrinsic
def lowest(_context: Any, word: Any) -> Any:
    """Give the number of the lowest bit that is set; ``word`` is a uint64 and not 0."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(_I1, 1))

    return types.int64(types.uint64), generate


@intrinsic
def highest(_context: Any, word: Any) -> Any:
    """Give the number of the highest bit that is set; ``word`` is a uint64 and not 0."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.sub(ir.Constant(_I64, 63), builder.ctlz(args[0], ir.Constant(_I1, 1)))

    return types.int64(types.uint64), generate


@intrinsic
def within(_context: Any, lines: Any, row: Any, limit: Any) -> Any:
    """Mark the lanes of line ``row`` that are at most ``limit`` (uint16): bits of a uint64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lines, row, limit = args
        place = address(context, builder, signature.args[0], lines, row)
        near = builder.icmp_unsigned(
            "<=", builder.load(place, align=ALIGN), all_lanes(builder, limit)
        )
        return builder.zext(builder.bitcast(near, _I32), _I64)

    return types.uint64(lines, types.int64, types.uint16), generate


@intrinsic
def hold(_context: Any, lines: Any, row: Any, limit: Any) -> Any:
    """Make walks of line ``row`` longer than ``limit`` 65,535, and mark the others as in within."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lines, row, limit = args
        place = address(context, builder, signature.args[0], lines, row)
        line = builder.load(place, align=ALIGN)
        near = builder.icmp_unsigned("<=", line, all_lanes(builder, limit))
        far = ir.Constant(LINE, [0xFFFF] * LANES)
        builder.store(builder.select(near, line, far), place, align=ALIGN)
        return builder.zext(builder.bitcast(near, _I32), _I64)

    return types.uint64(lines, types.int64, types.uint16), generate


@intrinsic
def forget(_context: Any, lines: Any, row: Any) -> Any:
    """Make every walk of line ``row`` 65,535."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = address(context, builder, signature.args[0], args[0], args[1])
        builder.store(ir.Constant(LINE, [0xFFFF] * LANES), place, align=ALIGN)
        return context.get_dummy_value()

    return types.void(lines, types.int64), generate
