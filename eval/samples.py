"""Which images are measured, and which of them are of regions that the model knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.spelling import respelled, shown
from cytoscribe.core.tables import read_images

MODEL_IMAGES = "images.csv"
"""The table that training leaves in a model folder: the images it saw, with the splits in use."""


@dataclass(frozen=True)
class Samples:
    """The images measured. truth: (N,) int index into the model's regions, -1 for unseen ones; notes: what a reader must know."""

    records: tuple[ImageRecord, ...]
    truth: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def unseen(self) -> np.ndarray:
        """(N,) bool."""
        return self.truth < 0

    @property
    def known_records(self) -> list[ImageRecord]:
        """Images of regions that the model knows, in order."""
        return [r for r, t in zip(self.records, self.truth, strict=True) if t >= 0]

    @property
    def unseen_records(self) -> list[ImageRecord]:
        """Images of regions that it does not know, in order."""
        return [r for r, t in zip(self.records, self.truth, strict=True) if t < 0]

    def only(self, keep: np.ndarray) -> Samples:
        """The samples where `keep` (N,) bool is true."""
        return replace(self, records=tuple(r for r, k in zip(self.records, keep, strict=True) if k), truth=self.truth[keep])


def choose_samples(records: Sequence[ImageRecord], regions: Sequence[str], split: str, where: str | Path = "") -> Samples:
    """Known images are those of `split` whose region the model knows. Unseen are those marked `unseen`, and those of `split` whose
    region the model does not know. An image marked unseen whose region the model does know is left out, and said so.

    split: `all` takes every image. Regions that the table spells otherwise than the model (`17.0`, letter case) are read as the
    model's, and said so. Raises InputError where no image of a known region is left.
    """
    index = {region: i for i, region in enumerate(regions)}
    spelled = respelled([r.region for r in records], regions)
    records = [replace(r, region=spelled.get(r.region, r.region)) for r in records]
    taken = [r for r in records if split in (r.split, "all") or r.split == "unseen"]
    clash = [r for r in taken if r.split == "unseen" and r.region in index]
    taken = [r for r in taken if not (r.split == "unseen" and r.region in index)]
    truth = np.array([index.get(r.region, -1) for r in taken], dtype=int)
    if not (truth >= 0).any():
        raise InputError(_none_left(records, split, regions), where=where, fix="check --split and --region-column")
    notes = [f"regions are read in the model's spelling: {shown(spelled)}"] if spelled else []
    if clash:
        notes.append(f"{len(clash)} images marked unseen are of regions that the model knows ({_names(clash)}): left out")
    strange = [r for r, t in zip(taken, truth, strict=True) if t < 0 and r.split != "unseen"]
    if strange:
        notes.append(
            f"{len(strange)} images of split '{split}' are of regions that the model does not know ({_names(strange)}): "
            "counted as unseen"
        )
    absent = [r for r in regions if r not in {x.region for x in taken}]
    if absent:
        notes.append(f"{len(absent)} of the model's {len(regions)} regions have no image here ({', '.join(absent[:5])})")
    return Samples(tuple(taken), truth, tuple(notes))


def of_scale(records: Sequence[ImageRecord], scale: str, trained: str, where: str | Path = "") -> list[ImageRecord]:
    """Rows of one scale: the one requested, `auto` for the one that the model was `trained` on (all where it was trained on all), or
    `all`. Raises InputError where no row has it."""
    wanted = {"auto": trained, "all": ""}.get(scale, scale)
    kept = [r for r in records if not wanted or r.scale == wanted or (scale == "auto" and not r.scale)]
    if not kept:
        found = ", ".join(sorted({r.scale or "none" for r in records}))
        raise InputError(f"no image has scale '{wanted}' (scales found: {found})", where=where, fix="check --scale")
    return kept


def with_trained_splits(records: Sequence[ImageRecord], trained: Sequence[ImageRecord]) -> list[ImageRecord]:
    """Give rows without a split the one they had in training, found by path; rows that training never saw become `test`."""
    known = {r.path.resolve(): r.split for r in trained}
    return [r if r.split else replace(r, split=known.get(r.path.resolve(), "test")) for r in records]


def trained_images(model_folder: Path) -> list[ImageRecord]:
    """The images that the model's folder says it was trained with; empty where it does not say."""
    table = model_folder / MODEL_IMAGES
    return read_images(table) if table.is_file() else []


def _names(records: Sequence[ImageRecord]) -> str:
    return ", ".join(f"{name} {count}" for name, count in Counter(r.region for r in records).most_common(5))


def _none_left(records: Sequence[ImageRecord], split: str, regions: Sequence[str]) -> str:
    if not any(split in (r.split, "all") for r in records):
        found = ", ".join(f"{s or 'none'} {n}" for s, n in sorted(Counter(r.split for r in records).items()))
        return f"no image has split '{split}' (splits found: {found})"
    some = ", ".join(sorted({r.region for r in records})[:3])
    return f"no image of split '{split}' is of a region that the model knows (the table's: {some}; the model's: {', '.join(regions[:3])})"
