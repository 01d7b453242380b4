"""Commands `pack-images` and `unpack-images`: they read options and call the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.options import Out

_OVERWRITE = typer.Option("--overwrite", help="Start over if --out holds a run with other settings.")


def pack_images(
    images: Annotated[Path, typer.Option("--images", help="Table of images: image_path, and any other columns.")],
    out: Out,
    per_shard: Annotated[int, typer.Option("--per-shard", min=1, help="Images in one shard.")] = 10_000,
    overwrite: Annotated[bool, _OVERWRITE] = False,
) -> None:
    """Write the images of a table as WebDataset shards, tar files that stores and clusters read from one end to the other."""
    from cytoscribe.core.remote import local
    from cytoscribe.training.data.shards import PackSettings, pack

    count, shards = pack(PackSettings(local(images), out, per_shard, overwrite))
    typer.echo(f"{count} images in {shards} shards: {out}")


def unpack_images(
    shards: Annotated[list[Path], typer.Argument(metavar="SHARD...", help="WebDataset shards (.tar).")],
    out: Out,
    overwrite: Annotated[bool, _OVERWRITE] = False,
) -> None:
    """Write the images of WebDataset shards into a folder, with a table images.csv that every other command takes."""
    from cytoscribe.core.remote import local
    from cytoscribe.training.data.shards import unpack

    count = unpack([local(path) for path in shards], out, overwrite=overwrite)
    typer.echo(f"{count} images: {out / 'images.csv'}")
