"""`check-captions` and `check-prompts`: what to look at before training, and before a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.options import Seed


def check_captions(
    captions: Annotated[Path, typer.Argument(help="Folder of a generate-captions run.")],
    descriptions: Annotated[
        Path | None,
        typer.Option(
            "--descriptions", help="The mining run the captions were made from; without it no 8-way and labels alone audited."
        ),
    ] = None,
    encoder: Annotated[
        str, typer.Option("--encoder", help="Sentence encoder (folder or Hub id) for dispersion and 8-way; empty: none.")
    ] = "",
    least_claims: Annotated[
        int, typer.Option("--least-claims", min=1, help="Regions with fewer statements stay out of the 8-way.")
    ] = 5,
    seed: Seed = 0,
) -> None:
    """Audit masked captions for leaks, measure diversity, and tell which regions cannot be told apart. Ends with 1 on a leak."""
    from captions.quality.report import QualitySettings, measure, report

    quality = measure(QualitySettings(captions, descriptions, encoder, least_claims, seed))
    typer.echo(report(quality))
    if quality.leaks:
        raise typer.Exit(1)


def check_prompts(
    prompts: Annotated[
        Path | None, typer.Option("--prompts", help="Folder with templates of your own; empty: those shipped.")
    ] = None,
    style: Annotated[str, typer.Option("--style", help="Show this style rendered; empty: only the table.")] = "",
) -> None:
    """Validate prompt templates: variables, length, and a rendered example."""
    from prompts.check import check

    typer.echo(check(prompts, style))
