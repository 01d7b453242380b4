"""Command `cut-tiles`: it reads options and calls the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from cytoscribe.core.options import command
from cytoscribe.core.plain_text import some
from cytoscribe.core.preflight import check_files, check_folders, check_out
from cytoscribe.training.data.settings import CutSettings


def _cut(settings: CutSettings) -> None:
    check_folders(("--sections", settings.sections), ("--labels", settings.labels))
    check_files(("--groups", settings.groups), ("--section-table", settings.section_table))
    check_out(settings.out)
    from cytoscribe.training.data.tiles import cut

    for line in _lines(cut(settings), settings.out):
        typer.echo(line)


cut_tiles = command(
    CutSettings, _cut, "Cut tiles and region crops from labelled sections into a table of images, split by subject or section."
)


def _lines(summary: dict[str, Any], out: Path) -> list[str]:
    """What was cut, for the terminal."""
    splits = ", ".join(f"{n} {split}" for split, n in sorted(summary["splits"].items()))
    without = summary["sections_without"]
    nothing = f"; nothing of {', '.join(without[:4])}{' ...' if len(without) > 4 else ''} ({len(without)})" if without else ""
    empty = f"; no tile of {some(summary['empty'])}" if summary["empty"] else ""
    return [
        f"images    {out / 'images.csv'} ({splits})",
        f"sections  {summary['sections']}{nothing}; tiles of {', '.join(map(str, summary['sides_px']))} section pixels",
        f"regions   {len(summary['regions'])}{empty}",
        f"look at   {out / 'contact_sheet.png'}",
    ]
