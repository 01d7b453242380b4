"""`measure-morphology`: images in, measures and words out."""

from __future__ import annotations

import typer

from cytoscribe.captions.morphology.settings import MeasureOptions, MeasureSettings
from cytoscribe.core.errors import InputError
from cytoscribe.core.options import command
from cytoscribe.core.preflight import check_files, check_out

_NAMED = 3


def _measure(options: MeasureOptions) -> None:
    _check(options)
    if options.cell_table is None:
        _measure_images(options.run)
    else:
        _measure_table(options)


def _check(options: MeasureOptions) -> None:
    """Find what cannot be used, and options that contradict each other, before anything is measured."""
    run, model = options.run, options.run.options.instanseg
    if model is not None and (run.profile != "tissue" or not model.is_file()):
        what = "no such model file" if run.profile == "tissue" else "the model outlines the cells of tissue alone"
        raise InputError(what, where=model, fix="give --profile tissue and the .pt file of an InstanSeg model")
    files = (("--images", run.images), ("--cell-table", options.cell_table), ("--corners", options.corners), ("--bins", run.bins))
    check_files(*files)
    check_out(run.out)
    if (run.images is None) == (options.cell_table is None):
        raise InputError("no source of measures", fix="give either --images images.csv or --cell-table FILE")


def _measure_table(options: MeasureOptions) -> None:
    from cytoscribe.captions.morphology.cell_table import measure_table

    run, size = options.run, options.run.options.pixel_size_um
    if run.profile != "cortex" or options.corners is None or not size or options.cell_table is None:
        raise InputError(
            "a table of cells needs options that place it in the cortex", fix="give --profile cortex, --corners and --pixel-size-um"
        )
    inside = measure_table(options.cell_table, options.corners, size, run.out, overwrite=run.overwrite)
    typer.echo(f"{inside} cells lie between the corners; look at {run.out / 'profile.png'}")


def _measure_images(run: MeasureSettings) -> None:
    from cytoscribe.captions.morphology.stage import measure

    summary = measure(run)
    typer.echo(f"{summary.measured} images measured, {summary.claims} words given; look at {run.out / 'outlines.png'}")
    if summary.without_size:
        typer.echo(f"{summary.without_size} images have no pixel size: lengths and areas are in pixels")
    if summary.dust:
        typer.echo(f"{summary.dust} objects of fewer than four pixels were left out of the masks")
    for kind, rows in (("doubtful", summary.doubtful), ("skipped", summary.skipped)):
        if rows:
            shown = "; ".join(f"row {m.record.row} {m.record.path.name}: {m.skipped or ', '.join(m.doubts)}" for m in rows[:_NAMED])
            typer.echo(f"{len(rows)} {kind}: {shown}{' ...' if len(rows) > _NAMED else ''}")


measure_morphology = command(
    MeasureOptions, _measure, "Measure cells or tissue, describe the measures in words, and draw the outlines for inspection."
)
