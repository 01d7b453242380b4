"""Commands `train-lora` and `recalibrate`: they read options and call the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.choices import check_device
from cytoscribe.core.errors import InputError
from cytoscribe.core.options import command
from cytoscribe.core.preflight import check_captions, check_files, check_model, check_out
from cytoscribe.core.tables import read_images
from cytoscribe.training.settings import TrainSettings, parse_names

_SOURCE = "Another microscope"


def _train(settings: TrainSettings) -> None:
    check_device(settings.device)
    check_captions("--captions", settings.captions)
    base = Path(settings.base) if settings.base.endswith(".json") else None
    check_files(("--images", settings.images), ("--embeddings", settings.embeddings), ("--base", base))
    check_out(settings.out)
    read_images(settings.images, region_column=settings.region_column)
    from cytoscribe.training import clip_fit

    summary = clip_fit.train(settings)
    if summary:  # of several processes only the first has a summary
        typer.echo(summary_text(settings.out, summary))


train_lora = command(
    TrainSettings,
    _train,
    """Adapt a CLIP to image-caption pairs that only the region label connects, and calibrate its rejection.

    On several GPUs: torchrun --nproc-per-node 4 --no-python train-lora ... with the same options; --batch-size is the total.
    """,
)


def recalibrate(
    model: Annotated[Path, typer.Argument(help="Folder of train-lora.")],
    alpha: Annotated[
        float | None,
        typer.Option("--alpha", min=1e-6, max=0.999999, help="Share of known images that may be rejected. Default: as it was."),
    ] = None,
    scores: Annotated[
        str, typer.Option("--scores", help="Scores to combine, joined by commas. Empty: chosen by leaving regions out.")
    ] = "",
    source: Annotated[
        str,
        typer.Option(
            "--source",
            help="Calibrate for another microscope, stain or laboratory of this name, from --images or --labelled; evaluate and describe "
            "use it where the column 'source' of a table, or their --source, says so. Empty: the model's own calibration.",
            rich_help_panel=_SOURCE,
        ),
    ] = "",
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            help="Table of at least 20 images of the source, without labels. Assumed: new images are drawn like these; strange tissue "
            "among them makes the rejection weaker, and does not break the promise. Default: none.",
            rich_help_panel=_SOURCE,
        ),
    ] = None,
    labelled: Annotated[
        Path | None,
        typer.Option(
            "--labelled",
            help="Table of 5 or more images of the source with their regions. Assumed: new images of known regions are drawn like "
            "these; with fewer than 1/alpha - 1 (19 for 0.05) also that their scores have the shape of the model's own. Default: none.",
            rich_help_panel=_SOURCE,
        ),
    ] = None,
    region_column: Annotated[
        str, typer.Option("--region-column", help="Column of --labelled that holds the region.", rich_help_panel=_SOURCE)
    ] = "region",
    embeddings: Annotated[
        Path | None,
        typer.Option(
            "--embeddings", help="Vectors of the images, for a model that takes such. Default: none.", rich_help_panel=_SOURCE
        ),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda.", rich_help_panel=_SOURCE)] = "auto",
) -> None:
    """Calibrate the rejection of a trained model again, without its images and in seconds; or for another microscope, from its images."""
    check_model(("MODEL", model))
    if source or images or labelled:
        if alpha is not None or scores:
            raise InputError("--alpha and --scores are the model's own", fix="leave them out, or leave --source out")
        _calibrate_source(model, source, images, labelled, region_column, embeddings, device)
        return
    from cytoscribe.training.model.recalibration import recalibrate as anew

    after = anew(model, alpha, parse_names(scores))
    typer.echo(f"{' + '.join(after.names)}, alpha {after.alpha:g}, from {len(after.calibration)} held-out images")
    for note in after.notes:
        typer.echo(f"note: {note}")


def _calibrate_source(
    model: Path,
    source: str,
    images: Path | None,
    labelled: Path | None,
    region_column: str,
    embeddings: Path | None,
    device: str,
) -> None:
    """Calibrate for a source and say what the promise rests on."""
    from cytoscribe.training.model.source_calibration import SourceSettings, calibrate_source

    found = calibrate_source(SourceSettings(model, source, images, labelled, region_column, embeddings, device))
    typer.echo(f"source '{source}' is calibrated from {found.table}; the promise there assumes:")
    typer.echo(f"  {found.assumes}")


def summary_text(out: Path, summary: dict[str, object]) -> str:
    """What a run did, in a few lines."""
    validation = summary["validation"]
    figures = ", ".join(f"{k} {v}" for k, v in validation.items() if k != "epoch") if isinstance(validation, dict) else ""
    images = summary["images"]
    told = ", ".join(f"{n} {split}" for split, n in sorted(images.items())) if isinstance(images, dict) else ""
    lines = [f"model     {out}", f"images    {told}; {summary['skipped_images']} skipped", f"captions  {summary['captions']}"]
    lines.append(f"epochs    {summary['epochs']} ({summary['precision']}); held out: {figures}")
    lines.extend(f"note      {note}" for note in summary["notes"] if isinstance(summary["notes"], list))  # type: ignore[union-attr]
    return "\n".join(lines)
