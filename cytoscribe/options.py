"""Options that every stage spells alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[
    Path,
    typer.Option("--out", help="Folder for the results; made where it is missing. The same command on the same folder resumes."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything drawn at random.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Start anew where --out holds a run with other settings.")]
Strict = Annotated[bool, typer.Option("--strict", help="End at the first bad item. Off: it is named, counted and passed over.")]
