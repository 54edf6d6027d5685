"""Tables as files: columns in one Arrow record batch, uncompressed, read by memory map."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.store.blobs import Damaged

Columns: TypeAlias = Mapping[str, NDArray[Any]]

NUMBERS = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")
TEXT, BYTES = "str", "bytes"


def dtype_name(column: NDArray[Any]) -> str:
    """Name a column's type: ``i4``, ``f8``, … or ``str`` or ``bytes``.

    Raises
    ------
    TypeError
        The type has no place in a table: a time, a complex number, mixed or missing objects.
    """
    if column.dtype.kind == "U":
        return TEXT
    if column.dtype.kind == "O":
        kinds = {type(value) for value in column}
        if kinds <= {str, np.str_}:
            return TEXT
        if kinds == {bytes}:
            return BYTES
        raise TypeError(
            f"objects are all str or all bytes, not {sorted(k.__name__ for k in kinds)}"
        )
    name = f"{column.dtype.kind}{column.dtype.itemsize}"
    if name not in NUMBERS:
        raise TypeError(f"no table column holds {column.dtype}")
    return name


def write_table(columns: Columns) -> bytes:
    """Write columns as the bytes of one Arrow IPC file.

    Equal columns give equal bytes: they are written in the order of their names, little-endian,
    every NaN alike.

    Parameters
    ----------
    columns
        One-dimensional arrays of one length by name: numbers, or objects that are all ``str`` or
        all ``bytes``.

    Raises
    ------
    ValueError
        No column, an array with another number of dimensions, or lengths that differ.
    TypeError
        A column of a type that no table holds; the message names the column.
    """
    arrays = _arrow(columns)
    batch = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def read_table(path: Path) -> dict[str, NDArray[Any]]:
    """Read the columns of a file that ``write_table`` wrote.

    Returns
    -------
    dict
        Read-only arrays by name: numbers as views of the memory-mapped file, text and bytes as
        objects, truth values copied out of their bits.

    Raises
    ------
    Damaged
        The file is not a whole table.
    """
    try:
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            if reader.num_record_batches != 1:
                raise _not_a_table(path, f"{reader.num_record_batches} batches")
            batch = reader.get_batch(0)
            batch.validate()
            return {name: _numpy(batch.column(name)) for name in batch.schema.names}
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise _not_a_table(path, str(error)) from error


def digest_table(columns: Columns) -> str:
    """Give the SHA-256 over names, types, length and column buffers.

    It says whether two tables hold the same data, whichever release of Arrow wrote their files.
    """
    digest = hashlib.sha256()
    for name, array in _arrow(columns).items():
        for part in (name.encode(), str(array.type).encode(), str(len(array)).encode()):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        for buffer in array.buffers():
            if buffer is not None:
                digest.update(buffer.size.to_bytes(8, "little"))
                digest.update(buffer)
    return digest.hexdigest()


def _arrow(columns: Columns) -> dict[str, Any]:
    if not columns:
        raise ValueError("a table has at least one column")
    lengths = {name: column.shape for name, column in columns.items()}
    if len(set(lengths.values())) != 1 or any(len(shape) != 1 for shape in lengths.values()):
        raise ValueError(f"columns are one-dimensional and of one length, not {lengths}")
    return {name: _array(name, columns[name]) for name in sorted(columns)}


def _array(name: str, column: NDArray[Any]) -> Any:
    try:
        dtype = dtype_name(column)
    except TypeError as error:
        raise TypeError(f"column {name}: {error}") from error
    if dtype == TEXT:
        return pa.array(column.tolist(), pa.utf8())
    if dtype == BYTES:
        return pa.array(column.tolist(), pa.binary())
    numbers = np.ascontiguousarray(column, dtype=np.dtype(dtype).newbyteorder("<"))
    if dtype.startswith("f"):
        numbers = np.where(np.isnan(numbers), numbers.dtype.type(np.nan), numbers)
    return pa.array(numbers)


def _numpy(array: Any) -> NDArray[Any]:
    bits = pa.types.is_boolean(array.type)
    objects = pa.types.is_string(array.type) or pa.types.is_binary(array.type)
    column: NDArray[Any] = array.to_numpy(zero_copy_only=not (bits or objects))
    column.flags.writeable = False
    return column


def _not_a_table(path: Path, reason: str) -> Damaged:
    return Damaged(
        f"文件 {path.parent.name}{path.name[:10]}… 不是完整的数据表（{reason}），已拒绝使用。"
        "请从备份恢复或重新导入。",
        english=f"File {path.parent.name}{path.name[:10]}… is not a whole table ({reason}); it was "
        "not used. Restore it from a backup or import again.",
    )
