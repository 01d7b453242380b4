"""The command `cytoscribe phantom`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cytoscribe.core.options import Out, Overwrite, Seed

_HOW = "Preparation"


class Stain(StrEnum):
    """Colours of the cell bodies."""

    cresyl = "cresyl"
    silver = "silver"
    thionin = "thionin"


def phantom(
    out: Out,
    areas: Annotated[list[str] | None, typer.Option("--area", help="Area to draw; repeatable. Default: all.")] = None,
    images: Annotated[int, typer.Option("--images", min=0, help="Patches of each area. 0: none.")] = 1,
    sections: Annotated[
        int, typer.Option("--sections", min=0, help="Whole folded sections that contain all the areas. 0: none.")
    ] = 0,
    size_px: Annotated[int, typer.Option("--size-px", min=8, max=8192, help="Side of a patch in pixels.")] = 512,
    pixel_size_um: Annotated[float, typer.Option("--pixel-size-um", min=0.1, max=500, help="Micrometres a pixel.")] = 8.0,
    stain: Annotated[
        Stain, typer.Option("--stain", help="cresyl (violet), silver (black) or thionin (blue).", rich_help_panel=_HOW)
    ] = Stain.cresyl,
    section_um: Annotated[
        float, typer.Option("--section-um", min=1, max=200, help="Thickness of the section in micrometres.", rich_help_panel=_HOW)
    ] = 20.0,
    blur_um: Annotated[
        float, typer.Option("--blur-um", min=0, help="Blur of the optics in micrometres. 0: none.", rich_help_panel=_HOW)
    ] = 2.0,
    noise: Annotated[
        float, typer.Option("--noise", min=0, help="Standard deviation of grey values (0 to 255). 0: none.", rich_help_panel=_HOW)
    ] = 2.5,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Draw cell-body-stained cortex whose every cell, layer and area is known: ground truth to test a pipeline with."""
    from cytoscribe.phantom.ground_truth import PhantomSettings, write_phantoms
    from cytoscribe.phantom.tissue import Preparation

    preparation = Preparation(stain=stain.value, section_um=section_um, blur_um=blur_um, noise=noise)
    settings = PhantomSettings(out, tuple(areas or ()), images, sections, size_px, pixel_size_um, preparation, seed, overwrite)
    counts = write_phantoms(settings)
    typer.echo(f"{counts['patches']} patches and {counts['sections']} sections in {out}")
    if counts["patches"]:
        typer.echo(
            f"truth: {out / 'cells'} (every cell body), {out / 'layers'} (layer of every pixel), {out / 'layers.csv'} (its values)"
        )
    if counts["sections"]:
        typer.echo(
            f"try:   cut-tiles --sections {out / 'sections'} --labels {out / 'labels'} --groups {out / 'groups.csv'} --out tiles"
        )
