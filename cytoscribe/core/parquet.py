"""The one way to read Parquet: bounded before it is decoded, since a file of a few kilobytes can unpack to more than memory holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cytoscribe.core.digests import is_file
from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import line

MOST_ROWS = 2_000_000
"""Of one file: a stage that writes more rows writes several files."""
MOST_DECODED = 512 << 20
"""Bytes of one file's values once they are decoded."""
_BATCH = 4096


def read_parquet(path: Path, columns: Sequence[str], fix: str, *, most: int = MOST_DECODED) -> pa.Table:
    """The named columns of a file, in this order; others are never decoded.

    most: bytes of values that are decoded. Raises InputError, with `fix` as the advice, where the file is missing, broken or too large,
    or lacks a column.
    """
    if not is_file(path):
        raise InputError("no such file", where=path, fix="check the path, or run the stage that writes it first")
    try:
        with pq.ParquetFile(path) as file:
            missing = [c for c in columns if c not in file.schema_arrow.names]
            rows = file.metadata.num_rows
        if not missing and rows <= MOST_ROWS:
            return _decoded(path, columns, most)
    except InputError:
        raise
    except Exception as error:  # damaged pages bring the parser to errors of every kind
        raise InputError(f"not a readable Parquet file ({line(str(error))[:120]})", where=path, fix=fix) from error
    if missing:
        raise InputError(f"no column '{missing[0]}'", where=path, fix=fix)
    raise InputError(f"{rows:,} rows, more than the {MOST_ROWS:,} that are read", where=path, fix="split the file")


def _decoded(path: Path, columns: Sequence[str], most: int) -> pa.Table:
    """Decode batch by batch and count. Text stays dictionary-encoded until it is known to fit, since one long value may fill every row."""
    texts = [c for c in _text_columns(path) if c.split(".")[0] in columns]
    batches, size = [], 0
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        schema = pa.schema([_plain(file.schema_arrow.field(c)) for c in columns])
        for batch in file.iter_batches(_BATCH, columns=list(columns)):
            size += sum(_size(column) for column in batch.columns)
            if size > most:
                raise InputError(f"holds more than {most >> 20} MiB of values", where=path, fix="split the file")
            batches.append(batch.select(list(columns)).cast(schema))
    return pa.Table.from_batches(batches, schema)


def _text_columns(path: Path) -> list[str]:
    """Paths, as Parquet writes them, of the columns that hold text, bare or in lists."""
    with pq.ParquetFile(path) as file:
        leaves = [file.schema.column(i) for i in range(len(file.schema))]
    return [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]


def _size(array: pa.Array) -> int:
    """Bytes of the values once every one is written out."""
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        return array.nbytes + _size(array.flatten())
    if not pa.types.is_dictionary(array.type):
        return array.nbytes
    lengths = pc.take(pc.call_function("binary_length", [array.dictionary]), array.indices)
    return array.nbytes + (pc.call_function("sum", [lengths]).as_py() or 0)


def _plain(field: pa.Field) -> pa.Field:
    """The field with its values written out."""
    kind = field.type
    if pa.types.is_dictionary(kind):
        return field.with_type(kind.value_type)
    if pa.types.is_list(kind) and pa.types.is_dictionary(kind.value_type):
        return field.with_type(pa.list_(kind.value_type.value_type))
    return field
