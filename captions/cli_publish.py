"""`publish-captions` and `publish-model`: a folder onto the Hub, private unless --public is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytoscribe.core.preflight import check_files

if TYPE_CHECKING:
    from cytoscribe.captions.publish import PublishSettings

Repo = Annotated[str, typer.Option("--repo", help="Repository to publish to, as user/name.")]
Public = Annotated[bool, typer.Option("--public", help="Make it visible to everybody; otherwise it is private.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List what would be uploaded, and send nothing.")]
License = Annotated[
    str, typer.Option("--license", help="Licence identifier for the card, as the Hub writes it: mit, cc-by-4.0. Empty: none.")
]
Endpoint = Annotated[str, typer.Option("--endpoint", help="URL of another Hub; empty: the usual one.")]


def publish_captions(
    folder: Annotated[Path, typer.Argument(help="Folder of a generate-captions run.")],
    repo: Repo,
    public: Public = False,
    dry_run: DryRun = False,
    endpoint: Endpoint = "",
    license_: License = "",
    images: Annotated[
        Path | None,
        typer.Option(
            "--images", help="Table of images to publish with the captions, as the config 'images'. Default: captions only."
        ),
    ] = None,
    region_column: Annotated[str, typer.Option("--region-column", help="Column of --images that holds the label.")] = "region",
) -> None:
    """Publish a dataset of captions. The token comes from HF_TOKEN or the Hub's own login; it is never printed or stored."""
    from cytoscribe.captions.publish import PublishSettings

    check_files(("--images", images))
    settings = PublishSettings(
        folder, repo, "dataset", not public, endpoint, licence=license_, images=images, region_column=region_column
    )
    _publish(settings, dry_run)


def publish_model(
    folder: Annotated[Path, typer.Argument(help="Folder that train-lora or train-captioner wrote.")],
    repo: Repo,
    public: Public = False,
    dry_run: DryRun = False,
    endpoint: Endpoint = "",
    license_: License = "",
    metrics: Annotated[
        Path | None,
        typer.Option("--metrics", help="metrics.json of evaluate, whose figures the card's model-index shows. Default: none."),
    ] = None,
) -> None:
    """Publish what train-lora or train-captioner made: weights, calibration and card."""
    from cytoscribe.captions.publish import PublishSettings

    check_files(("--metrics", metrics))
    _publish(PublishSettings(folder, repo, "model", not public, endpoint, licence=license_, metrics=metrics), dry_run)


def _publish(settings: PublishSettings, dry_run: bool) -> None:
    from cytoscribe.captions.publish import preview, publish

    typer.echo(preview(settings) if dry_run else publish(settings))
