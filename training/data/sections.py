"""Whole sections with a region label for every pixel: reading their labels, joining fine labels into groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.images import orientation_of
from cytoscribe.core.outlines import Outlines, check_drawn, drawn, grid_step, read_outlines
from cytoscribe.core.progress import say
from cytoscribe.core.spelling import shown
from cytoscribe.training.data.colour_tables import ColourTable
from cytoscribe.training.data.grounds import Grounded, grounded
from cytoscribe.training.data.groups import BACKGROUND, Groups, groups_named, read_groups
from cytoscribe.training.data.label_maps import read_label_colours, read_labels
from cytoscribe.training.data.section_files import SectionFiles, find_sections, section_name
from cytoscribe.training.data.slides import Slide, open_slide

__all__ = ["Groups", "Section", "SectionFiles", "find_sections", "read_groups", "read_labels", "read_section", "section_name"]

SIZES_APART = 10.0
"""Pixel sizes that differ by this factor do not belong to one set of sections: one of them is wrong, or another kind of picture."""
_CORNER = 0.6
"""Share of the picture's sides within which all outlines lie where their unit is probably another one."""
_BEYOND = 1.1
"""Share of the picture's sides that outlines may reach."""


@dataclass(frozen=True)
class Section:
    """A section to cut from. numbers: (h, w) int32 group numbers, 0 for none, a cell `step` pixels of the picture wide."""

    slide: Slide
    numbers: np.ndarray
    step: int


@dataclass(frozen=True)
class Labelling:
    """What labels mean. colours: of colour-coded maps, None for maps of values; invert: one of `grounds.INVERT`."""

    groups: Groups
    colours: ColourTable | None = None
    invert: str = "no"


def groups_of_outlines(sections: list[SectionFiles]) -> Groups:
    """Every classification of the outlines as a region of its own, all seen. Raises InputError where a section has a label map,
    whose values mean nothing without a table."""
    for files in sections:
        if not files.outlined:
            raise InputError("a label map needs a table of its values", where=files.labels, fix="give --groups groups.csv")
    return groups_named(name for files in sections for name in read_outlines(files.labels).names)


def read_section(
    files: SectionFiles, labelling: Labelling | Groups, finest: int = 1, pixel_size_um: float | None = None
) -> Section:
    """Picture and group numbers; finest: side in pixels of the smallest square that will be cut; pixel_size_um: of the picture, where
    it is known.

    Raises InputError where a label map is neither of the picture's size nor a whole number of times smaller, or cannot be read for
    certain.
    """
    meant = labelling if isinstance(labelling, Labelling) else Labelling(labelling)
    slide = grounded(open_slide(files.image), meant.invert)
    if isinstance(slide, Grounded) and not slide.inverted:
        say(
            f"{files.image.name} is bright on a dark ground and is cut so; --invert yes makes it dark on bright, like a Nissl stain"
        )
    if orientation_of(files.image) != 1:
        say(f"{files.image.name} is turned as its EXIF orientation says; its labels are taken as drawn on the turned picture")
    if files.outlined:
        return _outlined(files, slide, meant.groups, finest, pixel_size_um)
    if meant.colours is not None:
        numbers = meant.colours.numbers(read_label_colours(files.labels), meant.groups, files.labels)
    else:
        labels = read_labels(files.labels, picture=slide.sizes[0], finest=finest)
        _step_of(labels.shape, slide, files)
        numbers = meant.groups.of(labels)
        _count_strangers(labels, numbers, files.labels)
    return Section(slide, numbers, _step_of(numbers.shape, slide, files))


def _step_of(labels: tuple[int, ...], slide: Slide, files: SectionFiles) -> int:
    """Pixels of the picture that a label spans; raises InputError where that is not a whole number."""
    step = _times_smaller(labels, slide.sizes[0])
    if step is not None:
        return step
    height, width = slide.sizes[0]
    raise InputError(
        f"picture and label map differ in size ({width} x {height} and {labels[1]} x {labels[0]} px)",
        where=files.labels,
        fix="give both the same size, or a whole fraction",
    )


