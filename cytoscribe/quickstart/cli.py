"""The command `cytoscribe quickstart`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.options import Overwrite, Seed

_Folder = Annotated[
    Path, typer.Option("--out", help="Folder for the results, created if missing. The same command on the same folder resumes.")
]


def quickstart(
    out: _Folder = Path("cytoscribe-quickstart"),
    images_per_region: Annotated[
        int, typer.Option("--images-per-region", min=40, help="Images drawn of each known area, over 40 subjects.")
    ] = 60,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over the training images.")] = 40,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Walk the whole path on sample papers and drawn cortex: no network, no data of yours, a few minutes."""
    from cytoscribe.quickstart.run import run
    from cytoscribe.quickstart.stages import QuickstartSettings
    from cytoscribe.quickstart.summary import show

    show(run(QuickstartSettings(out, seed, images_per_region, epochs=epochs, overwrite=overwrite)))
