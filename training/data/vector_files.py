"""Files of vectors computed elsewhere, with the path of the image that each belongs to: read without running anything in them."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.arrays import read_npy
from cytoscribe.core.errors import InputError
from cytoscribe.core.optional import needed
from cytoscribe.core.parquet import read_parquet
from cytoscribe.core.tables import read_csv
from cytoscribe.training.model.tensors import read_tensors

FORMATS = (".npz", ".npy", ".parquet", ".safetensors", ".h5", ".hdf5")
_SQUEEZED, _FREE = 20, 64 << 20
"""Vectors are hardly made smaller by packing: arrays may be so many times the size of their file, and so many bytes in any case."""
_PATHS = ("image_path", "image_paths", "path", "paths", "filename", "filenames", "name", "names")
_VECTORS = ("embedding", "embeddings", "feature", "features", "vector", "vectors")
Read = tuple[list[str], np.ndarray]


def read_vectors(path: Path, grids: bool = False) -> Read:
    """Image paths as the file writes them, and vectors (N, E) float32, or (N, T, E) where `grids` of T are taken too. Raises InputError where the file cannot be understood."""
    try:
        names, vectors = _READERS[path.suffix.lower()](path)
    except InputError:
        raise
    except Exception as error:  # each reader fails in its own ways on broken files
        reason = " ".join(str(error).split())[:120]
        fix = _as_text(path) if "pickle" in reason else fix_of(path)
        raise InputError(f"cannot be read ({reason})", where=path, fix=fix) from error
    return names, _as_rows(np.asarray(vectors), len(names), path, grids)


def fix_of(path: Path) -> str:
    """What a file of this kind must hold."""
    return {
        ".safetensors": "give one tensor of equal width an image, named by its path, or one tensor (N, E) and an index",
        ".npy": f"give an array (N, E) and beside it {path.stem}.csv with a column image_path, one row a vector",
    }.get(path.suffix.lower(), "give image_path (N) and embedding (N, E)")


def _as_text(path: Path) -> str:
    return "store the paths as text, not as objects: np.asarray(paths, dtype=str)" if path.suffix == ".npz" else fix_of(path)


def _as_rows(vectors: np.ndarray, count: int, path: Path, grids: bool) -> np.ndarray:
    """(N, E) float32; axes of length 1 are dropped, and nothing is turned over."""
    if vectors.dtype.kind not in "fiub":
        raise InputError(f"vectors of type {vectors.dtype}", where=path, fix="store them as float32")
    if grids and vectors.ndim == 3 and len(vectors) == count and count:
        return vectors.astype(np.float32)
    if vectors.ndim > 2 and vectors.shape[0] == count and vectors.size and max(vectors.shape[1:]) * count == vectors.size:
        vectors = vectors.reshape(count, -1)
    if vectors.ndim != 2 or len(vectors) != count or not count:
        hint = "; they lie in columns" if vectors.ndim == 2 and vectors.shape[1] == count else ""
        raise InputError(f"{count} paths and vectors of shape {vectors.shape}{hint}", where=path, fix=fix_of(path))
    return vectors.astype(np.float32)


def _texts(values: Iterable[Any]) -> list[str]:
    return [v.decode("utf-8") if isinstance(v, bytes) else str(v) for v in values]


def _chosen(names: Iterable[str], wanted: tuple[str, ...], path: Path, what: str) -> str:
    there = list(names)
    found = [n for n in wanted if n in there]
    if not found:
        raise InputError(f"no {what} '{wanted[0]}' (found: {', '.join(there[:8]) or 'none'})", where=path, fix=fix_of(path))
    return found[0]


def _check_npz(path: Path) -> None:
    """Raise InputError where the arrays of an .npz would be far larger than the file, or than what it holds of them."""
    most = max(path.stat().st_size * _SQUEEZED, _FREE)
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as file:
                version = np.lib.format.read_magic(file)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, kind = read(file)
            size = math.prod(shape) * kind.itemsize
            if not kind.hasobject and size > min(most, entry.file_size):
                raise InputError(f"array '{entry.filename[:40]}' claims {size:,} bytes", where=path, fix=fix_of(path))


def _npz(path: Path) -> Read:
    _check_npz(path)
    with np.load(path, allow_pickle=False) as stored:
        vectors = np.asarray(stored[_chosen(stored.files, _VECTORS, path, "array")])
        if not set(_PATHS) & set(stored.files) and _index_file(path):
            return _index(path), vectors
        return _texts(stored[_chosen(stored.files, _PATHS, path, "array")].ravel()), vectors


def _npy(path: Path) -> Read:
    return _index(path), read_npy(path, fix_of(path))


def _parquet(path: Path) -> Read:
    """Columns image_path and embedding, or a wide table of numbers whose paths are a column or the index that pandas stored."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    most = max(path.stat().st_size * _SQUEEZED, _FREE)
    table = read_parquet(path, parquet.read_schema(path).names, fix_of(path), most=most)
    names = table.column_names
    lists = [n for n in names if pa.types.is_list(table[n].type) or pa.types.is_fixed_size_list(table[n].type)]
    texts = [n for n in names if pa.types.is_string(table[n].type) or pa.types.is_large_string(table[n].type)]
    labels = [n for n in (*_PATHS, "__index_level_0__") if n in texts] or (texts if len(texts) == 1 else [])
    other = next((n for n in _PATHS if n in names and n not in texts), None)
    if not labels and other:
        raise InputError(f"'{other}' of type {table[other].type} is not a path", where=path, fix=fix_of(path))
    if not labels and not _index_file(path):
        raise InputError(f"no column 'image_path' (found: {', '.join(names[:8]) or 'none'})", where=path, fix=fix_of(path))
    if labels and table[labels[0]].null_count:
        raise InputError(f"an empty cell of '{labels[0]}' is not a path", where=path, fix=fix_of(path))
    paths = _texts(table[labels[0]].to_pylist()) if labels else _index(path)
    if lists:
        return paths, _stacked(table[_chosen(lists, (*_VECTORS, lists[0]), path, "column")].to_pylist(), path)
    numbers = _numbered([n for n in names if pa.types.is_floating(table[n].type)], path)
    return paths, np.stack([table[n].to_numpy() for n in numbers], axis=1)


