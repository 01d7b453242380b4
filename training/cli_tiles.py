"""Command `cut-tiles`: it reads options and calls the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cytoscribe.core.choices import CutScale
from cytoscribe.core.options import Out, Overwrite, Seed, Strict, Verify
from cytoscribe.core.preflight import check_files, check_folders, check_out

_SIZE, _SPLIT = "How large a tile is", "Which sections train, validate and test"


def cut_tiles(
    sections: Annotated[
        Path,
        typer.Option(
            "--sections", help="Folder of section pictures: PNG, JPEG, TIFF, OME-TIFF, or a slide scanner's format (read in parts)."
        ),
    ],
    labels: Annotated[
        Path,
        typer.Option(
            "--labels",
            help="Folder of labels of the same names: label maps (0 is background) of the same size or a whole fraction of it, or "
            "GeoJSON outlines in pixels of the picture, as QuPath exports them.",
        ),
    ],
    out: Out,
    groups: Annotated[
        Path | None,
        typer.Option(
            "--groups",
            help="groups.csv: label_value (or label, an outline's classification), group; use (seen or unseen). Default: every "
            "classification of the outlines is a region.",
        ),
    ] = None,
    tile_px: Annotated[int, typer.Option("--tile-px", help="Side of a written tile in pixels.", rich_help_panel=_SIZE)] = 96,
    tile_um: Annotated[
        float,
        typer.Option(
            "--tile-um",
            min=0,
            help="Side of a tile in micrometres, resampled to --tile-px. 0: --tile-px pixels of the section as they are.",
            rich_help_panel=_SIZE,
        ),
    ] = 0.0,
    pixel_size_um: Annotated[
        float,
        typer.Option(
            "--pixel-size-um",
            min=0,
            help="Micrometres a section pixel, of all sections. 0: as --section-table or the files say.",
            rich_help_panel=_SIZE,
        ),
    ] = 0.0,
    stride: Annotated[
        int, typer.Option("--stride", min=0, help="Written pixels from tile to tile. 0: side by side.", rich_help_panel=_SIZE)
    ] = 0,
    purity: Annotated[float, typer.Option("--purity", min=0.01, max=1, help="Least share of a tile that is its region.")] = 0.7,
    scale: Annotated[
        CutScale, typer.Option("--scale", help="tile (cells), region (a crop around each whole region), or both.")
    ] = "tile",
    region_px: Annotated[
        int, typer.Option("--region-px", help="Side in pixels that region crops are scaled to.", rich_help_panel=_SIZE)
    ] = 224,
    margin: Annotated[
        float, typer.Option("--margin", min=0, help="Context around a region crop, share of its side. 0: none.")
    ] = 0.1,
    least_px: Annotated[
        int, typer.Option("--least-px", min=1, help="Smallest piece of a region that is cropped, in pixels at the tiles' scale.")
    ] = 400,
    most: Annotated[int, typer.Option("--per-region", min=0, help="Most cuts of one region from one section. 0: all.")] = 0,
    section_table: Annotated[
        Path | None,
        typer.Option(
            "--section-table",
            help="CSV: section; subject, pixel_size_um, split where known. Three subjects or more are split whole.",
            rich_help_panel=_SPLIT,
        ),
    ] = None,
    test_sections: Annotated[
        str, typer.Option("--test-sections", help="Names joined by commas. Empty: one section in five.", rich_help_panel=_SPLIT)
    ] = "",
    draw_sections: Annotated[
        bool,
        typer.Option(
            "--draw-sections",
            help="Draw the sections of each split by --seed instead of taking them in turn.",
            rich_help_panel=_SPLIT,
        ),
    ] = False,
    seed: Seed = 0,
    strict: Strict = False,
    verify: Verify = False,
    overwrite: Overwrite = False,
) -> None:
    """Cut tiles and region crops from labelled sections into an images table, split by subject or section."""
    check_folders(("--sections", sections), ("--labels", labels))
    check_files(("--groups", groups), ("--section-table", section_table))
    check_out(out)
    from cytoscribe.training.data.tiles import CutSettings, cut

    settings = CutSettings(
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
        tile_um=tile_um,
        section_table=section_table,
        test_sections=tuple(s.strip() for s in test_sections.split(",") if s.strip()),
        interleave=not draw_sections,
        seed=seed,
        strict=strict,
        verify=verify,
        overwrite=overwrite,
    )
    for line in _lines(cut(settings), out):
        typer.echo(line)


def _lines(summary: dict[str, Any], out: Path) -> list[str]:
    """What was cut, for the terminal."""
    splits = ", ".join(f"{n} {split}" for split, n in sorted(summary["splits"].items()))
    without = summary["sections_without"]
    nothing = f"; nothing of {', '.join(without[:4])}{' ...' if len(without) > 4 else ''} ({len(without)})" if without else ""
    empty = f"; none of {', '.join(summary['empty'])}" if summary["empty"] else ""
    return [
        f"images    {out / 'images.csv'} ({splits})",
        f"sections  {summary['sections']}{nothing}; tiles of {', '.join(map(str, summary['sides_px']))} section pixels",
        f"regions   {len(summary['regions'])}{empty}",
        f"look at   {out / 'contact_sheet.png'}",
    ]
