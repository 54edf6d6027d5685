"""Thirty-two walks side by side: the processor's own adding and minimum over one cache line.

A line is 32 values of 16 bits, one per lane, for one node or home. Sums stop at 65,535, which is
"not reached", so that adding to it cannot come round to a short walk.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 32
FAR16 = 65535

_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
LINE = ir.VectorType(_I16, LANES)
ALIGN = 2  # what is promised to the processor; rows lie on cache lines where we allocate them


def address(context: Any, builder: Any, kind: Any, array: Any, row: Any) -> Any:
    """Point at one line of an array."""
    start = context.make_array(kind)(context, builder, array).data
    offset = builder.mul(row, ir.Constant(_I64, LANES))
    return builder.bitcast(builder.gep(start, [offset]), LINE.as_pointer())


def _element(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    start = context.make_array(kind)(context, builder, array).data
    return builder.load(builder.gep(start, [index]))


def all_lanes(builder: Any, value: Any) -> Any:
    """Make a line of one value."""
    one = builder.insert_element(ir.Constant(LINE, ir.Undefined), value, ir.Constant(_I32, 0))
    pattern = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(LINE, ir.Undefined), pattern)


def _operation(builder: Any, name: str) -> Any:
    kind = ir.FunctionType(LINE, [LINE, LINE])
    return cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}i16")


def _later(builder: Any, line: Any, time: Any) -> Any:
    """Add one time to all lanes, stopping at FAR16."""
    return builder.call(_operation(builder, "uadd.sat"), [line, all_lanes(builder, time)])


def _sooner(builder: Any, one: Any, other: Any) -> Any:
    return builder.call(_operation(builder, "umin"), [one, other])


@intrinsic
def pull(
    _context: Any,
    field: Any,
    row: Any,
    base: Any,
    base_row: Any,
    node: Any,
    time: Any,
    first: Any,
    last: Any,
) -> Any:
    """``field[row] = min(base[base_row], field[node[k]] + time[k] for k in first..last-1)``."""
    signature = types.void(
        field, types.int64, base, types.int64, node, time, types.int64, types.int64
    )

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        field, row, base, base_row, node, time, first, last = args
        kinds = signature.args
        best = cgutils.alloca_once(builder, LINE)
        seed = builder.load(address(context, builder, kinds[2], base, base_row), align=ALIGN)
        builder.store(seed, best)
        with cgutils.for_range_slice(builder, first, last, ir.Constant(_I64, 1), inc=True) as (
            k,
            _,
        ):
            near = builder.sext(_element(context, builder, kinds[4], node, k), _I64)
            line = builder.load(address(context, builder, kinds[0], field, near), align=ALIGN)
            walked = _later(builder, line, _element(context, builder, kinds[5], time, k))
            builder.store(_sooner(builder, walked, builder.load(best)), best)
        target = address(context, builder, kinds[0], field, row)
        builder.store(builder.load(best), target, align=ALIGN)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def meet(
    _context: Any,
    field: Any,
    tail: Any,
    to_tail: Any,
    head: Any,
    to_head: Any,
    access: Any,
    out: Any,
    row: Any,
) -> Any:
    """``out[row] = min(field[tail] + to_tail, field[head] + to_head) + access``."""
    u16, i64 = types.uint16, types.int64
    signature = types.void(field, i64, u16, i64, u16, u16, out, i64)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        field, tail, to_tail, head, to_head, access, out, row = args
        kinds = signature.args
        one = builder.load(address(context, builder, kinds[0], field, tail), align=ALIGN)
        other = builder.load(address(context, builder, kinds[0], field, head), align=ALIGN)
        best = _sooner(builder, _later(builder, one, to_tail), _later(builder, other, to_head))
        target = address(context, builder, kinds[6], out, row)
        builder.store(_later(builder, best, access), target, align=ALIGN)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def go_on(_context: Any, lines: Any, row: Any, time: Any) -> Any:
    """``lines[row] += time``."""
    signature = types.void(lines, types.int64, types.uint16)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lines, row, time = args
        place = address(context, builder, signature.args[0], lines, row)
        line = builder.load(place, align=ALIGN)
        builder.store(_later(builder, line, time), place, align=ALIGN)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def lower(_context: Any, out: Any, row: Any, lines: Any, from_row: Any, time: Any) -> Any:
    """``out[row] = min(out[row], lines[from_row] + time)``."""
    signature = types.void(out, types.int64, lines, types.int64, types.uint16)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out, row, lines, from_row, time = args
        kinds = signature.args
        place = address(context, builder, kinds[0], out, row)
        source = address(context, builder, kinds[2], lines, from_row)
        walked = _later(builder, builder.load(source, align=ALIGN), time)
        best = _sooner(builder, walked, builder.load(place, align=ALIGN))
        builder.store(best, place, align=ALIGN)
        return context.get_dummy_value()

    return signature, generate
