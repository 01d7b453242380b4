"""Which images train, calibrate and test: never two splits from one brain or section, never an unseen region in training."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import write_csv
from cytoscribe.training.data.where import refuse_shared, where

VAL_SHARE = 0.15
TEST_SHARE = 0.15


@dataclass(frozen=True)
class SplitImages:
    """Records with a split each. made: True where the table gave none (or no `val`) and it was drawn here."""

    records: tuple[ImageRecord, ...]
    made: bool
    unit: str

    def of(self, split: str) -> list[ImageRecord]:
        return [r for r in self.records if r.split == split]

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions that have a training image, sorted."""
        return tuple(sorted({r.region for r in self.records if r.split == "train"}))


def split_images(records: Sequence[ImageRecord], seed: int, where: str | Path = "") -> SplitImages:
    """Use the table's splits; draw those it lacks: all where it has none, `val` out of `train` where only that is missing.

    Draws whole subjects, else whole sections, else images. Raises InputError where a region is both unseen and trained on,
    a subject or section stands in two splits, or nothing is left to train on.
    """
    unit = _unit(records)
    given = {r.split for r in records}
    made = "" in given or "val" not in given
    placed = list(records)
    if "" in given:
        placed = _draw([r for r in records if not r.split], unit, seed, VAL_SHARE, TEST_SHARE) + [r for r in records if r.split]
    if "val" not in {r.split for r in placed}:
        placed = _draw([r for r in placed if r.split == "train"], unit, seed, VAL_SHARE, 0.0) + [
            r for r in placed if r.split != "train"
        ]
    result = SplitImages(tuple(sorted(placed, key=lambda r: r.row)), made, unit)
    _refuse_two_sides([r for r in records if r.section], "section", where)
    check_leaks(result, where)
    return result


def chosen_rows(records: Sequence[ImageRecord], train_where: str, test_where: str) -> list[ImageRecord]:
    """Rows that the conditions choose: those of the first train and validate, those of the second are `test`; unseen ones stay.

    Rows that neither chooses are left out; with the first alone, rows of split `test` stay too. Raises InputError where a condition
    cannot be read, a row fulfils both, or a subject (or section) has rows on both sides.
    """
    if not train_where and not test_where:
        return list(records)
    unseen = [r for r in records if r.split == "unseen"]
    known = [r for r in records if r.split != "unseen"]
    train = where(known, train_where, "--train-where") if train_where else [r for r in known if r.split != "test"]
    test = where(known, test_where, "--test-where") if test_where else [r for r in known if r.split == "test" and r not in train]
    flags = "--train-where and --test-where"
    both = {r.row for r in train} & {r.row for r in test}
    if both and train_where:
        raise InputError(
            f"row {min(both)} fulfils both conditions ({len(both)} in all)", where=flags, fix="let them exclude each other"
        )
    train = [replace(r, split="" if r.split == "test" else r.split) for r in train if r.row not in {t.row for t in test}]
    refuse_shared(train, test, flags)
    if not train:
        raise InputError("no image to train on is left", where=flags, fix="check the conditions")
    return _refilled(train) + [replace(r, split="test") for r in test] + unseen


def _refilled(train: list[ImageRecord]) -> list[ImageRecord]:
    """Training rows without a split of their own become `train`, unless all lack one: then validation is drawn from them as usual."""
    if "val" in {r.split for r in train}:
        return [replace(r, split=r.split or "train") for r in train]
    return [replace(r, split="train") for r in train]


def _unit(records: Sequence[ImageRecord]) -> str:
    for unit in ("subject", "section"):
        if len({getattr(r, unit) for r in records if getattr(r, unit)}) > 2 and all(getattr(r, unit) for r in records):
            return unit
    return "image"


def _key(record: ImageRecord, unit: str) -> str:
    return str(record.path) if unit == "image" else getattr(record, unit)


def _draw(records: list[ImageRecord], unit: str, seed: int, val: float, test: float) -> list[ImageRecord]:
    """Shares of units to val and test. By image the draw is made within each region, so that none is left without any."""
    chosen: dict[str, str] = {}
    strata = sorted({r.region for r in records}) if unit == "image" else [None]
    for number, region in enumerate(strata):
        keys = sorted({_key(r, unit) for r in records if region is None or r.region == region})
        keys = [keys[i] for i in np.random.default_rng([seed, number]).permutation(len(keys))]
        n_val, n_test = _count(val, len(keys)), _count(test, len(keys))
        chosen.update({k: "val" if i < n_val else "test" if i < n_val + n_test else "train" for i, k in enumerate(keys)})
    return [replace(r, split=chosen[_key(r, unit)]) for r in records]


def _count(share: float, units: int) -> int:
    return max(1, round(share * units)) if share and units >= 4 else 0


def check_leaks(images: SplitImages, where: str | Path = "") -> None:
    """Raise InputError where an unseen region trains or calibrates, or where one brain or section is on both sides."""
    unseen = {r.region for r in images.records if r.split == "unseen"}
    for record in images.records:
        if record.split in ("train", "val") and record.region in unseen:
            raise InputError(
                f"region '{record.region}' is unseen in one row and '{record.split}' in row {record.row}",
                where=where,
                fix="give all its rows split=unseen, or none",
            )
    if not images.of("train"):
        raise InputError("no image to train on", where=where, fix="give some rows split=train")
    if images.unit != "image":
        _refuse_two_sides(images.records, images.unit, where)


def _refuse_two_sides(records: Sequence[ImageRecord], unit: str, where: str | Path) -> None:
    """Raise InputError where rows of one subject or section, as far as they have a split, do not have the same."""
    sides: dict[tuple[str, str], set[str]] = {}
    for record in records:
        if record.split not in ("", "unseen"):
            owner = (record.subject, record.section) if unit == "section" else (record.subject, "")
            sides.setdefault(owner, set()).add(record.split)
    both = sorted(owner for owner, found in sides.items() if len(found) > 1)
    if both:
        told = " and ".join(sorted(sides[both[0]]))
        name = both[0][unit == "section"]
        raise InputError(f"{unit} '{name}' is in {told}", where=where, fix=f"give each {unit} one split")


def write_splits(images: SplitImages, folder: Path, later: Path | None = None) -> None:
    """Write images.csv with the splits in use into the run folder, paths relative to it, or to where the folder will be `later`."""
    names = sorted({name for r in images.records for name in r.attributes})
    columns = ["image_path", "region", "subject", "section", "plane", "age", "pixel_size_um", "scale", "split", *names]
    rows = [
        [
            os.path.relpath(r.path, later or folder),
            r.region,
            r.subject,
            r.section,
            r.plane,
            r.age,
            r.pixel_size_um or "",
            r.scale,
            r.split,
        ]
        + [r.attributes.get(n, "") for n in names]
        for r in images.records
    ]
    write_csv(folder / "images.csv", columns, rows)


def counts(images: SplitImages) -> dict[str, int]:
    """Images a split."""
    return dict(Counter(r.split for r in images.records))
