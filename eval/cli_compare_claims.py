"""`compare-claims`: what papers state against what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.options import Out, Overwrite


def compare_claims(
    claims: Annotated[Path, typer.Option("--claims", help="Folder that mine-descriptions wrote.")],
    measured: Annotated[Path, typer.Option("--measured", help="Folder that measure-layers wrote.")],
    out: Out,
    stain: Annotated[
        str,
        typer.Option(
            "--stain", help="cells: the sections show cell bodies (Nissl), so that darkness counts cells; other: they do not."
        ),
    ] = "cells",
    min_score: Annotated[
        float, typer.Option("--min-score", min=0.0, max=1.0, help="Judge only claims with at least this score. 0: all.")
    ] = 0.0,
    overwrite: Overwrite = False,
) -> None:
    """Give every mined claim a verdict: supported, refuted, undecided or not measurable, with its effect and a 95% interval."""
    from cytoscribe.eval.claims.stage import CAPTIONS, PAGE, CompareClaimsSettings
    from cytoscribe.eval.claims.stage import compare_claims as stage

    found = stage(CompareClaimsSettings(claims, measured, out, stain, min_score, overwrite))
    typer.echo(f"{len(found.verdicts)} claims: {', '.join(f'{n} {word}' for word, n in found.counts.items())}")
    if found.faint:
        typer.echo(f"{found.faint} claims of a lower score were left out")
    if found.captions:
        typer.echo(f"{len(found.captions)} captions join both: {out / CAPTIONS}")
    typer.echo(f"look at {out / PAGE}")
