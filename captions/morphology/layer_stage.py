"""The stage `measure-layers`: pictures with label maps of layers in; one row a layer, region and picture out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytoscribe.captions.morphology.layer_names import Band, LayerNames, read_layer_names
from cytoscribe.captions.morphology.layers import Cells, measure_layers
from cytoscribe.captions.morphology.light import read_light
from cytoscribe.captions.morphology.masks import read_label_map
from cytoscribe.captions.morphology.settings import LayerSettings
from cytoscribe.captions.morphology.sheet import Shown, save_sheet
from cytoscribe.captions.morphology.tissue import outlined_cells
from cytoscribe.core.digests import file_digest
from cytoscribe.core.errors import InputError, cell
from cytoscribe.core.progress import track
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.runs import RunFolder
from cytoscribe.core.tables import read_csv, read_images, write_csv

LAYERS, SKIPPED, SHEET = "layers.csv", "skipped.csv", "outlines.png"
CONTRACT = ("image_path", "subject", "section", "region", "layer")
"""Columns that layers.csv begins with; paths are relative to the folder."""
_ON_SHEET = 12
_PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")


@dataclass(frozen=True)
class LayerSummary:
    """rows: of layers.csv; regions: measured; skipped: (picture, reason) each; without_size: pictures of unknown pixel size."""

    rows: int
    regions: int
    pictures: int
    skipped: tuple[tuple[Path, str], ...]
    without_size: int


def measure_all(settings: LayerSettings) -> LayerSummary:
    """Write layers.csv, skipped.csv and outlines.png into `settings.out`; a killed run resumes where it stopped.

    Raises InputError where a table cannot be used or no picture can be measured; nothing is half-written then.
    """
    records = _records(settings)
    names = read_layer_names(settings.names)
    kept = {k: getattr(settings, k) for k in ("outline_cells", "pixel_size_um", "ground", "region_column")}
    inputs = {"names": file_digest(settings.names), "cells": str(settings.cells or "")}
    with RunFolder(settings.out, "measure-layers", kept, inputs, overwrite=settings.overwrite) as run:
        for record in track(records, "measuring layers", unit="pictures"):
            if not run.has_shard(_key(record)):
                run.write_shard(_key(record), _rows(record, settings, names))
        found = [(r, row) for r in records for row in run.read_shard(_key(r))]
        if all("skipped" in row for _, row in found):
            run.forget()
            reason = found[0][1]["skipped"] if found else "none shows a layer of the table"
            raise InputError(f"no picture could be measured ({reason})", where=settings.names, fix="see the reason given")
        summary = _write(settings, records, found)
        _draw(settings, records, names, {p for p, _ in summary.skipped})
        run.finish({"rows": summary.rows, "skipped": len(summary.skipped)})
    return summary


def _key(record: ImageRecord) -> str:
    return f"{record.row}:{record.path}:{_changed(record.path)}:{_changed(record.mask_path)}"


def _changed(path: Path | None) -> str:
    try:
        found = path.stat() if path else None
    except OSError:
        found = None
    return f"{found.st_size}:{found.st_mtime_ns}" if found else "absent"


def _records(settings: LayerSettings) -> list[ImageRecord]:
    if (settings.images is None) == (settings.sections is None):
        raise InputError("no pictures", fix="give either --images images.csv, or --sections DIR with --labels DIR")
    if settings.images is not None:
        return read_images(settings.images, region_column=settings.region_column)
    if settings.labels is None or settings.sections is None:
        raise InputError("sections without label maps", fix="give --labels DIR")
    return _pairs(settings.sections, settings.labels)


def _pairs(sections: Path, labels: Path) -> list[ImageRecord]:
    """A record for each picture of the folder, with the label map of its name."""
    for folder in (sections, labels):
        if not folder.is_dir():
            raise InputError("no such folder", where=folder, fix="check the path")
    found = [p for p in sorted(sections.iterdir()) if p.suffix.lower() in _PICTURES and not p.name.startswith(".")]
    if not found:
        raise InputError("no picture in this folder", where=sections, fix=f"give files with {', '.join(_PICTURES)}")
    maps = {p.stem: p for p in sorted(labels.iterdir()) if p.suffix.lower() in _PICTURES}
    return [
        ImageRecord(path, "", section=path.stem, mask_path=maps.get(path.stem, labels / path.name), row=i)
        for i, path in enumerate(found, start=1)
    ]


def _rows(record: ImageRecord, settings: LayerSettings, names: LayerNames) -> list[dict[str, object]]:
    """Rows of one picture, or one with the reason why it was skipped."""
    try:
        image, labels, bands = look(record, settings, names)
        size = record.pixel_size_um or settings.pixel_size_um or None
        cells = _cells(record, settings, image, size)
        found = measure_layers(image, labels, bands, size, cells)
    except InputError as error:
        return [{"skipped": error.what}]
    return [{"region": b.region, "layer": b.layer, "measures": m} for b, m in found.items()]


def look(record: ImageRecord, settings: LayerSettings, names: LayerNames) -> tuple[np.ndarray, np.ndarray, Mapping[int, Band]]:
    """The picture (H, W, 3) uint8 on a light ground, its label map (H, W) and what the values mean. Raises InputError."""
    if record.mask_path is None:
        raise InputError("no label map: fill the column mask_path")
    bands = names.of(record.region)
    if not bands:
        raise InputError(f"the table of label values has no entry for '{record.region}'")
    image = read_light(record.path, settings.ground)
    return image, read_label_map(record.mask_path, image.shape[:2]), bands


def _cells(record: ImageRecord, settings: LayerSettings, image: np.ndarray, size: float | None) -> Cells | None:
    if settings.cells is not None:
        table = table_of(settings.cells, record.path)
        if table is None:
            raise InputError(f"no table of cells named {record.path.stem}")
        if not size:
            raise InputError("no pixel size, so that the table of cells cannot be placed: give --pixel-size-um")
        return read_detections(table, size)
    return outlined_cells(image, size) if settings.outline_cells else None


def _write(settings: LayerSettings, records: Sequence[ImageRecord], found: Sequence[tuple[ImageRecord, dict]]) -> LayerSummary:
    usable = [(r, row) for r, row in found if "skipped" not in row]
    skipped = tuple((r.path, str(row["skipped"])) for r, row in found if "skipped" in row)
    columns = list(dict.fromkeys(c for _, row in usable for c in row["measures"]))
    write_csv(settings.out / LAYERS, [*CONTRACT, *columns], _lines(usable, columns, settings.out))
    write_csv(settings.out / SKIPPED, ("image_path", "reason"), skipped)
    without = 0 if settings.pixel_size_um else sum(not r.pixel_size_um for r in records)
    return LayerSummary(len(usable), len({row["region"] for _, row in usable}), len(records) - len(skipped), skipped, without)


def _lines(usable: Sequence[tuple[ImageRecord, dict]], columns: Sequence[str], out: Path) -> Iterator[list[object]]:
    for record, row in usable:
        path = os.path.relpath(record.path.resolve(), out.resolve())
        yield [
            path,
            record.subject,
            record.section,
            row["region"],
            row["layer"],
            *(_shown(row["measures"].get(c)) for c in columns),
        ]


def _shown(value: float | None) -> str:
    return "" if value is None or not np.isfinite(value) else f"{value:.6g}"


def _draw(settings: LayerSettings, records: Sequence[ImageRecord], names: LayerNames, skipped: set[Path]) -> None:
    """Borders of the layers over the pictures: whether the label map lies where the tissue does has to be seen."""
    usable = [r for r in records if r.path not in skipped]
    picked = [usable[i] for i in np.linspace(0, len(usable) - 1, min(len(usable), _ON_SHEET)).astype(int)]
    shown = []
    for record in picked:
        image, labels, bands = look(record, settings, names)
        shown.append(Shown(image, {"layers": np.where(np.isin(labels, list(bands)), labels, 0)}, record.path.name))
    save_sheet(shown, settings.out / SHEET, side=480, across=3)


_FORMS = (("x_um", "y_um", "area_um2"), ("Centroid X µm", "Centroid Y µm", "Area µm^2"))
SUFFIXES = (".csv", ".tsv", ".txt")


def table_of(folder: Path, image: Path) -> Path | None:
    """The table of an image: a file of its name; None where there is none."""
    return next((p for s in SUFFIXES if (p := folder / f"{image.stem}{s}").is_file()), None)


def read_detections(path: Path, pixel_size_um: float) -> Cells:
    """The cells of one picture in its pixels. Raises InputError where columns are missing or a cell holds no number."""
    rows = read_csv(path, [])
    there = rows[0][1] if rows else {}
    columns = next((f for f in _FORMS if all(c in there for c in f)), None)
    if columns is None:
        raise InputError("no columns of cells", where=path, fix=f"name them {', '.join(_FORMS[0])}, or as QuPath does")
    values = np.asarray([[_number(path, n, c, r[c]) for c in columns] for n, r in rows])
    return Cells(values[:, :2] / pixel_size_um, values[:, 2] / pixel_size_um**2)


def _number(path: Path, row: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"'{text}' is not a number", where=cell(path, row, column), fix="export the detections again")
    return value
