"""`measure-layers`: label maps of layers in, measures of every layer out."""

from __future__ import annotations

import typer

from cytoscribe.captions.morphology.settings import LayerOptions, LayerSettings, PieceSettings
from cytoscribe.core.errors import InputError
from cytoscribe.core.options import command

_NAMED = 3


def _measure(options: LayerOptions) -> None:
    if options.cell_table is not None:
        _measure_piece(options)
        return
    if options.run.names is None:
        raise InputError(
            "nothing says what the label values mean", fix="give --names, such as groups.csv or a phantom's layers.csv"
        )
    _measure_maps(options.run)


def _measure_piece(options: LayerOptions) -> None:
    from cytoscribe.captions.morphology.layer_piece import measure_piece
    from cytoscribe.captions.morphology.layer_stage import LAYERS

    run, size = options.run, options.run.pixel_size_um
    if options.cell_table is None or options.corners is None or options.borders is None or not options.region or not size:
        raise InputError(
            "a table of cells needs options that place it in the cortex",
            fix="give --corners, --borders, --region and --pixel-size-um",
        )
    places = (options.cell_table, options.corners, options.borders, options.region, size)
    inside = measure_piece(PieceSettings(run.out, *places, overwrite=run.overwrite))
    typer.echo(f"{inside} cells lie between the corners; see {run.out / LAYERS}")


def _measure_maps(run: LayerSettings) -> None:
    from cytoscribe.captions.morphology.layer_stage import LAYERS, measure_all

    found = measure_all(run)
    looked = f"{found.rows} layers of {found.regions} regions in {found.pictures} pictures -> {run.out / LAYERS}"
    typer.echo(f"{looked}; look at {run.out / 'outlines.png'}")
    if found.without_size:
        typer.echo(f"{found.without_size} pictures have no pixel size: lengths and areas are in pixels")
    if found.skipped:
        shown = "; ".join(f"{path.name}: {reason}" for path, reason in found.skipped[:_NAMED])
        typer.echo(f"{len(found.skipped)} skipped: {shown}{' ...' if len(found.skipped) > _NAMED else ''}")


measure_layers = command(
    LayerOptions,
    _measure,
    "Measure every layer of every region: thickness, staining, grey level index, and cells where they are known.",
)