def _numbered(columns: list[str], path: Path) -> list[str]:
    """The columns 0, 1, 2 ... of a wide table, whatever stands before the numbers: a pixel size is not part of a vector."""
    parts = {c: (m.group(1), int(m.group(2))) for c in columns if (m := re.fullmatch(r"(\D*)(\d+)", c))}
    stems = {stem for stem, _ in parts.values()}
    numbers = sorted(n for _, n in parts.values())
    if len(stems) != 1 or numbers != list(range(numbers[0], numbers[0] + len(numbers))) or numbers[0] > 1:
        raise InputError("no column 'embedding', and no columns numbered from 0", where=path, fix=fix_of(path))
    return sorted(parts, key=lambda c: parts[c][1])


def _stacked(rows: list[Any], path: Path) -> np.ndarray:
    widths = {len(r) for r in rows if r is not None}
    if len(widths) != 1 or any(r is None for r in rows):
        raise InputError(f"vectors of {len(widths)} widths, or none", where=path, fix=fix_of(path))
    return np.array(rows, dtype=np.float32)


def _safetensors(path: Path) -> Read:
    stored = read_tensors(path, fix_of(path))
    if len(stored) == 1 and next(iter(stored.values())).ndim == 2 and (next(iter(stored)) in _VECTORS or _index_file(path)):
        return _index(path), next(iter(stored.values())).float().numpy()
    if not stored:
        return [], np.zeros((0, 0), np.float32)
    return list(stored), np.stack([v.float().numpy() for v in stored.values()])


def _h5(path: Path) -> Read:
    h5py = needed("h5py", f"the format {path.suffix} is read", path, "save the vectors as .npz")
    with h5py.File(path, "r") as file:
        vectors = np.asarray(file[_chosen(file.keys(), _VECTORS, path, "dataset")])
        if not set(_PATHS) & set(file.keys()) and _index_file(path):
            return _index(path), vectors
        return _texts(np.ravel(file[_chosen(file.keys(), _PATHS, path, "dataset")][...])), vectors


def _index_file(path: Path) -> Path | None:
    """The list of paths beside a file that holds vectors alone."""
    names = [path.with_suffix(s) for s in (".csv", ".tsv", ".txt")] + [Path(f"{path}{s}") for s in (".csv", ".tsv", ".txt")]
    return next((n for n in names if n.is_file()), None)


def _index(path: Path) -> list[str]:
    """One path a vector, in order: a CSV with a column image_path, or a text file with one path a line."""
    found = _index_file(path)
    if found is None:
        raise InputError(
            "vectors without the paths of their images",
            where=path,
            fix=f"put {path.stem}.csv with a column image_path beside it, one row per vector, in the same order",
        )
    if found.suffix == ".txt":
        return [line.strip() for line in found.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    rows = read_csv(found, [])
    column = _chosen(rows[0][1] if rows else [], _PATHS, found, "column")
    return [line[column] for _, line in rows]


_READERS = {
    ".npz": _npz,
    ".npy": _npy,
    ".parquet": _parquet,
    ".safetensors": _safetensors,
    ".h5": _h5,
    ".hdf5": _h5,
}
