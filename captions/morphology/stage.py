"""The measuring stage: images in; measures, words, doubts and a contact sheet out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.captions.morphology.light import read_light
from cytoscribe.captions.morphology.masks import read_objects
from cytoscribe.captions.morphology.profiles import PROFILES, Options
from cytoscribe.captions.morphology.result import Found
from cytoscribe.captions.morphology.settings import MeasureSettings
from cytoscribe.captions.morphology.sheet import Shown, save_sheet
from cytoscribe.captions.morphology.words import Worded, as_file, read_bins, worded
from cytoscribe.core.digests import file_digest, quick_digest
from cytoscribe.core.errors import InputError
from cytoscribe.core.many import each
from cytoscribe.core.progress import track
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import RunFolder, write_text
from cytoscribe.core.tables import read_images, write_csv

MEASURES, ATTRIBUTES, SKIPPED, SHEET, LIMITS = "measures.csv", "attributes.csv", "skipped.csv", "outlines.png", "limits.json"
CONTRACT = ("image_path", "region", "subject", "section", "plane", "age", "pixel_size_um", "scale", "split")
"""Columns that every table of this stage begins with; paths are relative to the folder."""
DUST = "mask_objects_left_out"
"""Measure of a given mask: objects of fewer than four pixels, which are no cells."""
_CHUNK = 16
_ON_SHEET = 48


@dataclass(frozen=True)
class MeasuredImage:
    """One row of the table: its measures, or the reason why it was skipped."""

    record: ImageRecord
    measures: Mapping[str, float]
    doubts: tuple[str, ...]
    skipped: str
    rows: Mapping[str, Sequence[Mapping[str, float]]]


@dataclass(frozen=True)
class Summary:
    """What a run found. measured: images with measures, doubtful among them; claims: words given to images; dust: objects left
    out of given masks as too small."""

    measured: int
    doubtful: tuple[MeasuredImage, ...]
    skipped: tuple[MeasuredImage, ...]
    claims: int
    without_size: int
    dust: int = 0


def measure(settings: MeasureSettings) -> Summary:
    """Measure every image of the table into `settings.out`; a killed run resumes where it stopped.

    Writes measures.csv (one row an image, doubts named), attributes.csv (the words, for captions), limits.json (the limits they were
    given by), skipped.csv, outlines.png and the profile's further tables. Raises InputError where the table, the profile or the bins cannot be used, or no image can be measured.
    """
    if settings.profile not in PROFILES:
        raise InputError(f"unknown profile '{settings.profile}'", where="--profile", fix=f"use one of {', '.join(PROFILES)}")
    bins = read_bins(settings.profile, settings.bins)
    records = _with_sizes(read_images(settings.images, region_column=settings.region_column), settings.options)
    kept = {
        "profile": settings.profile,
        "options": {k: str(v) if isinstance(v, Path) else v for k, v in asdict(settings.options).items()},
        "ground": settings.ground,
    }
    inputs = {"images": file_digest(settings.images), "region_column": settings.region_column}
    with RunFolder(settings.out, "measure-morphology", kept, inputs, overwrite=settings.overwrite) as run:
        found = list(_all(records, settings, run))
        usable = [m for m in found if not m.skipped]
        if not usable:
            run.forget()
            raise InputError(f"no image could be measured ({found[0].skipped})", where=settings.images, fix="see the reason given")
        words = worded([m.measures for m in usable], [_may_teach(m) for m in usable], bins)
        summary = _write(settings, found, words)
        run.finish({"measured": summary.measured, "doubtful": len(summary.doubtful), "skipped": len(summary.skipped)})
    return summary


def _with_sizes(records: Sequence[ImageRecord], options: Options) -> list[ImageRecord]:
    return [replace(r, pixel_size_um=r.pixel_size_um or options.pixel_size_um) for r in records]


def _may_teach(measured: MeasuredImage) -> bool:
    """Limits are learnt on training rows whose outlines look right; a table without splits is used whole."""
    return measured.record.split in ("", "train") and not measured.doubts


def _all(records: Sequence[ImageRecord], settings: MeasureSettings, run: RunFolder) -> Iterator[MeasuredImage]:
    chunks = [records[i : i + _CHUNK] for i in range(0, len(records), _CHUNK)]
    keys = [_key(c) for c in chunks]
    missing = [i for i, key in enumerate(keys) if not run.has_shard(key)]
    sized = any(r.pixel_size_um for r in records)
    work = partial(_measure_chunk, settings=settings, sized=sized)
    results = each(work, [chunks[i] for i in missing], settings.workers)
    for i, (_, rows) in zip(missing, track(results, "measuring", total=len(missing), unit="lots of images"), strict=True):
        run.write_shard(keys[i], rows.get())
    for chunk, key in zip(chunks, keys, strict=True):
        for record, row in zip(chunk, run.read_shard(key), strict=True):
            yield MeasuredImage(record, row["measures"], tuple(row["doubts"]), row["skipped"], row["rows"])


def _key(chunk: Sequence[ImageRecord]) -> str:
    return "|".join(f"{r.row}:{_stamp(r.path)}:{_stamp(r.mask_path)}" for r in chunk)


def _stamp(path: Path | None) -> str:
    """Changes where the file's content does, so that a picture which was replaced is measured again."""
    return f"{path}:{quick_digest(path)}" if path else ""


