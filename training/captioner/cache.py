"""Images encoded once: parts of a few hundred are kept on disk, so that later runs read them, and a killed one goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cytoscribe.core.digests import fingerprint, quick_digest
from cytoscribe.core.progress import bar
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.vision import Vision
from cytoscribe.training.images import Skipped
from cytoscribe.training.model.tensors import read_tensors, write_tensors

PART, BATCH = 256, 64
FOLDER = ".vision"
"""Where the parts lie by default, within a run folder: hidden, so that they are no result."""
Change = Callable[[np.ndarray, int], np.ndarray]
"""Another picture from a picture (3, px, px) uint8 and the number of its record."""


@dataclass(frozen=True)
class EncodedImages:
    """Images that could be read, with their tokens in the same order, and those that could not."""

    records: tuple[ImageRecord, ...]
    seen: Seen
    skipped: tuple[Skipped, ...]

    def __len__(self) -> int:
        return len(self.records)

    def only(self, keep: Sequence[int]) -> EncodedImages:
        """Those at the indices `keep`."""
        index = torch.as_tensor(list(keep), dtype=torch.int64)
        return EncodedImages(tuple(self.records[i] for i in keep), self.seen.rows(index), self.skipped)


def encoded(
    vision: Vision, records: Sequence[ImageRecord], folder: Path | None, *, change: Change | None = None, mark: str = ""
) -> EncodedImages:
    """Encode records, or read what was encoded before. folder: None keeps nothing; change: done to each picture first; mark: names
    that change."""
    parts, kept, skipped = [], [], []
    with bar("encoding images", len(records), "images") as running:
        for start in range(0, len(records), PART):
            some = records[start : start + PART]
            seen, good, bad = _part(vision, some, start, folder, change, mark)
            parts.append(seen)
            kept += [some[i] for i in good]
            skipped += bad
            running.advance(len(some))
    whole = [p for p in parts if len(p)]
    empty = Seen(torch.zeros(0, 0, 0), torch.zeros(0, 0))
    return EncodedImages(tuple(kept), Seen.joined(whole) if whole else empty, tuple(skipped))


def _part(
    vision: Vision, records: Sequence[ImageRecord], start: int, folder: Path | None, change: Change | None, mark: str
) -> tuple[Seen, list[int], list[Skipped]]:
    path = folder / f"{_key(vision, records, start, mark)}.safetensors" if folder else None
    if path is not None and path.is_file():
        told = read_tensors(path, f"remove {path.parent}: its images are encoded again", ("grid", "vector", "kept"))
        good = told["kept"].tolist()
        bad = [Skipped(r.path, r.row, "could not be read") for i, r in enumerate(records) if i not in set(good)]
        return Seen(told["grid"], told["vector"]), good, bad
    pictures = [vision.picture(r) for r in records]
    bad = [p for p in pictures if isinstance(p, Skipped)]
    good = [i for i, p in enumerate(pictures) if not isinstance(p, Skipped)]
    shown = [p if change is None else change(p, start + i) for i, p in enumerate(pictures) if not isinstance(p, Skipped)]
    seen = Seen.joined([vision.encode(shown[s : s + BATCH]) for s in range(0, len(shown), BATCH)]) if shown else _nothing()
    if path is not None and shown:
        write_tensors(path, {"grid": seen.grid, "vector": seen.vector, "kept": torch.tensor(good)})
    return seen, good, bad


def _nothing() -> Seen:
    return Seen(torch.zeros(0, 0, 0), torch.zeros(0, 0))


def _key(vision: Vision, records: Sequence[ImageRecord], start: int, mark: str) -> str:
    pictures = [(str(r.path.resolve()), quick_digest(r.path)) for r in records]
    return fingerprint([vision.identity, pictures, mark, start if mark else 0])
