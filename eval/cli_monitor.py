"""Command `monitor`: watch a stream of images for the point from which on the model's promise holds no longer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.options import Out, Overwrite, Seed


def monitor(
    model: Annotated[Path, typer.Option("--model", help="Model folder that train-lora wrote.")],
    images: Annotated[Path, typer.Option("--images", help="Table of images in order of acquisition; regions are not used.")],
    out: Out,
    by: Annotated[
        str,
        typer.Option("--by", help="Unit that is monitored: image, section or subject. auto: the unit of the model's guarantee."),
    ] = "auto",
    source: Annotated[
        str,
        typer.Option("--source", help="Microscope of all the images, if the model was calibrated for it. Empty: the model's own."),
    ] = "",
    region_column: Annotated[str, typer.Option("--region-column", help="Column of --images that holds the region.")] = "region",
    embeddings: Annotated[
        Path | None, typer.Option("--embeddings", help="Vectors of the images, for a model that takes such. Default: none.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda.")] = "auto",
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Say from which image or section of a study on the promise of the rejection no longer holds, and whether tissue or microscope
    changed. A false alarm has a chance of at most 1 in 100 for each of the two, however long the stream."""
    from cytoscribe.eval.monitor import MonitorSettings
    from cytoscribe.eval.monitor import monitor as stage

    settings = MonitorSettings(model, images, out, by, source, region_column, embeddings, device, seed, overwrite)
    for line in stage(settings).lines():
        typer.echo(line)
    typer.echo(f"look at {out / 'monitor.png'}")
