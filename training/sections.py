"""Whole sections with a region label for every pixel: finding them, reading them, joining fine labels into groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytoscribe.errors import InputError, cell
from cytoscribe.tables import read_csv
from training.images import read_image

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
BACKGROUND = 0


@dataclass(frozen=True)
class SectionFiles:
    """One section: its picture and its label map, found by the same file stem."""

    name: str
    image: Path
    labels: Path


@dataclass(frozen=True)
class Groups:
    """Regions to cut, and the label values each is made of. names are sorted; unseen: those no training may see;
    lookup[v]: 1 + index of the group that label value v belongs to, 0 for none."""

    names: tuple[str, ...]
    unseen: frozenset[str]
    lookup: np.ndarray

    def of(self, labels: np.ndarray) -> np.ndarray:
        """(H, W) int32 group numbers (0 for none) of a label map; values beyond the table belong to none."""
        inside = np.where((labels >= 0) & (labels < len(self.lookup)), labels, BACKGROUND)
        return self.lookup[inside]


def find_sections(sections: Path, labels: Path) -> list[SectionFiles]:
    """Pictures that have a label map of the same stem, by name.

    Raises InputError where a folder is missing or no pair is found.
    """
    for folder in (sections, labels):
        if not folder.is_dir():
            raise InputError("no such folder", where=folder, fix="check --sections and --labels")
    maps = {p.stem: p for p in sorted(labels.iterdir()) if p.suffix.lower() in SUFFIXES}
    pictures = [p for p in sorted(sections.iterdir()) if p.suffix.lower() in SUFFIXES]
    pairs = [SectionFiles(p.stem, p, maps[p.stem]) for p in pictures if p.stem in maps]
    if not pairs:
        raise InputError(f"no picture has a label map of the same name in {labels}", where=sections, fix="name both alike")
    return pairs


def read_groups(path: Path) -> Groups:
    """Read groups.csv: `label_value,group` required; `use=unseen` keeps a group out of training.

    Raises InputError naming the row of a label value that is no whole number of 1 or more, stands in two groups, or of a group
    that is both seen and unseen.
    """
    values: dict[int, str] = {}
    uses: dict[str, str] = {}
    for row, line in read_csv(path, ["label_value", "group"]):
        value, group, use = line["label_value"], line["group"], line.get("use", "") or "seen"
        if not value.isdigit() or not 1 <= int(value) < 2**24:
            raise InputError(f"'{value}' is no label value", where=cell(path, row, "label_value"), fix="give a whole number from 1")
        if not group:
            raise InputError("empty cell", where=cell(path, row, "group"), fix="give the group or remove the row")
        if values.setdefault(int(value), group) != group:
            raise InputError(f"label {value} is in two groups", where=cell(path, row, "group"), fix="keep one of them")
        if use not in ("seen", "unseen") or uses.setdefault(group, use) != use:
            raise InputError(f"use '{use}' of '{group}'", where=cell(path, row, "use"), fix="give seen or unseen, one a group")
    names = tuple(sorted(uses))
    lookup = np.zeros(max(values, default=0) + 1, dtype=np.int32)
    for value, group in values.items():
        lookup[value] = names.index(group) + 1
    return Groups(names, frozenset(g for g, u in uses.items() if u == "unseen"), lookup)


def read_section(files: SectionFiles, groups: Groups) -> tuple[np.ndarray, np.ndarray]:
    """Picture (H, W, 3) uint8 and group numbers (H, W) int32; raises InputError where sizes differ or labels have colour."""
    picture, labels = read_image(files.image), read_labels(files.labels)
    if picture.shape[:2] != labels.shape:
        sizes = f"{picture.shape[1]} x {picture.shape[0]} and {labels.shape[1]} x {labels.shape[0]} px"
        raise InputError(f"picture and label map differ in size ({sizes})", where=files.labels, fix="give both the same size")
    return picture, groups.of(labels)


def read_labels(path: Path) -> np.ndarray:
    """Label map as (H, W) int32, value by value: 8-bit, 16-bit and 32-bit greyscale and palette images."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            values = np.asarray(image)
    except (OSError, UnidentifiedImageError, ValueError) as error:
        raise InputError("not a readable label map", where=path, fix="save it as a 16-bit greyscale PNG") from error
    if values.ndim != 2:
        raise InputError(f"a label map has one channel, this has {values.shape[-1]}", where=path, fix="save it as greyscale")
    return values.astype(np.int32)


def section_splits(names: list[str], *, seed: int | None = None, test: tuple[str, ...] = ()) -> dict[str, str]:
    """Split of each section: one in five tests, one in five validates, the rest train; never one section on two sides.

    Sections are taken in order of name. seed None interleaves (every stretch of the brain is in each split); a seed draws at
    random. test: names of the test sections instead. Raises InputError where a named one does not exist.
    """
    unknown = sorted(set(test) - set(names))
    if unknown:
        raise InputError(f"no section '{unknown[0]}'", fix=f"name some of {', '.join(names[:4])} ...")
    rest = [n for n in sorted(names) if n not in test]
    if seed is not None:
        rest = [rest[i] for i in np.random.default_rng(seed).permutation(len(rest))]
    cycle = ("train", "train", "val", "train", "train") if test else ("train", "train", "test", "train", "val")
    return {**dict.fromkeys(test, "test"), **{n: cycle[i % 5] for i, n in enumerate(rest)}}
