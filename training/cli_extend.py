"""Command `extend-model`: a new region from a few images, without training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def extend_model(
    model: Annotated[Path, typer.Option("--model", help="Model folder that train-lora wrote.")],
    images: Annotated[
        Path,
        typer.Option("--images", help="Table of a few images of each new region: image_path, region. Known regions are left out."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the extended copy; it must not exist.")],
    captions: Annotated[
        Path | None,
        typer.Option(
            "--captions",
            help="JSON object from new region to a list of texts that describe it, used together with its images. Default: images only.",
        ),
    ] = None,
    region_column: Annotated[str, typer.Option("--region-column", help="Column of --images that holds the region.")] = "region",
    embeddings: Annotated[
        Path | None, typer.Option("--embeddings", help="Vectors of the images, for a model that takes such. Default: none.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda.")] = "auto",
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of everything drawn at random.")] = 0,
) -> None:
    """Teach a trained model new regions from a few images of each; the encoders stay as they are, the rejection is calibrated again."""
    from cytoscribe.training.model.extension import ExtendSettings, extend, read_texts

    texts = read_texts(captions) if captions else {}
    found = extend(ExtendSettings(model, images, out, texts, region_column, embeddings, device, seed))
    for name, count in found.new.items():
        typer.echo(f"{name}: from {count} image{'s' * (count != 1)}")
    for note in found.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"model     {out}")
