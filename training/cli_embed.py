"""Command `embed-images`: vectors of a table's images by a named encoder, for `--embeddings`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.errors import InputError


def embed_images(
    encoder: Annotated[str, typer.Option("--encoder", help="Name of an encoder; --list shows all.")] = "",
    weights: Annotated[
        Path | None, typer.Option("--weights", help="File of the encoder's weights (.safetensors, or PyTorch tensors).")
    ] = None,
    images: Annotated[Path | None, typer.Option("--images", help="Table of images: image_path, region.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File for the vectors (.npz).")] = None,
    region_column: Annotated[str, typer.Option("--region-column", help="Column of --images that holds the region.")] = "region",
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images encoded at a time.")] = 64,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda.")] = "auto",
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes at once. 1: this one only. 0: one per core.")] = 1,
    ray: Annotated[str, typer.Option("--ray", help="Address of a Ray cluster; `local` starts one. Default: none.")] = "",
    show: Annotated[bool, typer.Option("--list", help="Print all encoders with licence, input size and source, and exit.")] = False,
) -> None:
    """Compute the vectors of images with a vision encoder, which train-lora, evaluate and describe take as --embeddings."""
    from cytoscribe.core.remote import local
    from cytoscribe.training.model.encoders import EmbedSettings, embed, encoders

    if show:
        for one in encoders().values():
            typer.echo(one.line())
        return
    if not encoder or weights is None or images is None or out is None:
        raise InputError(
            "an option is missing", fix="give --encoder NAME --weights FILE --images TABLE --out VECTORS.npz, or --list"
        )
    count, width = embed(
        EmbedSettings(encoder, local(weights), local(images), out, region_column, device, batch_size, workers, ray)
    )
    typer.echo(f"{count} vectors of {width} numbers: {out}")
