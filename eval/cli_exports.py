"""Command `export-answers`: it reads options and calls the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export_answers(
    answers: Annotated[
        Path, typer.Argument(help="A map that describe --section wrote, the folder of an evaluation, or a file of vectors.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the exports, created if missing.")],
    section: Annotated[
        Path | None, typer.Option("--section", help="The picture that was mapped, for an HTML page. Default: no page.")
    ] = None,
    pixel_size_um: Annotated[
        float, typer.Option("--pixel-size-um", min=0, help="Micrometres per section pixel. 0: as the file says.")
    ] = 0.0,
    model: Annotated[
        Path | None, typer.Option("--model", help="Model folder, whose captions the page shows. Default: no captions.")
    ] = None,
    descriptions: Annotated[
        Path | None,
        typer.Option("--descriptions", help="Folder of mine-descriptions, whose claims the page shows. Default: no claims."),
    ] = None,
    anndata: Annotated[
        bool,
        typer.Option("--anndata", help="Write tables as AnnData (.h5ad) too, through the package anndata. Off: Parquet alone."),
    ] = False,
    images: Annotated[
        Path | None, typer.Option("--images", help="With a file of vectors: table whose columns go beside them. Default: none.")
    ] = None,
) -> None:
    """Write answers for other tools: GeoJSON for QuPath, OME-TIFF, Parquet, AnnData, JSON lines, and a page to pan and zoom."""
    from cytoscribe.eval.exports.stage import ExportSettings, export

    for line in export(ExportSettings(answers, out, section, pixel_size_um, model, descriptions, anndata, images)):
        typer.echo(line)