def _count_strangers(labels: np.ndarray, numbers: np.ndarray, path: Path) -> None:
    """Say which label values are in no group."""
    import pandas as pd

    strangers = labels[(numbers == BACKGROUND) & (labels != BACKGROUND)]
    if not strangers.size:
        return
    values = np.sort(pd.unique(strangers))
    told = ", ".join(str(v) for v in values[:5]) + (" ..." if len(values) > 5 else "")
    share = strangers.size / (strangers.size + int((numbers > 0).sum()))
    say(f"{path.name}: {len(values)} label values are in no group ({told}): {share:.1%} of what is labelled is left out")


def _outlined(files: SectionFiles, slide: Slide, groups: Groups, finest: int, pixel_size_um: float | None) -> Section:
    size = slide.sizes[0]
    outlines = read_outlines(files.labels)
    if outlines.unit_um is not None:
        outlines = outlines.in_pixels(pixel_size_um or slide.pixel_size_um, files.labels)
    outlines = _inside(outlines, size, files)
    numbers, mended = groups.of_names(outlines.names)
    strangers = [n for n in outlines.names if n not in numbers]
    if mended:
        say(f"{files.labels.name}: classes are read in the spelling of the groups: {shown(mended)}")
    if strangers:
        say(f"{files.labels.name}: {len(strangers)} classes are in no group ({', '.join(strangers[:4])})")
    _count_contradictions(outlines, numbers, files.labels)
    step = grid_step(size, finest)
    check_drawn((o.rings[0] / step for o in outlines.outlines), tuple(-(-side // step) for side in size), files.labels)
    return Section(slide, drawn(outlines, numbers, size, step), step)


def _count_contradictions(outlines: Outlines, numbers: dict[str, int], path: Path) -> None:
    """Say where one shape was drawn twice for two groups: the later counts."""
    drawn_as: dict[tuple[float, ...], str] = {}
    twice: list[tuple[str, str]] = []
    for outline in outlines.outlines:
        if outline.name in numbers:
            ring = outline.rings[0]
            place = tuple(np.round([*ring.min(0), *ring.max(0), outline.area]).tolist())
            before = drawn_as.get(place, outline.name)
            drawn_as[place] = outline.name
            twice += [(before, outline.name)] if numbers[before] != numbers[outline.name] else []
    if twice:
        told = ", ".join(f"{before} and {after}" for before, after in dict.fromkeys(twice[:3]))
        say(f"{path.name}: outlines drawn a second time with another class: {len(twice)} ({told}); the later class counts")


def _inside(outlines: Outlines, size: tuple[int, int], files: SectionFiles) -> Outlines:
    """The outlines, if any of them lies on the picture; raises InputError where they are drawn on another one."""
    height, width = size
    if outlines.left_out:
        say(f"{files.labels.name}: left out {', '.join(f'{n} {what}' for what, n in outlines.left_out.items())}")
    if not any((o.rings[0].min(0) < (width, height)).all() and (o.rings[0].max(0) > 0).all() for o in outlines.outlines):
        raise InputError(f"no outline lies on the picture ({width} x {height} px)", where=files.labels, fix="check its coordinates")
    reach = np.max([o.rings[0].max(0) for o in outlines.outlines], axis=0) / (width, height)
    doubt = "they may be in micrometres, or drawn on another level of the pyramid; they are taken as pixels of the full picture"
    if (reach < _CORNER).all():
        say(f"{files.labels.name}: all outlines lie in the upper left {reach.max():.0%} of the picture: {doubt}")
    if (reach > _BEYOND).any():
        say(f"{files.labels.name}: outlines reach {reach.max():.1f} times as far as the picture: {doubt}")
    return outlines


def _times_smaller(labels: tuple[int, ...], picture: tuple[int, int]) -> int | None:
    """How many pixels of the picture a label spans; None where it is not a whole number."""
    step = max(round(picture[0] / labels[0]), 1)
    fits = all(abs(size - step * cells) < step for size, cells in zip(picture, labels, strict=True))
    return step if fits else None


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
