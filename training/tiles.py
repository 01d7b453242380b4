"""Cut tiles (cells, high resolution) and region crops (context, low resolution) from labelled sections into an images table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cytoscribe.errors import InputError
from cytoscribe.progress import track
from cytoscribe.runs import RunFolder, atomic_path, file_digest
from cytoscribe.tables import write_csv
from training.sections import Groups, SectionFiles, find_sections, read_groups, read_section, section_splits

SCALES = ("tile", "region", "both")
COLUMNS = ("image_path", "region", "section", "scale", "split", "pixel_size_um", "x", "y", "side_px", "purity")
WHITE = 255


@dataclass(frozen=True)
class CutSettings:
    """sections, labels: folders; groups: groups.csv; tile_px: side of a tile in section pixels; stride: pixels between tiles, 0
    for tiles side by side; purity: least share of a tile (or of tissue in a region crop's box) that is its region; region_px:
    side a region crop is scaled to; most: of one region from one section, 0 for no limit; pixel_size_um: of the sections;
    interleave: take splits in turn along the brain instead of drawing sections by seed."""

    sections: Path
    labels: Path
    groups: Path
    out: Path
    tile_px: int = 96
    stride: int = 0
    purity: float = 0.7
    scale: str = "tile"
    region_px: int = 224
    margin: float = 0.1
    least_px: int = 400
    most: int = 0
    pixel_size_um: float | None = None
    test_sections: tuple[str, ...] = ()
    interleave: bool = True
    seed: int = 0
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise InputError(f"unknown scale '{self.scale}'", fix=f"use one of {', '.join(SCALES)}")
        if self.tile_px < 8 or self.region_px < 8:
            raise InputError("a tile needs at least 8 pixels a side", fix="give a larger --tile-px")
        if not 0 < self.purity <= 1:
            raise InputError(f"purity {self.purity:g} is no share", fix="give --purity between 0 and 1, e.g. 0.7")


@dataclass(frozen=True)
class Cut:
    """A square of a section: corner and side in section pixels, the region it shows, and the share of it that is that region."""

    region: str
    scale: str
    x: int
    y: int
    side: int
    purity: float


def cut(settings: CutSettings) -> dict[str, Any]:
    """Cut every section; writes tiles/*.png, images.csv and contact_sheet.png. Returns counts by split and region.

    Raises InputError where folders, table or label maps cannot be used, or nothing is pure enough.
    """
    sections, groups = find_sections(settings.sections, settings.labels), read_groups(settings.groups)
    seed = None if settings.interleave else settings.seed
    splits = section_splits([s.name for s in sections], seed=seed, test=settings.test_sections)
    told = {k: v for k, v in asdict(settings).items() if k not in ("out", "overwrite", "sections", "labels", "groups")}
    inputs = {"groups": file_digest(settings.groups), "sections": {s.name: file_digest(s.labels)[:16] for s in sections}}
    with RunFolder(settings.out, "cut-tiles", told, inputs, overwrite=settings.overwrite) as run:
        for files in track(sections, "cutting", unit="sections"):
            if not run.has_shard(files.name):
                run.write_shard(files.name, [asdict(c) for c in _cut_section(files, groups, settings, run.path)])
        cuts = [(files.name, Cut(**row)) for files in sections for row in run.read_shard(files.name)]
        if not cuts:
            raise InputError("no tile is pure enough", where=settings.labels, fix="lower --purity or --tile-px")
        rows = [_row(name, c, groups, splits[name], settings) for name, c in cuts]
        write_csv(run.path / "images.csv", COLUMNS, rows)
        _contact_sheet(cuts, groups, run.path)
        summary = _summary(rows, groups)
        run.finish(summary)
        return summary


def _cut_section(files: SectionFiles, groups: Groups, settings: CutSettings, folder: Path) -> list[Cut]:
    picture, numbers = read_section(files, groups)
    found: list[Cut] = []
    if settings.scale in ("tile", "both"):
        found.extend(_capped(list(find_tiles(numbers, groups, settings)), files.name, settings))
    if settings.scale in ("region", "both"):
        found.extend(_capped(list(find_regions(numbers, groups, settings)), files.name, settings))
    for one in found:
        side = settings.tile_px if one.scale == "tile" else settings.region_px
        square = Image.fromarray(cropped(picture, one.x, one.y, one.side))
        if one.side != side:
            square = square.resize((side, side), Image.Resampling.BICUBIC)
        with atomic_path(folder / tile_name(files.name, one)) as temporary:
            square.save(temporary, format="PNG")
    return found


def find_tiles(numbers: np.ndarray, groups: Groups, settings: CutSettings) -> Iterator[Cut]:
    """Tiles on a grid whose most frequent region covers at least `purity` of all their pixels."""
    side, stride = settings.tile_px, settings.stride or settings.tile_px
    height, width = numbers.shape
    for y in range(0, height - side + 1, stride):
        for x in range(0, width - side + 1, stride):
            counted = np.bincount(numbers[y : y + side, x : x + side].ravel(), minlength=len(groups.names) + 1)
            best = int(counted[1:].argmax()) + 1
            share = counted[best] / side**2
            if share >= settings.purity:
                yield Cut(groups.names[best - 1], "tile", x, y, side, round(float(share), 3))


def find_regions(numbers: np.ndarray, groups: Groups, settings: CutSettings) -> Iterator[Cut]:
    """One square around each connected piece of a region of at least `least_px` pixels, with a margin of context."""
    from skimage.measure import label, regionprops

    for number in np.unique(numbers[numbers > 0]):
        for piece in regionprops(label(numbers == number, connectivity=2)):
            if piece.area < settings.least_px:
                continue
            top, left, bottom, right = piece.bbox
            side = round(max(bottom - top, right - left) * (1 + 2 * settings.margin))
            x, y = (left + right - side) // 2, (top + bottom - side) // 2
            yield Cut(groups.names[int(number) - 1], "region", int(x), int(y), side, round(float(piece.area) / side**2, 3))


def cropped(picture: np.ndarray, x: int, y: int, side: int) -> np.ndarray:
    """The square (side, side, 3) at a corner that may lie outside; what is outside is white, like glass."""
    height, width = picture.shape[:2]
    square = np.full((side, side, 3), WHITE, np.uint8)
    top, left, bottom, right = max(y, 0), max(x, 0), min(y + side, height), min(x + side, width)
    if bottom > top and right > left:
        square[top - y : bottom - y, left - x : right - x] = picture[top:bottom, left:right]
    return square


def _capped(cuts: list[Cut], section: str, settings: CutSettings) -> list[Cut]:
    if not settings.most:
        return cuts
    kept: list[Cut] = []
    for region in sorted({c.region for c in cuts}):
        own = [c for c in cuts if c.region == region]
        drawn = np.random.default_rng([settings.seed, *section.encode(), *region.encode()]).permutation(len(own))
        kept.extend(own[i] for i in sorted(drawn[: settings.most]))
    return kept


def tile_name(section: str, one: Cut) -> str:
    """Path of a cut's picture within the run folder."""
    slug = re.sub(r"[^a-z0-9]+", "-", one.region.lower()).strip("-")
    return f"tiles/{section}_{one.scale}_{slug}_{one.x}_{one.y}.png"


def _row(section: str, one: Cut, groups: Groups, split: str, settings: CutSettings) -> list[object]:
    scale = one.side / (settings.tile_px if one.scale == "tile" else settings.region_px)
    pixel = "" if settings.pixel_size_um is None else round(settings.pixel_size_um * scale, 4)
    split = "unseen" if one.region in groups.unseen else split
    return [tile_name(section, one), one.region, section, one.scale, split, pixel, one.x, one.y, one.side, one.purity]


def _summary(rows: list[list[object]], groups: Groups) -> dict[str, Any]:
    regions = Counter(str(r[1]) for r in rows)
    return {
        "images": len(rows),
        "splits": dict(Counter(str(r[4]) for r in rows)),
        "regions": dict(sorted(regions.items())),
        "empty": [g for g in groups.names if g not in regions],
    }


def _contact_sheet(cuts: list[tuple[str, Cut]], groups: Groups, folder: Path) -> None:
    """One row a region, eight of its pictures spread over the sections, the name beside them."""
    from matplotlib.figure import Figure

    present = [g for g in groups.names if any(c.region == g for _, c in cuts)]
    figure = Figure(figsize=(11, 1.05 * len(present)), layout="constrained")
    axes = figure.subplots(len(present), 8, squeeze=False)
    for row, region in zip(axes, present, strict=True):
        own = [(s, c) for s, c in cuts if c.region == region]
        picked = [own[i] for i in np.linspace(0, len(own) - 1, min(8, len(own))).astype(int)]
        for place, axis in enumerate(row):
            axis.axis("off")
            if place < len(picked):
                axis.imshow(np.asarray(Image.open(folder / tile_name(*picked[place]))))
        unseen = " (unseen)" if region in groups.unseen else ""
        row[0].set_title(f"{region}{unseen}, n = {len(own)}", loc="left", fontsize=8)
    with atomic_path(folder / "contact_sheet.png") as temporary:
        figure.savefig(temporary, dpi=90, format="png")
