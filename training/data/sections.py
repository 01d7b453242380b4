"""Whole sections with a region label for every pixel: finding them, reading them, joining fine labels into groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.images import opened_image
from cytoscribe.core.outlines import OUTLINE_SUFFIXES, Outlines, check_drawn, drawn, grid_step, read_outlines
from cytoscribe.core.progress import say
from cytoscribe.core.tables import read_csv
from cytoscribe.training.data.slides import PICTURE_SUFFIXES, Slide, open_slide

LABEL_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
BACKGROUND = 0
SIZES_APART = 10.0
"""Pixel sizes that differ by this factor are no set of sections: one of them is wrong, or another kind of picture."""
_MOST_LABEL = 2**24


@dataclass(frozen=True)
class SectionFiles:
    """One section: its picture and its label map or outlines, found by the same name."""

    name: str
    image: Path
    labels: Path

    @property
    def outlined(self) -> bool:
        """Whether the labels are polygons."""
        return self.labels.suffix.lower() in OUTLINE_SUFFIXES


@dataclass(frozen=True)
class Groups:
    """Regions to cut, and the labels each is made of. names are sorted; unseen: those no training may see; lookup[v]: 1 + index of
    the group that label value v belongs to, 0 for none; by_name: the same for the names of outlines."""

    names: tuple[str, ...]
    unseen: frozenset[str]
    lookup: np.ndarray
    by_name: dict[str, int]

    def of(self, labels: np.ndarray) -> np.ndarray:
        """(H, W) int32 group numbers (0 for none) of a label map; values beyond the table belong to none."""
        inside = np.where((labels >= 0) & (labels < len(self.lookup)), labels, BACKGROUND)
        return self.lookup[inside]


@dataclass(frozen=True)
class Section:
    """A section to cut from. numbers: (h, w) int32 group numbers, 0 for none, a cell `step` pixels of the picture wide."""

    slide: Slide
    numbers: np.ndarray
    step: int


def find_sections(sections: Path, labels: Path) -> list[SectionFiles]:
    """Pictures that have labels of the same name, by name.

    Raises InputError where a folder is missing, no pair is found, or a name stands for two files.
    """
    for folder in (sections, labels):
        if not folder.is_dir():
            raise InputError("no such folder", where=folder, fix="check --sections and --labels")
    maps = _by_name(labels, (*LABEL_SUFFIXES, *OUTLINE_SUFFIXES))
    pictures = _by_name(sections, PICTURE_SUFFIXES)
    pairs = [SectionFiles(name, path, maps[name]) for name, path in sorted(pictures.items()) if name in maps]
    if not pairs:
        raise InputError(f"no picture has a label map of the same name in {labels}", where=sections, fix="name both alike")
    return pairs


def _by_name(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in suffixes or path.name.startswith("."):
            continue
        name = section_name(path)
        if name in found:
            raise InputError(f"'{name}' is both {found[name].name} and {path.name}", where=folder, fix="keep one of them")
        found[name] = path
    return found


def section_name(path: Path) -> str:
    """File name without what tells its format: `s1` of `s1.png`, `s1.ome.tif`, `s1.geojson` and `s1.ome.tif.geojson`."""
    name = path.name
    known = (*PICTURE_SUFFIXES, *OUTLINE_SUFFIXES, ".ome")
    while Path(name).suffix.lower() in known:
        name = Path(name).stem
    return name


def read_groups(path: Path) -> Groups:
    """Read groups.csv: `group` and, for label maps, `label_value`, or for outlines `label` (their classification);
    `use=unseen` keeps a group out of training.

    Raises InputError naming the row of a label value that is no whole number of 1 or more, stands in two groups, or of a group
    that is both seen and unseen.
    """
    values: dict[int | str, str] = {}
    uses: dict[str, str] = {}
    for row, line in read_csv(path, ["group"]):
        value, group, use = _label_of(path, row, line), line["group"], line.get("use", "") or "seen"
        if not group:
            raise InputError("empty cell", where=cell(path, row, "group"), fix="give the group or remove the row")
        if values.setdefault(value, group) != group:
            raise InputError(f"label {value} is in two groups", where=cell(path, row, "group"), fix="keep one of them")
        if use not in ("seen", "unseen") or uses.setdefault(group, use) != use:
            raise InputError(f"use '{use}' of '{group}'", where=cell(path, row, "use"), fix="give seen or unseen, one a group")
    names = tuple(sorted(uses))
    lookup = np.zeros(max((v for v in values if isinstance(v, int)), default=0) + 1, dtype=np.int32)
    by_name: dict[str, int] = {}
    for value, group in values.items():
        if isinstance(value, int):
            lookup[value] = names.index(group) + 1
        else:
            by_name[value] = names.index(group) + 1
    return Groups(names, frozenset(g for g, u in uses.items() if u == "unseen"), lookup, by_name)


def _label_of(path: Path, row: int, line: dict[str, str]) -> int | str:
    """The label value of a row, or the name of an outline."""
    if line.get("label"):
        return line["label"]
    if "label_value" not in line:
        raise InputError("no column 'label_value' or 'label'", where=path, fix="name the label of each row")
    value = line["label_value"]
    if not value.isdigit() or not 1 <= int(value) < _MOST_LABEL:
        raise InputError(f"'{value}' is no label value", where=cell(path, row, "label_value"), fix="give a whole number from 1")
    return int(value)


def groups_of_outlines(sections: list[SectionFiles]) -> Groups:
    """Every classification of the outlines as a region of its own, all seen. Raises InputError where a section has a label map,
    whose values mean nothing without a table."""
    for files in sections:
        if not files.outlined:
            raise InputError("a label map needs a table of its values", where=files.labels, fix="give --groups groups.csv")
    names = tuple(sorted({name for files in sections for name in read_outlines(files.labels).names}))
    return Groups(names, frozenset(), np.zeros(1, np.int32), {name: i + 1 for i, name in enumerate(names)})


def read_section(files: SectionFiles, groups: Groups, finest: int = 1) -> Section:
    """Picture and group numbers; finest: side in pixels of the smallest square that will be cut.

    Raises InputError where a label map is neither of the picture's size nor a whole number of times smaller, or has colour.
    """
    slide = open_slide(files.image)
    if files.outlined:
        step = grid_step(slide.sizes[0], finest)
        outlines = _inside(read_outlines(files.labels), slide, files)
        rings = (o.rings[0] / step for o in outlines.outlines)
        check_drawn(rings, tuple(-(-side // step) for side in slide.sizes[0]), files.labels)
        return Section(slide, drawn(outlines, groups.by_name, slide.sizes[0], step), step)
    labels = read_labels(files.labels)
    step = _times_smaller(labels.shape[:2], slide.sizes[0])
    if step is None:
        height, width = slide.sizes[0]
        sizes = f"{width} x {height} and {labels.shape[1]} x {labels.shape[0]} px"
        raise InputError(
            f"picture and label map differ in size ({sizes})",
            where=files.labels,
            fix="give both the same size, or a whole fraction",
        )
    return Section(slide, groups.of(labels), step)


def _inside(outlines: Outlines, slide: Slide, files: SectionFiles) -> Outlines:
    """The outlines, if any of them lies on the picture; raises InputError where they are drawn on another one."""
    height, width = slide.sizes[0]
    if outlines.unnamed or outlines.other:
        say(f"{files.labels.name}: left out {outlines.unnamed} outlines without a classification, {outlines.other} points or lines")
    if not any((o.rings[0].min(0) < (width, height)).all() and (o.rings[0].max(0) > 0).all() for o in outlines.outlines):
        raise InputError(f"no outline lies on the picture ({width} x {height} px)", where=files.labels, fix="check its coordinates")
    return outlines


def _times_smaller(labels: tuple[int, ...], picture: tuple[int, int]) -> int | None:
    """How many pixels of the picture a label spans; None where it is no whole number."""
    step = max(round(picture[0] / labels[0]), 1)
    fits = all(abs(size - step * cells) < step for size, cells in zip(picture, labels, strict=True))
    return step if fits else None


def read_labels(path: Path) -> np.ndarray:
    """Label map as (H, W) int32, value by value: 8-bit, 16-bit and 32-bit greyscale and palette images."""
    try:
        with opened_image(path) as image:
            values = np.asarray(image)
    except InputError as error:
        raise InputError(f"not a readable label map ({error.what})", where=path, fix="save it as a 16-bit greyscale PNG") from error
    if values.dtype.kind not in "iub":
        raise InputError(f"labels of type {values.dtype}", where=path, fix="save it as a 16-bit greyscale PNG")
    if values.ndim != 2:
        raise InputError(f"a label map has one channel, this has {values.shape[-1]}", where=path, fix="save it as greyscale")
    return values.astype(np.int32)


def check_pixel_sizes(sizes: dict[str, float | None], needed: bool) -> None:
    """sizes: section name to micrometres a pixel. Raises InputError where two differ by SIZES_APART or more, naming both, or, where
    sizes are needed, one is unknown."""
    unknown = sorted(name for name, size in sizes.items() if size is None)
    if needed and unknown:
        raise InputError(
            f"{len(unknown)} of {len(sizes)} sections do not say their pixel size ({unknown[0]})",
            fix="give --pixel-size-um, or a column pixel_size_um in --section-table",
        )
    known = {name: size for name, size in sizes.items() if size is not None}
    if known:
        fine, coarse = min(known, key=lambda n: known[n]), max(known, key=lambda n: known[n])
        if known[coarse] >= SIZES_APART * known[fine]:
            told = f"{fine} has {known[fine]:g} um a pixel, {coarse} has {known[coarse]:g}"
            raise InputError(
                f"pixel sizes differ {known[coarse] / known[fine]:.0f}-fold: {told}", fix="cut them apart, or correct them"
            )
