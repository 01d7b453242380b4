"""Images that are in a table twice: on both sides of a split they make every figure too good, under two regions they teach nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from cytoscribe.core.digests import file_digest, is_file
from cytoscribe.core.errors import CytoscribeError, InputError
from cytoscribe.core.images import read_image
from cytoscribe.core.progress import say
from cytoscribe.core.records import ImageRecord


def refuse_twins(records: Sequence[ImageRecord], where: str | Path = "") -> None:
    """Raise InputError where one image, by its path or its content, is in two splits or under two regions; what is merely listed
    twice is said. Images of a single colour, of which there may be many, do not count."""
    repeated = 0
    for same in _groups(records):
        sides, regions = {r.split for r in same}, {r.region for r in same}
        if (len(sides) > 1 or len(regions) > 1) and not _blank(same[0].path):
            raise InputError(_told(same, "split" if len(sides) > 1 else "region"), where=where, fix="keep one of the rows")
        repeated += len(same) - 1
    if repeated:
        say(f"{repeated} images are listed twice, or are copies of others of their split and region")


def _told(same: Sequence[ImageRecord], what: str) -> str:
    first = same[0]
    other = next(r for r in same if getattr(r, what) != getattr(first, what))
    values = f"{what} '{getattr(first, what)}' in row {first.row} and '{getattr(other, what)}' in row {other.row}"
    copies = "" if other.path == first.path else f" and {other.path.name} (same content)"
    return f"{first.path.name}{copies} has {values}"


def _groups(records: Sequence[ImageRecord]) -> Iterator[list[ImageRecord]]:
    """Records of one image each, where there are two or more: of one path, or of equal content."""
    by_path: dict[Path, list[ImageRecord]] = defaultdict(list)
    for record in records:
        by_path[_full(record.path)].append(record)
    by_size: dict[int, list[Path]] = defaultdict(list)
    for path in by_path:
        if is_file(path):
            by_size[path.stat().st_size].append(path)
        elif len(by_path[path]) > 1:
            yield by_path[path]
    for paths in by_size.values():
        for same in _equal(paths):
            every = [r for path in same for r in by_path[path]]
            if len(every) > 1:
                yield sorted(every, key=lambda r: r.row)


def _equal(paths: list[Path]) -> list[list[Path]]:
    """Paths of one size, those of equal content together."""
    if len(paths) == 1:
        return [paths]
    found: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        try:
            found[file_digest(path)].append(path)
        except OSError:
            found[str(path)].append(path)
    return list(found.values())


def _full(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path


def _blank(path: Path) -> bool:
    """Whether an image shows a single colour, or nothing that can be read: then it will be skipped."""
    try:
        return is_file(path) and int(np.ptp(read_image(path))) == 0
    except CytoscribeError:
        return True
