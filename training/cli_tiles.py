"""Command `cut-tiles`: it reads options and calls the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.options import Out, Overwrite, Seed


def cut_tiles(
    sections: Annotated[Path, typer.Option("--sections", help="Folder of section pictures (PNG, TIFF, JPEG).")],
    labels: Annotated[Path, typer.Option("--labels", help="Folder of label maps of the same names and sizes; 0 is background.")],
    groups: Annotated[Path, typer.Option("--groups", help="groups.csv: label_value, group; use (seen or unseen).")],
    out: Out,
    tile_px: Annotated[int, typer.Option("--tile-px", help="Side of a tile in section pixels.")] = 96,
    stride: Annotated[int, typer.Option("--stride", min=0, help="Pixels from tile to tile. 0: side by side.")] = 0,
    purity: Annotated[float, typer.Option("--purity", help="Least share of a tile that is its region, in (0, 1].")] = 0.7,
    scale: Annotated[
        str, typer.Option("--scale", help="tile (cells), region (a crop around each whole region), or both.")
    ] = "tile",
    region_px: Annotated[int, typer.Option("--region-px", help="Side in pixels that region crops are scaled to.")] = 224,
    margin: Annotated[
        float, typer.Option("--margin", min=0, help="Context around a region crop, share of its side. 0: none.")
    ] = 0.1,
    least_px: Annotated[
        int, typer.Option("--least-px", min=1, help="Smallest piece of a region that is cropped, in pixels.")
    ] = 400,
    most: Annotated[int, typer.Option("--per-region", min=0, help="Most cuts of one region from one section. 0: all.")] = 0,
    pixel_size_um: Annotated[float, typer.Option("--pixel-size-um", min=0, help="Micrometres a section pixel. 0: unknown.")] = 0.0,
    test_sections: Annotated[str, typer.Option("--test-sections", help="Names joined by commas. Empty: one section in five.")] = "",
    draw_sections: Annotated[
        bool, typer.Option("--draw-sections", help="Draw the sections of each split by --seed instead of taking them in turn.")
    ] = False,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Cut tiles and region crops from labelled sections into an images table, split by section."""
    from training.tiles import CutSettings, cut

    summary = cut(
        CutSettings(
            sections=sections,
            labels=labels,
            groups=groups,
            out=out,
            tile_px=tile_px,
            stride=stride,
            purity=purity,
            scale=scale,
            region_px=region_px,
            margin=margin,
            least_px=least_px,
            most=most,
            pixel_size_um=pixel_size_um or None,
            test_sections=tuple(s.strip() for s in test_sections.split(",") if s.strip()),
            interleave=not draw_sections,
            seed=seed,
            overwrite=overwrite,
        )
    )
    splits = ", ".join(f"{n} {split}" for split, n in sorted(summary["splits"].items()))
    typer.echo(f"images    {out / 'images.csv'} ({splits})")
    typer.echo(f"regions   {len(summary['regions'])}" + (f"; none of {', '.join(summary['empty'])}" if summary["empty"] else ""))
    typer.echo(f"look at   {out / 'contact_sheet.png'}")
