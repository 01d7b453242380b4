"""Results as tables that other programs read: Parquet, AnnData and JSON lines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cytoscribe.core.errors import InputError
from cytoscribe.core.optional import needed
from cytoscribe.core.runs import atomic_path, read_json, write_text
from cytoscribe.core.tables import read_csv

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
PARQUET, ANNDATA = ".parquet", ".h5ad"


def write_metric_lines(metrics: Path, path: Path) -> int:
    """metrics.json as one JSON object per line: `name`, `value`, and `ci95` and `n` where they are known; returns how many."""
    told = read_json(metrics)
    if not isinstance(told, dict):
        raise InputError("holds no figures", where=metrics, fix="give a folder that evaluate wrote")
    names = [n for n in told if not n.endswith((".ci95", ".n"))]
    lines = [json.dumps(_figure(name, told), ensure_ascii=False) for name in names]
    write_text(path, "".join(f"{line}\n" for line in lines))
    return len(lines)


def _figure(name: str, told: dict[str, Any]) -> dict[str, Any]:
    beside = {key: told[f"{name}.{key}"] for key in ("ci95", "n") if f"{name}.{key}" in told}
    return {"name": name, "value": told[name], **beside}


def write_predictions(predictions: Path, path: Path) -> int:
    """predictions.csv as Parquet, columns of numbers as numbers; returns the number of rows."""
    rows = [line for _, line in read_csv(predictions, [])]
    columns = {name: _as_numbers([row[name] for row in rows]) for name in (rows[0] if rows else {})}
    write_parquet(pd.DataFrame(columns), path)
    return len(rows)


def _as_numbers(cells: list[str]) -> list[str] | list[float | None]:
    """A column as numbers where every cell that is not empty is one in its shortest form: 007 stays a name."""
    given = [c for c in cells if c]
    if not given or not all(_NUMBER.fullmatch(c) for c in given):
        return cells
    return [float(c) if c else None for c in cells]


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table to Parquet, atomically."""
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)


def write_vectors(rows: pd.DataFrame, vectors: np.ndarray, path: Path) -> None:
    """Vectors (N, D) with a table of N rows about them: `.parquet` with a column `embedding`, or `.h5ad` with them as X.

    Raises InputError where the format is another one, or its package is missing.
    """
    if path.suffix == PARQUET:
        write_parquet(rows.assign(embedding=list(vectors.astype(np.float32))), path)
        return
    if path.suffix != ANNDATA:
        raise InputError(f"'{path.suffix}' is not a vector format", where=path, fix=f"name the file *{PARQUET} or *{ANNDATA}")
    _write_anndata(path, rows, vectors)


def write_tile_table(tiles: pd.DataFrame, path: Path) -> None:
    """The tiles of a map as AnnData: X holds probability and p-value, `obs` region and whether it is unseen, `obsm["spatial"]` the
    middle of each tile in pixels of the section, where Squidpy and others look for it.

    Raises InputError where the package anndata is missing.
    """
    values = tiles[["probability", "p_value"]].to_numpy(np.float32)
    middle = tiles[["x", "y"]].to_numpy(np.float64) + tiles[["side_px"]].to_numpy() / 2
    rows = tiles.loc[:, ["region", "unseen", "side_px"]]
    _write_anndata(
        path, rows, values, var=pd.DataFrame(index=pd.Index(["probability", "p_value"], dtype=object)), obsm={"spatial": middle}
    )


def _write_anndata(path: Path, rows: pd.DataFrame, values: np.ndarray, **more: Any) -> None:
    anndata = needed("anndata", "AnnData is written", path, "leave --anndata out")
    texts = rows.astype(
        {c: object for c in rows if isinstance(rows[c].dtype, pd.StringDtype)}
    )  # others cannot be read by older versions
    texts.index = pd.Index([str(i) for i in range(len(rows))], dtype=object)
    table = anndata.AnnData(X=values.astype(np.float32), obs=texts, **more)
    with atomic_path(path) as temporary:
        table.write_h5ad(temporary)
