"""Cut tiles (cells, high resolution) and region crops (context, low resolution) from labelled sections into an images table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image

from cytoscribe.core.contents import verify_contents
from cytoscribe.core.digests import file_digest, quick_digest
from cytoscribe.core.errors import InputError, WriteError
from cytoscribe.core.images import is_tiff, opened_image
from cytoscribe.core.many import each
from cytoscribe.core.pixel_sizes import SQUARE
from cytoscribe.core.progress import say, track
from cytoscribe.core.runs import RunFolder, atomic_path
from cytoscribe.core.tables import write_csv
from cytoscribe.training.data.colour_tables import read_colours
from cytoscribe.training.data.cuts import Cut, capped, find_regions, find_tiles
from cytoscribe.training.data.groups import Groups, groups_named, read_groups
from cytoscribe.training.data.section_files import SectionFiles, find_sections
from cytoscribe.training.data.section_table import SectionFacts, read_section_table, splits_of
from cytoscribe.training.data.sections import Labelling, check_pixel_sizes, groups_of_outlines, read_section
from cytoscribe.training.data.settings import LEAST_SIDE, CutSettings
from cytoscribe.training.data.slide_formats import size_of_tiff
from cytoscribe.training.data.slides import open_slide, square
from cytoscribe.training.data.tile_sheet import save_tile_sheet

COLUMNS = ("image_path", "region", "subject", "section", "scale", "split", "pixel_size_um", "x", "y", "side_px", "purity", "piece")


@dataclass(frozen=True)
class _Sheet:
    """What is known of all sections before any is cut."""

    sections: list[SectionFiles]
    labelling: Labelling
    facts: dict[str, SectionFacts]
    splits: dict[str, str]
    pixel_sizes: dict[str, float | None]

    @property
    def groups(self) -> Groups:
        return self.labelling.groups


def cut(settings: CutSettings) -> dict[str, Any]:
    """Cut every section; writes tiles/*.png, images.csv and contact_sheet.png. Returns counts by split and region.

    Raises InputError where folders, tables or labels cannot be used, pixel sizes cannot be true, or nothing is pure enough.
    """
    spared = _Spared(settings.strict)
    sheet = _prepared(settings, spared)
    paths = ("out", "overwrite", "sections", "labels", "groups", "section_table", "colours", "strict", "verify", "workers", "ray")
    told = {k: v for k, v in asdict(settings).items() if k not in paths}
    inputs = {"sections": {s.name: [quick_digest(s.image), quick_digest(s.labels)] for s in sheet.sections}}
    inputs |= {"groups": file_digest(settings.groups) if settings.groups else None}
    inputs |= {"table": file_digest(settings.section_table) if settings.section_table else None}
    inputs |= {"colours": file_digest(settings.colours)} if settings.colours else {}
    with RunFolder(settings.out, "cut-tiles", told, inputs, overwrite=settings.overwrite) as run:
        if settings.verify:
            verify_contents(run.path, [path for s in sheet.sections for path in (s.image, s.labels)])
        jobs = [_job(files, sheet, settings, run.path) for files in sheet.sections if not _is_cut(run, files.name)]
        done = each(_cut_section, jobs, settings.workers, settings.ray)
        for job, outcome in track(done, "cutting", total=len(jobs), unit="sections"):
            with spared.passing_over(job.files):
                run.write_shard(job.files.name, [asdict(c) for c in outcome.get()])
        spared.check(len(sheet.sections))
        left = [files.name for files in sheet.sections if files.name not in spared.reasons]
        cuts = [(name, Cut(**row)) for name in left for row in run.read_shard(name)]
        if not cuts:
            raise _nothing_cut(sheet, settings)
        rows = [_row(name, c, sheet, settings) for name, c in cuts]
        write_csv(run.path / "images.csv", COLUMNS, rows)
        pictures = {g: [run.path / tile_name(s, c) for s, c in cuts if c.region == g] for g in sheet.groups.names}
        shown = {g: own for g, own in pictures.items() if own}
        save_tile_sheet(shown, sheet.groups.unseen, run.path / "contact_sheet.png")
        summary = _summary(rows, sheet, settings) | {"unreadable": spared.reasons}
        run.finish(summary)
        return summary


def _is_cut(run: RunFolder, section: str) -> bool:
    """Whether an earlier run cut this section and all its pictures are still there and whole."""
    if not run.has_shard(section):
        return False
    return all(_is_whole(run.path / tile_name(section, Cut(**row))) for row in run.read_shard(section))


def _is_whole(picture: Path) -> bool:
    """Whether a PNG is there and agrees with the checksums within it."""
    try:
        with opened_image(picture) as image:
            image.verify()
    except InputError:
        return False
    return True


@dataclass
class _Spared:
    """Sections that cannot be read: named and skipped, or, where `strict`, the end of the run. reasons: section to what is wrong."""

    strict: bool
    reasons: dict[str, str] = field(default_factory=dict)
    first: InputError | None = None

    @contextmanager
    def passing_over(self, files: SectionFiles) -> Iterator[None]:
        try:
            yield
        except WriteError:
            raise
        except InputError as error:
            if self.strict:
                raise
            self.first = self.first or error
            self.reasons[files.name] = error.what
            say(f"skipped section {files.name}: {error}")

    def check(self, sections: int) -> None:
        """Raise the first error where every section is at fault: then it is not one bad item among many."""
        if self.first is not None and len(self.reasons) == sections:
            raise self.first


def _prepared(settings: CutSettings, spared: _Spared) -> _Sheet:
    sections = find_sections(settings.sections, settings.labels)
    labelling = _labelling(settings, sections)
    names = [s.name for s in sections]
    facts = read_section_table(settings.section_table, names) if settings.section_table else {}
    splits = splits_of(names, facts, seed=None if settings.interleave else settings.seed, test=settings.test_sections)
    sizes: dict[str, float | None] = {}
    for section in sections:
        with spared.passing_over(section):
            sizes[section.name] = _pixel_size(section, facts.get(section.name), settings)
    spared.check(len(sections))
    sections = [s for s in sections if s.name in sizes]
    check_pixel_sizes(sizes, needed=settings.tile_um > 0)
    return _Sheet(sections, labelling, facts, splits, sizes)


def _labelling(settings: CutSettings, sections: list[SectionFiles]) -> Labelling:
    colours = read_colours(settings.colours) if settings.colours else None
    if settings.groups:
        return Labelling(read_groups(settings.groups), colours, settings.invert)
    if colours is not None and not any(files.outlined for files in sections):
        return Labelling(groups_named(colours.names), colours, settings.invert)
    return Labelling(groups_of_outlines(sections), colours, settings.invert)


def _nothing_cut(sheet: _Sheet, settings: CutSettings) -> InputError:
    """Why no tile was cut: no label of the first section belongs to a group, or none covers enough of a tile."""
    first = sheet.sections[0]
    if not (read_section(first, sheet.labelling, pixel_size_um=sheet.pixel_sizes[first.name]).numbers > 0).any():
        return InputError("no label belongs to a group", where=first.labels, fix="check --groups: its labels are others")
    return InputError("no tile is pure enough", where=settings.labels, fix="lower --purity or --tile-px")


def _pixel_size(files: SectionFiles, facts: SectionFacts | None, settings: CutSettings) -> float | None:
    """Micrometres a pixel: as given for all, else by the table, else by the file."""
    given = settings.pixel_size_um or (facts.pixel_size_um if facts else None)
    if given is None:
        return open_slide(files.image).pixel_size_um
    stated = size_of_tiff(files.image) if is_tiff(files.image) else None
    if stated is not None and abs(stated.x / given - 1) > SQUARE:
        say(f"{files.image.name} says {stated.x:g} um a pixel; {given:g} um is used, as given")
    return given


def side_of(settings: CutSettings, pixel_size_um: float | None, section: str = "") -> int:
    """Side of a tile in pixels of the section. Raises InputError where that is less than LEAST_SIDE."""
    side = round(settings.tile_um / pixel_size_um) if settings.tile_um and pixel_size_um else settings.tile_px
    if side < LEAST_SIDE:
        told = f"a tile of {settings.tile_um:g} um is {side} pixels at {pixel_size_um:g} um a pixel"
        raise InputError(told, where=section, fix="give a larger --tile-um, or check the pixel size")
    return side


@dataclass(frozen=True)
class _Job:
    """What cutting one section needs, wherever it is done."""

    files: SectionFiles
    labelling: Labelling
    pixel_size_um: float | None
    settings: CutSettings
    folder: Path


def _job(files: SectionFiles, sheet: _Sheet, settings: CutSettings, folder: Path) -> _Job:
    if settings.ray:  # its workers have folders of their own
        files = replace(files, image=files.image.absolute(), labels=files.labels.absolute())
    return _Job(files, sheet.labelling, sheet.pixel_sizes[files.name], settings, folder.absolute())


def _cut_section(job: _Job) -> list[Cut]:
    files, settings, folder, groups = job.files, job.settings, job.folder, job.labelling.groups
    side = side_of(settings, job.pixel_size_um, files.name)
    enlarged = side / settings.tile_px
    section = read_section(files, job.labelling, side, job.pixel_size_um)
    found: list[Cut] = []
    if settings.scale in ("tile", "both"):
        stride = max(round(settings.stride * enlarged), 1) if settings.stride else side
        tiles = find_tiles(section.numbers, groups.names, side, stride, settings.purity, section.step)
        found.extend(capped(list(tiles), files.name, settings.most, settings.seed))
    if settings.scale in ("region", "both"):
        least = settings.least_px * enlarged**2
        regions = find_regions(section.numbers, groups.names, least, settings.margin, section.step)
        found.extend(capped(list(regions), files.name, settings.most, settings.seed))
    for one in found:
        px = settings.tile_px if one.scale == "tile" else settings.region_px
        picture = Image.fromarray(square(section.slide, one.x, one.y, one.side, px))
        with atomic_path(folder / tile_name(files.name, one)) as temporary:
            picture.save(temporary, format="PNG")
    return found


def tile_name(section: str, one: Cut) -> str:
    """Path of a cut's picture within the run folder."""
    slug = re.sub(r"[^a-z0-9]+", "-", one.region.lower()).strip("-")
    return f"tiles/{section}_{one.scale}_{slug}_{one.x}_{one.y}.png"


def _row(section: str, one: Cut, sheet: _Sheet, settings: CutSettings) -> list[object]:
    scale = one.side / (settings.tile_px if one.scale == "tile" else settings.region_px)
    size = sheet.pixel_sizes[section]
    pixel = "" if size is None else round(size * scale, 4)
    split = "unseen" if one.region in sheet.groups.unseen else sheet.splits[section]
    subject = sheet.facts[section].subject if section in sheet.facts else ""
    place = [one.x, one.y, one.side, one.purity, one.piece]
    return [tile_name(section, one), one.region, subject, section, one.scale, split, pixel, *place]


def _summary(rows: list[list[object]], sheet: _Sheet, settings: CutSettings) -> dict[str, Any]:
    regions = Counter(str(r[1]) for r in rows)
    cut_from = {str(r[3]) for r in rows}
    return {
        "images": len(rows),
        "splits": dict(Counter(str(r[5]) for r in rows)),
        "regions": dict(sorted(regions.items())),
        "empty": [g for g in sheet.groups.names if g not in regions],
        "sections": len(sheet.sections),
        "sections_without": sorted(s.name for s in sheet.sections if s.name not in cut_from),
        "sides_px": sorted({side_of(settings, size) for size in sheet.pixel_sizes.values()}),
    }
