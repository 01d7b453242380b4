"""The contact sheet of a cutting: what each region's pictures look like, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from cytoscribe.core.runs import atomic_path

ACROSS = 8
SIDE, LINE = 100, 26
"""Pixels of the longer side of one picture, and of the line above a row."""
MOST = 300
"""Regions on a sheet: of an atlas with more, every second, third ... is shown, since nobody looks at a page of 80,000 pixels."""


def save_tile_sheet(pictures: Mapping[str, Sequence[Path]], unseen: frozenset[str], path: Path) -> None:
    """One row a region, ACROSS of its pictures spread over all of them, the name above. pictures: region to its files, in order."""
    from matplotlib.figure import Figure

    every = -(-len(pictures) // MOST)
    pictures = {region: own for i, (region, own) in enumerate(pictures.items()) if i % max(every, 1) == 0}
    height, width = len(pictures) * (SIDE + LINE), ACROSS * (SIDE + 4)
    page = Image.new("RGB", (width, height), "white")
    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    for number, (region, own) in enumerate(pictures.items()):
        top = number * (SIDE + LINE)
        for place, i in enumerate(np.linspace(0, len(own) - 1, min(ACROSS, len(own))).astype(int)):
            page.paste(_small(own[i]), (place * (SIDE + 4), top + LINE))
        told = f"{region}{' (unseen)' if region in unseen else ''}, n = {len(own)}".replace("$", r"\$")
        figure.text(0.004, 1 - (top + LINE - 6) / height, told, fontsize=8, va="baseline")
    figure.figimage(np.asarray(page), zorder=-1)  # one picture for all: a plot for each takes a second for ten of them
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=100, format="png")


def _small(path: Path) -> Image.Image:
    """A picture with its longer side at SIDE."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    scale = SIDE / max(picture.size)
    return picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.BOX)
