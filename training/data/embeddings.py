"""Vectors that were computed elsewhere, instead of images: a lab's own vision model needs to hand over nothing else.

One file holds a vector for each image, keyed by the image's path as the images table writes it (relative to that table, or full):

- `.npz` and `.h5`: arrays `image_path` (N,) of strings and `embedding` (N, E);
- `.parquet`: columns `image_path` and `embedding` (a list of E numbers), or a wide table of numbers with the paths as its index;
- `.safetensors`: one tensor (E,) an image, named by its path, or one (N, E) with an index;
- `.npy`: (N, E) with an index: `NAME.csv` beside it with a column `image_path`, or `NAME.txt` with a path a line.

None of them can carry code: arrays of Python objects are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cytoscribe.core.digests import is_file
from cytoscribe.core.errors import InputError
from cytoscribe.core.places import Places
from cytoscribe.core.progress import say
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.data.vector_files import FORMATS, read_vectors
from cytoscribe.training.images import Skipped


@dataclass(frozen=True)
class Embeddings:
    """vectors (N, E) float32, or token grids (N, T, E) where they were asked for; row: an image's full path to its row."""

    path: Path
    vectors: np.ndarray
    row: dict[str, int]

    @property
    def width(self) -> int:
        """E."""
        return int(self.vectors.shape[-1])

    def find(self, record: ImageRecord) -> int | None:
        """The row of a record's vector; None where the file has none."""
        return self.row.get(str(record.path.resolve()))


def read_embeddings(path: str | Path, folder: str | Path, *, grids: bool = False) -> Embeddings:
    """Read a file of vectors; relative image paths in it count from `folder`, the one of the images table.

    grids: a grid of T vectors an image, (N, T, E), is taken too.

    Raises InputError where the file is of another kind, holds objects, vectors of different widths, values that are not finite, or two
    vectors of one image.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise InputError("not a file of embeddings", where=path, fix=f"give one of {', '.join(FORMATS)}")
    if not is_file(path):
        raise InputError("no such file", where=path, fix="check --embeddings")
    names, vectors = read_vectors(path, grids=grids)
    bad = np.flatnonzero(~np.isfinite(vectors.reshape(len(vectors), -1)).all(1))
    if len(bad):
        raise InputError(f"the vector of '{names[bad[0]]}' is not finite", where=path, fix="compute it again or leave it out")
    places = Places(Path(folder).resolve())
    rows = _rows([_full(places, name, path) for name in names], vectors, path)
    if places.mended:
        say(f"{path.name}: {places.told()}")
    return Embeddings(path, vectors, rows)


def _full(places: Places, name: str, path: Path) -> str:
    """The full path of an image that a file of vectors names; raises InputError where the name is none."""
    try:
        return str(places.find(name).resolve())
    except (TypeError, ValueError, OSError) as error:
        raise InputError(f"image_path {name[:40]!r} is not a path", where=path, fix="give the paths of the images table") from error


def _rows(keys: Sequence[str], vectors: np.ndarray, path: Path) -> dict[str, int]:
    """Full path to row. Raises InputError where one image has two vectors that differ."""
    rows: dict[str, int] = {}
    for i, name in enumerate(keys):
        first = rows.setdefault(name, i)
        if first != i and not np.array_equal(vectors[first], vectors[i]):
            raise InputError(
                f"'{Path(name).name}' appears twice with different vectors (rows {first + 1} and {i + 1})",
                where=path,
                fix="keep the right one",
            )
    if len(rows) < len(keys):
        say(f"{path.name}: {len(keys) - len(rows)} images are there twice with the same vector")
    return rows


class Vectors:
    """Vectors of `records`, by index as `training.squares.Squares` gives pictures; `skipped` are records without a vector."""

    def __init__(self, records: Sequence[ImageRecord], embeddings: Embeddings) -> None:
        found = [(r, embeddings.find(r)) for r in records]
        self.records = [r for r, row in found if row is not None]
        self.skipped = [Skipped(r.path, r.row, f"no vector in {embeddings.path.name}") for r, row in found if row is None]
        self._vectors = embeddings.vectors[[row for _, row in found if row is not None]]

    def __len__(self) -> int:
        return len(self.records)

    def take(self, indices: np.ndarray) -> np.ndarray:
        """(B, E) float32."""
        return self._vectors[indices]

    def all(self, indices: Sequence[int] | None = None) -> np.ndarray:
        """Every vector, or those at `indices`."""
        return self._vectors if indices is None else self._vectors[np.asarray(indices, dtype=np.int64)]


class EmbeddingTower(nn.Module):
    """The vision tower of a model that is given vectors (B, E): each dimension standardised, then one affine projection to (B, D).

    Without its offset, vectors that differ in length alone would all become one direction.
    """

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.head = nn.Module()
        self.head.proj = nn.Linear(width, out)
        nn.init.zeros_(self.head.proj.bias)

    def standardise(self, vectors: np.ndarray) -> None:
        """Take mean and standard deviation of the training vectors (N, E)."""
        known = torch.from_numpy(vectors).double()
        spread = known.std(0, correction=0)
        self.get_buffer("centre").copy_(known.mean(0))
        self.get_buffer("spread").copy_(torch.where(spread > 0, spread, torch.ones_like(spread)))

    def forward(self, vectors: Tensor) -> Tensor:
        """(B, E) to (B, D)."""
        return self.head.proj((vectors - self.get_buffer("centre")) / self.get_buffer("spread"))  # type: ignore[operator]


def give_vectors(model: Any, width: int, out: int) -> None:
    """Put an `EmbeddingTower` in the place of a model's vision tower."""
    model.visual = EmbeddingTower(width, out)


def takes_vectors(model: Any) -> bool:
    """True for models that are given vectors instead of pictures."""
    return isinstance(model.visual, EmbeddingTower)
