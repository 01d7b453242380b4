"""The stage `export-answers`: what `describe --section` and `evaluate` wrote, in the formats of the tools it goes back to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import read_csv
from cytoscribe.eval.exports.map_folder import read_map
from cytoscribe.eval.exports.page import write_page
from cytoscribe.eval.exports.qupath import write_regions, write_tiles
from cytoscribe.eval.exports.rasters import write_label_tiff
from cytoscribe.eval.exports.tables import (
    ANNDATA,
    PARQUET,
    write_metric_lines,
    write_parquet,
    write_predictions,
    write_tile_table,
    write_vectors,
)
from cytoscribe.eval.section_map import TILES_FILE


@dataclass(frozen=True)
class ExportSettings:
    """answers: a folder of `describe --section` or of `evaluate`, or a file of vectors; out: folder for the exports; section: the picture that was mapped,
    None to do without a page to look at; pixel_size_um: of the section, 0 for what the picture says; model: the model folder, whose
    captions the page shows; descriptions: folder of `mine-descriptions`, whose claims it shows; anndata: write tables as AnnData
    too; images: table of images whose columns go beside vectors."""

    answers: Path
    out: Path
    section: Path | None = None
    pixel_size_um: float = 0.0
    model: Path | None = None
    descriptions: Path | None = None
    anndata: bool = False
    images: Path | None = None


def export(settings: ExportSettings) -> list[str]:
    """Write every export that the folder allows; returns what was written, one line each. Raises InputError where it is neither."""
    if settings.answers.is_file():
        return _vectors(settings)
    if (settings.answers / TILES_FILE).is_file():
        return _map(settings)
    if (settings.answers / "metrics.json").is_file():
        return _evaluation(settings)
    raise InputError(
        "neither a mapped section nor an evaluation",
        where=settings.answers,
        fix="give a folder of describe or evaluate, or a file of vectors",
    )


def _map(settings: ExportSettings) -> list[str]:
    found, out, size = read_map(settings.answers), settings.out, _pixel_size(settings)
    out.mkdir(parents=True, exist_ok=True)
    regions = write_regions(found, out / "regions.geojson", size)
    tiles = write_tiles(found, out / "tiles.geojson")
    write_label_tiff(found, out / "labels.ome.tif", size)
    write_parquet(found.tiles, out / "tiles.parquet")
    lines = [
        f"{out / 'regions.geojson'} ({regions} regions and borders, for QuPath)",
        f"{out / 'tiles.geojson'} ({tiles} tiles, for QuPath)",
        f"{out / 'labels.ome.tif'} ({f'{found.step * size:g} um' if size else f'{found.step} section pixels'} a pixel)",
        f"{out / 'tiles.parquet'}",
    ]
    if settings.anndata:
        write_tile_table(found.tiles, out / "tiles.h5ad")
        lines.append(f"{out / 'tiles.h5ad'}")
    if settings.section is not None:
        page = write_page(found, settings.section, out / "page", settings.model, settings.descriptions)
        lines.append(f"look at {page}")
    return lines


def _pixel_size(settings: ExportSettings) -> float | None:
    if settings.pixel_size_um or settings.section is None:
        return settings.pixel_size_um or None
    from cytoscribe.training.data.slides import open_slide

    return open_slide(settings.section).pixel_size_um


def _evaluation(settings: ExportSettings) -> list[str]:
    out, answers = settings.out, settings.answers
    out.mkdir(parents=True, exist_ok=True)
    figures = write_metric_lines(answers / "metrics.json", out / "metrics.jsonl")
    lines = [f"{out / 'metrics.jsonl'} ({figures} figures)"]
    if (answers / "predictions.csv").is_file():
        rows = write_predictions(answers / "predictions.csv", out / "predictions.parquet")
        lines.append(f"{out / 'predictions.parquet'} ({rows} images)")
    return lines


def _vectors(settings: ExportSettings) -> list[str]:
    """Vectors of images with what the table says of each, as Parquet and, where asked, AnnData."""
    from cytoscribe.training.data.vector_files import FORMATS, read_vectors

    if settings.answers.suffix.lower() not in FORMATS:
        raise InputError("no file of vectors", where=settings.answers, fix=f"give one of {', '.join(FORMATS)}")
    names, vectors = read_vectors(settings.answers)
    rows = pd.DataFrame({"image_path": names})
    if settings.images is not None:
        rows = rows.merge(_columns(settings.images), on="image_path", how="left")
    settings.out.mkdir(parents=True, exist_ok=True)
    paths = [settings.out / f"embeddings{suffix}" for suffix in (PARQUET, ANNDATA)[: 1 + settings.anndata]]
    for path in paths:
        write_vectors(rows, vectors, path)
    return [f"{path} ({len(names)} vectors of {vectors.shape[1]} numbers)" for path in paths]


def _columns(table: Path) -> pd.DataFrame:
    """The table's columns, one row an image. Raises InputError where an image is listed twice."""
    lines = [line for _, line in read_csv(table, ["image_path"])]
    found = pd.DataFrame(lines)
    counts = Counter(line["image_path"] for line in lines)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise InputError(f"'{twice[0]}' is listed twice", where=table, fix="keep one of the rows")
    return found
