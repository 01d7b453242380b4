"""Training images by index, decoded once into memory where they fit, else decoded by threads for each batch."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch

from cytoscribe.core.records import ImageRecord
from cytoscribe.training.images import Skipped, load_squares, read_square

MEMORY_LIMIT = 4 * 2**30
"""Bytes of decoded images that are kept."""


class Squares:
    """Images of `records` as (3, px, px) uint8; `records` are those that could be read, `skipped` the others."""

    def __init__(self, records: Sequence[ImageRecord], px: int, workers: int, limit: int = MEMORY_LIMIT) -> None:
        self.px, self.workers = px, workers
        self._ahead = ThreadPoolExecutor(1)
        self._coming: dict[bytes, Future[np.ndarray]] = {}
        self._stack: np.ndarray | None = None
        if len(records) * 3 * px * px <= limit:
            self._stack, kept, self.skipped = load_squares(records, px, workers)
        else:
            kept, self.skipped = _check(records, workers)
        self.records = [records[i] for i in kept]

    def __len__(self) -> int:
        return len(self.records)

    def expect(self, indices: np.ndarray) -> None:
        """Begin to read what `take` will be asked for next, in a thread, where that takes longer than copying from memory."""
        if self._stack is None or torch.cuda.is_available():
            self._coming.clear()  # what was expected and never taken
            self._coming[indices.tobytes()] = self._ahead.submit(self._pinned, indices)

    def take(self, indices: np.ndarray) -> np.ndarray:
        """(B, 3, px, px) uint8."""
        coming = self._coming.pop(indices.tobytes(), None)
        return self._taken(indices) if coming is None else coming.result()

    def _pinned(self, indices: np.ndarray) -> np.ndarray:
        read = self._taken(indices)
        return torch.from_numpy(read).pin_memory().numpy() if torch.cuda.is_available() else read  # copied to a GPU at full speed

    def _taken(self, indices: np.ndarray) -> np.ndarray:
        if self._stack is not None:
            return self._stack[indices]
        return np.stack([_grey(r, self.px) for r in _read([self.records[i] for i in indices], self.px, self.workers)])

    def all(self, indices: Sequence[int] | None = None) -> np.ndarray:
        """Every image, or those at `indices`."""
        return self.take(np.arange(len(self)) if indices is None else np.asarray(indices, dtype=np.int64))


def _read(records: Sequence[ImageRecord], px: int, workers: int) -> list[np.ndarray | Skipped]:
    if workers < 1:
        return [read_square(r, px) for r in records]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda r: read_square(r, px), records))


def _check(records: Sequence[ImageRecord], workers: int) -> tuple[list[int], list[Skipped]]:
    read = _read(records, 8, workers)
    return [i for i, r in enumerate(read) if not isinstance(r, Skipped)], [r for r in read if isinstance(r, Skipped)]


def _grey(square: np.ndarray | Skipped, px: int) -> np.ndarray:
    """A file that broke since it was checked trains as plain grey rather than ending hours of work."""
    return np.full((3, px, px), 128, np.uint8) if isinstance(square, Skipped) else square
