"""`measure-morphology`: images in, measures and words out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.choices import Ground, Pia, Profile
from cytoscribe.core.errors import InputError
from cytoscribe.core.options import Out, Overwrite
from cytoscribe.core.preflight import check_files, check_out

_NAMED = 3


def measure_morphology(
    out: Out,
    images: Annotated[
        Path | None, typer.Option("--images", help="Images table: image_path, a label, and mask_path where masks exist.")
    ] = None,
    profile: Annotated[
        Profile, typer.Option("--profile", help="cell (one cell a picture), tissue (many cells) or cortex (pia to white matter).")
    ] = "cell",
    cell_table: Annotated[
        Path | None,
        typer.Option("--cell-table", help="Detected cells as QuPath exports them, in the place of --images (cortex)."),
    ] = None,
    corners: Annotated[
        Path | None,
        typer.Option("--corners", help="GeoJSON with the points top_left, top_right, bottom_left, bottom_right; top is the pia."),
    ] = None,
    region_column: Annotated[str, typer.Option("--region-column", help="Column with the label.")] = "region",
    pixel_size_um: Annotated[
        float, typer.Option("--pixel-size-um", min=0.0, help="Micrometres a pixel where the table does not say; 0: unknown.")
    ] = 0.0,
    thickness_um: Annotated[
        float,
        typer.Option("--thickness-um", min=0.0, help="Section thickness in micrometres, for densities per mm3; 0: none are given."),
    ] = 0.0,
    ground: Annotated[
        Ground, typer.Option("--ground", help="light (stained tissue on bright glass) or dark (fluorescence; turned over first).")
    ] = "light",
    cells: Annotated[bool, typer.Option("--cells", help="Write cells.csv, one row a cell (tissue).")] = False,
    pia: Annotated[
        Pia, typer.Option("--pia", help="Side of the picture where the pia lies: top, right, bottom, left, or guess (cortex).")
    ] = "guess",
    instanseg: Annotated[
        Path | None,
        typer.Option("--instanseg", help="TorchScript file of an InstanSeg model that outlines cells (tissue); none: no model."),
    ] = None,
    bins: Annotated[
        Path | None, typer.Option("--bins", help="Binning file of your own (JSON); none: the profile's own limits.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes that measure; 0: this one alone.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Measure cells or tissue, say it in words, and draw the outlines to look at."""
    if instanseg is not None and (profile != "tissue" or not instanseg.is_file()):
        what = "no such model file" if profile == "tissue" else "the model outlines the cells of tissue alone"
        raise InputError(what, where=instanseg, fix="give --profile tissue and the .pt file of an InstanSeg model")
    check_files(("--images", images), ("--cell-table", cell_table), ("--corners", corners), ("--bins", bins))
    check_out(out)
    from cytoscribe.captions.morphology.cell_table import measure_table
    from cytoscribe.captions.morphology.profiles import Options
    from cytoscribe.captions.morphology.stage import MeasureSettings, measure

    if (images is None) == (cell_table is None):
        raise InputError("no source of measures", fix="give either --images images.csv or --cell-table FILE")
    if images is None:
        if profile != "cortex" or corners is None or not pixel_size_um or cell_table is None:
            raise InputError("a table of cells lacks what places them", fix="give --profile cortex, --corners and --pixel-size-um")
        inside = measure_table(cell_table, corners, pixel_size_um, out, overwrite=overwrite)
        typer.echo(f"{inside} cells lie between the corners; look at {out / 'profile.png'}")
        return
    options = Options(pixel_size_um or None, thickness_um, cells, pia, instanseg)
    summary = measure(MeasureSettings(images, out, profile, options, region_column, ground, bins, workers, overwrite))
    typer.echo(f"{summary.measured} images measured, {summary.claims} words given; look at {out / 'outlines.png'}")
    if summary.without_size:
        typer.echo(f"{summary.without_size} images have no pixel size: lengths and areas are in pixels")
    if summary.dust:
        typer.echo(f"{summary.dust} objects of fewer than four pixels were left out of the masks")
    for kind, rows in (("doubtful", summary.doubtful), ("skipped", summary.skipped)):
        if rows:
            shown = "; ".join(f"row {m.record.row} {m.record.path.name}: {m.skipped or ', '.join(m.doubts)}" for m in rows[:_NAMED])
            typer.echo(f"{len(rows)} {kind}: {shown}{' ...' if len(rows) > _NAMED else ''}")
