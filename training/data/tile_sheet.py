"""The contact sheet of a cutting: what each region's pictures look like, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from cytoscribe.core.runs import atomic_path

ACROSS = 8


def save_tile_sheet(pictures: Mapping[str, Sequence[Path]], unseen: frozenset[str], path: Path) -> None:
    """One row a region, ACROSS of its pictures spread over all of them, the name above. pictures: region to its files, in order."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 1.05 * len(pictures)), layout="constrained")
    axes = figure.subplots(len(pictures), ACROSS, squeeze=False)
    for row, (region, own) in zip(axes, pictures.items(), strict=True):
        picked = [own[i] for i in np.linspace(0, len(own) - 1, min(ACROSS, len(own))).astype(int)]
        for place, axis in enumerate(row):
            axis.axis("off")
            if place < len(picked):
                axis.imshow(np.asarray(Image.open(picked[place])))
        told = " (unseen)" if region in unseen else ""
        row[0].set_title(f"{region}{told}, n = {len(own)}", loc="left", fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")