def _measure_chunk(chunk: Sequence[ImageRecord], settings: MeasureSettings, sized: bool) -> list[dict[str, Any]]:
    return [_row(record, settings, sized) for record in chunk]


def _row(record: ImageRecord, settings: MeasureSettings, sized: bool) -> dict[str, Any]:
    try:
        if sized and not record.pixel_size_um:
            raise InputError("no pixel size, though other rows have one: fill pixel_size_um or give --pixel-size-um")
        found = look(record, settings)[1]
    except InputError as error:
        return {"measures": {}, "doubts": [], "skipped": error.what, "rows": {}}
    return {"measures": dict(found.measures), "doubts": list(found.doubts), "skipped": "", "rows": dict(found.rows)}


def look(record: ImageRecord, settings: MeasureSettings) -> tuple[np.ndarray, Found]:
    """The image (H, W, 3) uint8 on a light ground and what the profile finds in it. Raises InputError with the reason for skipping."""
    image = read_light(record.path, settings.ground)
    given, dust = read_objects(record.mask_path, image.shape[:2]) if record.mask_path else (None, 0)
    found = PROFILES[settings.profile](image, given, replace(settings.options, pixel_size_um=record.pixel_size_um))
    return image, replace(found, measures={**found.measures, DUST: float(dust)}) if record.mask_path else found


def _write(settings: MeasureSettings, found: Sequence[MeasuredImage], words: Worded) -> Summary:
    out = settings.out
    usable = [m for m in found if not m.skipped]
    names = list(dict.fromkeys(n for m in usable for n in m.measures))
    head = [_contract(m.record, out) for m in usable]
    write_csv(
        out / MEASURES,
        [*CONTRACT, *names, "doubt"],
        ([*h, *(_shown(m.measures.get(n)) for n in names), "; ".join(m.doubts)] for h, m in zip(head, usable, strict=True)),
    )
    said = [{} if m.doubts else w for m, w in zip(usable, words.rows, strict=True)]
    write_csv(
        out / ATTRIBUTES,
        [*CONTRACT, *words.columns],
        ([*h, *(w.get(c, "") for c in words.columns)] for h, w in zip(head, said, strict=True)),
    )
    skipped = [m for m in found if m.skipped]
    write_csv(out / SKIPPED, ("row", "image_path", "reason"), ((m.record.row, m.record.path, m.skipped) for m in skipped))
    write_text(out / LIMITS, as_file(settings.profile, words))
    _write_rows(out, usable)
    _draw(settings, usable)
    doubtful = tuple(m for m in usable if m.doubts)
    without = sum(not m.record.pixel_size_um for m in usable)
    dust = int(sum(m.measures.get(DUST, 0.0) for m in usable))
    return Summary(len(usable), doubtful, tuple(skipped), sum(map(len, said)), without, dust)


def _write_rows(out: Path, usable: Sequence[MeasuredImage]) -> None:
    for table in dict.fromkeys(t for m in usable for t in m.rows):
        columns = list(dict.fromkeys(c for m in usable for row in m.rows.get(table, ()) for c in row))
        lines = (
            [*_contract(m.record, out)[:2], *(_shown(row.get(c)) for c in columns)] for m in usable for row in m.rows.get(table, ())
        )
        write_csv(out / f"{table}.csv", ("image_path", "region", *columns), lines)


def _contract(record: ImageRecord, out: Path) -> list[object]:
    path = os.path.relpath(record.path.resolve(), out.resolve())
    rest = (record.subject, record.section, record.plane, record.age, record.pixel_size_um or "", record.scale, record.split)
    return [path, record.region, *rest]


def _shown(value: float | None) -> str:
    return "" if value is None or not np.isfinite(value) else f"{value:.6g}"


def _draw(settings: MeasureSettings, usable: Sequence[MeasuredImage]) -> None:
    """Doubtful images first, at most half the page, then others spread over the table."""
    doubtful = [m for m in usable if m.doubts][: _ON_SHEET // 2]
    sound = [m for m in usable if not m.doubts]
    picked = [sound[i] for i in np.linspace(0, len(sound) - 1, min(len(sound), _ON_SHEET - len(doubtful))).astype(int)]
    shown = []
    for measured in (*doubtful, *picked):
        image, found = look(measured.record, settings)
        title = f"{measured.record.path.name} {'; '.join(measured.doubts)}"
        shown.append(Shown(image, found.outlines, title, bool(measured.doubts)))
    save_sheet(shown, settings.out / SHEET)
