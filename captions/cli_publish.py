"""`publish-captions` and `publish-model`: a folder onto the Hub, private unless told otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Repo = Annotated[str, typer.Option("--repo", help="Where it goes, as user/name.")]
Public = Annotated[bool, typer.Option("--public", help="Make it visible to everybody; otherwise it is private.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show all that would go up, and send nothing.")]
Endpoint = Annotated[str, typer.Option("--endpoint", help="URL of another Hub; empty: the usual one.")]


def publish_captions(
    folder: Annotated[Path, typer.Argument(help="Folder of a generate-captions run.")],
    repo: Repo,
    public: Public = False,
    dry_run: DryRun = False,
    endpoint: Endpoint = "",
) -> None:
    """Publish a dataset of captions. The token comes from HF_TOKEN or the Hub's own login; it is never printed or stored."""
    _publish(folder, repo, "dataset", public, dry_run, endpoint)


def publish_model(
    folder: Annotated[Path, typer.Argument(help="Model folder of a train-lora run.")],
    repo: Repo,
    public: Public = False,
    dry_run: DryRun = False,
    endpoint: Endpoint = "",
) -> None:
    """Publish a model folder: adapter, merged open_clip model, calibration and card."""
    _publish(folder, repo, "model", public, dry_run, endpoint)


def _publish(folder: Path, repo: str, kind: Literal["dataset", "model"], public: bool, dry_run: bool, endpoint: str) -> None:
    from cytoscribe.captions.publish import PublishSettings, preview, publish

    settings = PublishSettings(folder, repo, kind, private=not public, endpoint=endpoint)
    typer.echo(preview(settings) if dry_run else publish(settings))
