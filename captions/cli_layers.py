"""`measure-layers`: label maps of layers in, measures of every layer out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import Out, Overwrite

_NAMED = 3


def measure_layers(
    out: Out,
    names: Annotated[
        Path | None,
        typer.Option(
            "--names",
            help="What label values mean: label_value (or value), group (or region), and layer (or fine_region, which ends in it).",
        ),
    ] = None,
    images: Annotated[
        Path | None, typer.Option("--images", help="Images table: image_path, region, mask_path (the label map), section, subject.")
    ] = None,
    sections: Annotated[Path | None, typer.Option("--sections", help="Folder of whole sections, in the place of --images.")] = None,
    labels: Annotated[Path | None, typer.Option("--labels", help="Folder of their label maps, named as the sections are.")] = None,
    cells: Annotated[
        Path | None,
        typer.Option(
            "--cells", help="Folder of tables of detected cells, named as the pictures (x_um, y_um, area_um2, or QuPath's)."
        ),
    ] = None,
    outline_cells: Annotated[
        bool, typer.Option("--outline-cells", help="Outline cells in the pictures; needs 2.5 micrometres a pixel or finer.")
    ] = False,
    cell_table: Annotated[
        Path | None,
        typer.Option("--cell-table", help="Detected cells of one piece as QuPath exports them, in the place of pictures."),
    ] = None,
    corners: Annotated[
        Path | None,
        typer.Option("--corners", help="GeoJSON with the points top_left, top_right, bottom_left, bottom_right; top is the pia."),
    ] = None,
    borders: Annotated[
        Path | None, typer.Option("--borders", help="Table of the piece's layers: layer, from_percent, to_percent of the depth.")
    ] = None,
    region: Annotated[str, typer.Option("--region", help="Region of the piece of --cell-table.")] = "",
    region_column: Annotated[str, typer.Option("--region-column", help="Column of --images with the label.")] = "region",
    pixel_size_um: Annotated[
        float, typer.Option("--pixel-size-um", min=0.0, help="Micrometres a pixel where the table does not say; 0: unknown.")
    ] = 0.0,
    ground: Annotated[
        str, typer.Option("--ground", help="light (stained tissue on bright glass) or dark (fluorescence; turned over first).")
    ] = "light",
    overwrite: Overwrite = False,
) -> None:
    """Measure every layer of every region: thickness, staining, grey level index, and cells where they are known."""
    from cytoscribe.captions.morphology.layer_piece import PieceSettings, measure_piece
    from cytoscribe.captions.morphology.layer_stage import LAYERS, LayerSettings, measure_all

    if ground not in ("light", "dark"):
        raise InputError(f"unknown ground '{ground}'", where="--ground", fix="use light or dark")
    if cell_table is not None:
        if corners is None or borders is None or not region or not pixel_size_um:
            raise InputError(
                "a table of cells lacks what places them", fix="give --corners, --borders, --region and --pixel-size-um"
            )
        cells_inside = measure_piece(PieceSettings(out, cell_table, corners, borders, region, pixel_size_um, overwrite=overwrite))
        typer.echo(f"{cells_inside} cells lie between the corners; see {out / LAYERS}")
        return
    if names is None:
        raise InputError(
            "nothing says what the label values mean", fix="give --names, such as groups.csv or a phantom's layers.csv"
        )
    found = measure_all(
        LayerSettings(out, names, images, sections, labels, cells, outline_cells, region_column, pixel_size_um, ground, overwrite)
    )
    typer.echo(
        f"{found.rows} layers of {found.regions} regions in {found.pictures} pictures -> {out / LAYERS}; "
        f"look at {out / 'outlines.png'}"
    )
    if found.without_size:
        typer.echo(f"{found.without_size} pictures have no pixel size: lengths and areas are in pixels")
    if found.skipped:
        shown = "; ".join(f"{path.name}: {reason}" for path, reason in found.skipped[:_NAMED])
        typer.echo(f"{len(found.skipped)} skipped: {shown}{' ...' if len(found.skipped) > _NAMED else ''}")
