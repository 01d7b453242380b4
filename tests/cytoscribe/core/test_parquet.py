"""Parquet files of others are bounded before they are decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cytoscribe.core import parquet
from cytoscribe.core.errors import InputError
from cytoscribe.core.parquet import read_parquet


def test_columns_come_in_the_order_asked_for_and_others_are_not_decoded(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2], "b": ["x", None], "c": [["p", "q"], []]})
    pq.write_table(table, tmp_path / "t.parquet")
    read = read_parquet(tmp_path / "t.parquet", ("c", "b"), "mend it")
    assert read.column_names == ["c", "b"]
    assert read.to_pylist() == [{"c": ["p", "q"], "b": "x"}, {"c": [], "b": None}]


@pytest.mark.slow
def test_one_long_value_in_every_row_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path, rows = tmp_path / "bomb.parquet", 200_000
    long = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array(["x" * 100_000]))
    pq.write_table(pa.table({"a": long}), path)
    assert path.stat().st_size < 200_000
    with pytest.raises(InputError, match="more than 512 MiB of values"):
        read_parquet(path, ("a",), "mend it")


def test_more_rows_than_a_stage_writes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MOST_ROWS", 5)
    pq.write_table(pa.table({"a": list(range(6))}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="6 rows, more than the 5"):
        read_parquet(tmp_path / "t.parquet", ("a",), "mend it")


def test_a_missing_column_and_a_cut_file_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(InputError, match="no column 'b'"):
        read_parquet(path, ("a", "b"), "mend it")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read_parquet(path, ("a",), "mend it")
    with pytest.raises(InputError, match="no such file"):
        read_parquet(tmp_path, ("a",), "mend it")
