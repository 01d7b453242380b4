"""The stage `export-answers`: what `describe --section` and `evaluate` wrote, in the formats of the tools it goes back to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.eval.exports.map_folder import read_map
from cytoscribe.eval.exports.page import write_page
from cytoscribe.eval.exports.qupath import write_regions, write_tiles
from cytoscribe.eval.exports.rasters import write_label_tiff
from cytoscribe.eval.exports.tables import write_metric_lines, write_parquet, write_predictions
from cytoscribe.eval.section_map import TILES_FILE


@dataclass(frozen=True)
class ExportSettings:
    """answers: a folder of `describe --section` or of `evaluate`; out: folder for the exports; section: the picture that was mapped,
    None to do without a page to look at; pixel_size_um: of the section, 0 for what the picture says; model: the model folder, whose
    captions the page shows; descriptions: folder of `mine-descriptions`, whose claims it shows."""

    answers: Path
    out: Path
    section: Path | None = None
    pixel_size_um: float = 0.0
    model: Path | None = None
    descriptions: Path | None = None


def export(settings: ExportSettings) -> list[str]:
    """Write every export that the folder allows; returns what was written, one line each. Raises InputError where it is neither."""
    if (settings.answers / TILES_FILE).is_file():
        return _map(settings)
    if (settings.answers / "metrics.json").is_file():
        return _evaluation(settings)
    raise InputError(
        "neither a mapped section nor an evaluation", where=settings.answers, fix="give a folder of describe or evaluate"
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
