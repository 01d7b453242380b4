"""Which pages of a TIFF show the section, and how they are to be read: files hold macro photos, channels, planes and stacks too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError

MINISWHITE, MINISBLACK, RGB, PALETTE, SEPARATED, YCBCR = 0, 1, 2, 3, 5, 6
_JPEG = (6, 7, 33007, 34892)
_BESIDE = re.compile(r"macro|label|thumb|overview|preview|barcode", re.IGNORECASE)
"""Names of pictures that lie beside the scan."""
_RIVAL = 0.5
"""Share of the largest picture's pixels from which on a second one is a second scan, not a copy."""
_COLOURS = ({"r", "red"}, {"g", "green"}, {"b", "blue"})
_BRIGHT = 0.6
"""Share of the range that glass has at least in each of three planes that are the colours of a brightfield picture."""


@dataclass(frozen=True)
class Plane:
    """One plane of a picture: a page, and the place of its samples where the page keeps them apart (planar), else None."""

    page: Any
    sample: int | None = None


@dataclass(frozen=True)
class Layout:
    """levels: the planes of each level, the finest first; samples: numbers a pixel, all planes together; alpha: the last of them
    says what is transparent, `multiplied` where colours are multiplied by it; orientation: EXIF's, 1 as stored; unnamed: what the
    picture is taken for where the file does not say that its three planes are red, green and blue."""

    series: Any
    levels: tuple[tuple[Plane, ...], ...]
    samples: int
    alpha: bool = False
    multiplied: bool = False
    orientation: int = 1
    unnamed: bool = False

    @property
    def page(self) -> Any:
        """The first page of full size."""
        return self.levels[0][0].page


def layout_of(file: Any, path: Path) -> Layout:
    """The layout of the largest picture of a tifffile.TiffFile.

    Raises InputError that says what the file holds where no one picture can be named: several scans, a stack, channels; ValueError
    where it holds none.
    """
    series = _largest(file, path)
    axes = {a: n for a, n in zip(series.axes, series.shape, strict=True) if n > 1 and a not in "YXS"}
    page = series.keyframe
    planes = _planes_of(series, axes, path)
    alpha = _has_alpha(page) and not axes
    samples = len(planes[0]) if axes or page.planarconfig == 2 else int(page.samplesperpixel)
    if samples - alpha not in (1, 3) and not (samples == 4 and page.photometric in (RGB, SEPARATED)):
        raise InputError(f"{samples} channels", where=path, fix="save the picture as RGB, or the channel to read as grey")
    unnamed = samples == 3 and page.photometric in (MINISWHITE, MINISBLACK) and not _named_colours(file, series)
    extra = [int(e) for e in page.extrasamples]
    return Layout(series, planes, samples, alpha, alpha and extra[-1] == 1, _orientation(page), unnamed)


def series_of(file: Any) -> Any:
    """The pictures of a tifffile.TiffFile.

    Its pages are counted first: counting sees where they lead round in a circle, and finding the pictures page by page goes round for ever.
    """
    len(file.pages)
    return file.series


def _largest(file: Any, path: Path) -> Any:
    """The series with the most pixels that is not named as a macro photo or a label."""
    series = series_of(file)
    scans = [s for s in series if not _BESIDE.search(s.name or "")] or list(series)
    if not scans:
        raise ValueError("holds no picture")
    by_size = sorted(scans, key=_pixels, reverse=True)
    rivals = [s for s in by_size[1:] if _pixels(s) >= _RIVAL * _pixels(by_size[0])]
    if rivals:
        names = ", ".join(f"'{s.name}'" for s in (by_size[0], *rivals)[:3] if s.name)
        raise InputError(
            f"holds {len(rivals) + 1} pictures of similar size{f' ({names})' if names else ''}",
            where=path,
            fix="export the one you mean to a separate file",
        )
    return by_size[0]


def _pixels(series: Any) -> int:
    return int(series.keyframe.imagelength) * int(series.keyframe.imagewidth)


