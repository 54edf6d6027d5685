"""Bits and lines: the next marked place of a word, and which of 32 walks keep a limit."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 32
_I1, _I16, _I32, _I64 = ir.IntType(1), ir.IntType(16), ir.IntType(32), ir.IntType(64)
_LINE = ir.VectorType(_I16, LANES)
_ALIGN = 2


def _line(context: Any, builder: Any, kind: Any, lines: Any, row: Any) -> Any:
    start = context.make_array(kind)(context, builder, lines).data
    first = builder.gep(start, [builder.mul(row, ir.Constant(_I64, LANES))])
    return builder.bitcast(first, _LINE.as_pointer())


def _all_lanes(builder: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(_LINE, ir.Undefined), value, ir.Constant(_I32, 0))
    pattern = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(_LINE, ir.Undefined), pattern)


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
        place = _line(context, builder, signature.args[0], lines, row)
        near = builder.icmp_unsigned(
            "<=", builder.load(place, align=_ALIGN), _all_lanes(builder, limit)
        )
        return builder.zext(builder.bitcast(near, _I32), _I64)

    return types.uint64(lines, types.int64, types.uint16), generate


@intrinsic
def hold(_context: Any, lines: Any, row: Any, limit: Any) -> Any:
    """Make walks of line ``row`` longer than ``limit`` 65,535, and mark the others as in within."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lines, row, limit = args
        place = _line(context, builder, signature.args[0], lines, row)
        line = builder.load(place, align=_ALIGN)
        near = builder.icmp_unsigned("<=", line, _all_lanes(builder, limit))
        far = ir.Constant(_LINE, [0xFFFF] * LANES)
        builder.store(builder.select(near, line, far), place, align=_ALIGN)
        return builder.zext(builder.bitcast(near, _I32), _I64)

    return types.uint64(lines, types.int64, types.uint16), generate


@intrinsic
def forget(_context: Any, lines: Any, row: Any) -> Any:
    """Make every walk of line ``row`` 65,535."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _line(context, builder, signature.args[0], args[0], args[1])
        builder.store(ir.Constant(_LINE, [0xFFFF] * LANES), place, align=_ALIGN)
        return context.get_dummy_value()

    return types.void(lines, types.int64), generate
