"""Vectors that were computed elsewhere, in the place of images: a lab's own vision model needs to hand over nothing else.

One file holds a vector for each image, keyed by the image's path as the images table writes it (relative to that table, or full):

- `.npz`: arrays `image_path` (N,) of strings and `embedding` (N, E);
- `.parquet`: columns `image_path` and `embedding` (a list of E numbers);
- `.safetensors`: one tensor (E,) an image, named by its path.

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

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.images import Skipped

FORMATS = (".npz", ".parquet", ".safetensors")


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

    grids: a grid of T vectors an image is taken too.

    Raises InputError where the file is of another kind, holds objects, vectors of different widths, or values that are not finite.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise InputError("not a file of embeddings", where=path, fix=f"give one of {', '.join(FORMATS)}")
    if not path.is_file():
        raise InputError("no such file", where=path, fix="check --embeddings")
    try:
        names, vectors = {".npz": _from_npz, ".parquet": _from_parquet, ".safetensors": _from_safetensors}[path.suffix](path)
    except InputError:
        raise
    except Exception as error:  # each reader fails in its own ways on broken files
        raise InputError(f"cannot be read ({' '.join(str(error).split())[:120]})", where=path, fix=_fix(path)) from error
    if vectors.ndim not in ((2, 3) if grids else (2,)) or len(vectors) != len(names) or not len(names):
        raise InputError(f"{len(names)} paths and vectors of shape {vectors.shape}", where=path, fix=_fix(path))
    bad = np.flatnonzero(~np.isfinite(vectors.reshape(len(vectors), -1)).all(1))
    if len(bad):
        raise InputError(f"the vector of '{names[bad[0]]}' is not finite", where=path, fix="compute it anew or leave it out")
    start = Path(folder).resolve()
    return Embeddings(path, vectors, {str((start / name).resolve()): i for i, name in enumerate(names)})


def _fix(path: Path) -> str:
    if path.suffix == ".safetensors":
        return "give one tensor of equal width an image, named by its path"
    return "give image_path (N) and embedding (N, E)"


def _from_npz(path: Path) -> tuple[list[str], np.ndarray]:
    with np.load(path, allow_pickle=False) as stored:
        missing = [n for n in ("image_path", "embedding") if n not in stored]
        if missing:
            raise InputError(f"no array '{missing[0]}'", where=path, fix=_fix(path))
        return [str(n) for n in stored["image_path"]], np.asarray(stored["embedding"], dtype=np.float32)


def _from_parquet(path: Path) -> tuple[list[str], np.ndarray]:
    import pyarrow.parquet as parquet

    missing = [n for n in ("image_path", "embedding") if n not in parquet.read_schema(path).names]
    if missing:
        raise InputError(f"no column '{missing[0]}'", where=path, fix=_fix(path))
    stored = parquet.read_table(path, columns=["image_path", "embedding"])
    return stored["image_path"].to_pylist(), np.array(stored["embedding"].to_pylist(), dtype=np.float32)


def _from_safetensors(path: Path) -> tuple[list[str], np.ndarray]:
    from safetensors.torch import load_file

    stored = load_file(path)
    return list(stored), np.stack([v.float().numpy() for v in stored.values()]) if stored else np.zeros((0, 0), np.float32)


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