def _planes_of(series: Any, axes: dict[str, int], path: Path) -> tuple[tuple[Plane, ...], ...]:
    page = series.keyframe
    if axes:
        _refuse_stack(series, axes, path)
        levels = [_whole_pages(level) for level in series.levels]
        if len(levels[0]) != 3:  # ImageJ keeps the planes of large files behind one page
            raise InputError("three planes behind one page", where=path, fix="save the picture as RGB")
        return tuple(tuple(Plane(p) for p in pages) for pages in levels if len(pages) == 3)
    kept = [level.keyframe for level in series.levels]
    kept = [p for p in kept if p.samplesperpixel == page.samplesperpixel and p.dtype == page.dtype]
    if page.planarconfig != 2:
        return tuple((Plane(p),) for p in kept)
    return tuple(tuple(Plane(p, i) for i in range(int(p.samplesperpixel))) for p in kept)


def _whole_pages(level: Any) -> list[Any]:
    return [page.aspage() for page in level.pages if page is not None]


def _refuse_stack(series: Any, axes: dict[str, int], path: Path) -> None:
    """Raise InputError unless the file holds exactly three channels of one sample, which may be colours; three pages or planes
    may as well be three sections."""
    if axes == {"C": 3} and int(series.keyframe.samplesperpixel) == 1:
        return
    names = {"C": "channels", "Z": "planes in depth", "T": "points in time", "Q": "planes", "I": "pages"}
    told = ", ".join(f"{n} {names.get(a, f'planes along {a}')}" for a, n in axes.items())
    raise InputError(
        f"a stack, not one picture ({told})", where=path, fix="save the plane or the channel to read, or an RGB picture"
    )


def _named_colours(file: Any, series: Any) -> bool:
    """Whether OME-XML or ImageJ names three channels red, green and blue, in this order."""
    names = re.findall(r"<[\w:]*Channel\b[^>]*?\bName=\"([^\"]*)\"", file.ome_metadata or "")
    if not names and file.is_imagej:
        names = [str(n) for n in (file.imagej_metadata or {}).get("Labels", [])]
    place = place_of(file, series)
    start = 3 * place if len(names) >= 3 * (place + 1) else 0
    found = [n.strip().lower() for n in names[start : start + 3]]
    return len(found) == 3 and all(name in colours for name, colours in zip(found, _COLOURS, strict=True))


def place_of(file: Any, series: Any) -> int:
    """Which picture of the file this is, from 0."""
    return next(i for i, other in enumerate(file.series) if other is series)


def _has_alpha(page: Any) -> bool:
    """Whether the last sample of a pixel says how transparent it is."""
    extra = [int(e) for e in page.extrasamples]
    return len(extra) == 1 and extra[0] in (1, 2) and int(page.samplesperpixel) in (2, 4)


def _orientation(page: Any) -> int:
    tag = page.tags.get("Orientation")
    return int(tag.value) if tag is not None and int(tag.value) in range(1, 9) else 1


def refuse_unlike_colours(sample: np.ndarray, path: Path) -> None:
    """Raise InputError unless three planes that nothing names look like the colours of a brightfield picture: glass, which is what
    most of the rim shows, is bright in all of them. sample: (h, w, 3) of any type."""
    rim = np.concatenate([sample[0], sample[-1], sample[:, 0], sample[:, -1]]).astype(np.float32)
    most = float(np.nanpercentile(sample.astype(np.float32), 99.9))
    if most <= 0 or (np.nanmedian(rim, axis=0) < _BRIGHT * most).any():
        raise InputError(
            "three channels that are not named red, green and blue",
            where=path,
            fix="save the picture as RGB, or the channel to read as grey",
        )


def readable_in_parts(page: Any) -> bool:
    """Whether pieces of this page can be decoded as they are: no palette, no inks, no colour space that needs conversion."""
    if page.photometric == YCBCR:
        return page.compression in _JPEG
    return page.photometric in (MINISWHITE, MINISBLACK, RGB)


def sample_rows(rows: int, step: int) -> Sequence[int]:
    """Rows that represent a picture, evenly spread, both ends among them."""
    return sorted({*range(0, rows, step), rows - 1})
