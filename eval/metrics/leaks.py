"""Did the model see in training what it is measured on? The same picture, section or brain on both sides flatters every figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cytoscribe.core.digests import file_digest
from cytoscribe.core.records import ImageRecord


@dataclass(frozen=True)
class Leaks:
    """images: pairs (measured, trained) of files with the same content; sections, subjects: names on both sides, of images of known
    regions.

    unseen_sections: sections that training saw and that hold unseen images too. That is no leak of a label, since training saw other
    regions of them, but such images look more familiar than those of a new brain would.
    checked: number of training images compared with; 0 means that nothing is known of the training.
    """

    images: tuple[tuple[Path, Path], ...] = ()
    sections: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    unseen_sections: tuple[str, ...] = ()
    checked: int = 0

    @property
    def serious(self) -> bool:
        """True where a picture or a section is on both sides."""
        return bool(self.images or self.sections)


def find_leaks(known: Sequence[ImageRecord], unseen: Sequence[ImageRecord], trained: Sequence[ImageRecord]) -> Leaks:
    """Compare by content (files of equal size are hashed), by section and by subject. `trained` are train and val images alike,
    since the rejection was calibrated on the latter."""
    return Leaks(
        images=tuple(_same_files([r.path for r in (*known, *unseen)], [r.path for r in trained])),
        sections=_both(_sections(known), _sections(trained)),
        subjects=_both({r.subject for r in known if r.subject}, {r.subject for r in trained if r.subject}),
        unseen_sections=_both(_sections(unseen), _sections(trained)),
        checked=len(trained),
    )


def _sections(records: Sequence[ImageRecord]) -> set[str]:
    return {f"{r.subject} {r.section}".strip() for r in records if r.section}


def _both(some: set[str], others: set[str]) -> tuple[str, ...]:
    return tuple(sorted(some & others))


def _same_files(some: Iterable[Path], others: Iterable[Path]) -> list[tuple[Path, Path]]:
    by_size: dict[int, list[Path]] = defaultdict(list)
    for path in dict.fromkeys(others):
        if path.is_file():
            by_size[path.stat().st_size].append(path)
    digest = cache(file_digest)
    found = []
    for path in some:
        rivals = by_size.get(path.stat().st_size, []) if path.is_file() else []
        twin = next((r for r in rivals if r.resolve() == path.resolve() or digest(r) == digest(path)), None)
        if twin is not None:
            found.append((path, twin))
    return found
