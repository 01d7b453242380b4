"""Commands `train-lora` and `recalibrate`: they read options and call the stage."""

from __future__ import annotations

from pathlib import Path

import typer

from cytoscribe.core.options import command
from cytoscribe.core.preflight import check_captions, check_device, check_files, check_model, check_out
from cytoscribe.core.tables import read_images
from cytoscribe.training.settings import RecalibrateOptions, TrainSettings


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


def _recalibrate(options: RecalibrateOptions) -> None:
    check_device(options.device)
    check_model(("MODEL", options.model))
    if options.source or options.images or options.labelled:
        _calibrate_source(options)
        return
    from cytoscribe.training.model.recalibration import recalibrate as again

    after = again(options.model, options.alpha, options.scores)
    typer.echo(f"{' + '.join(after.names)}, alpha {after.alpha:g}, from {len(after.calibration)} held-out images")
    for note in after.notes:
        typer.echo(f"note: {note}")


def _calibrate_source(options: RecalibrateOptions) -> None:
    """Calibrate for a source and say what the promise rests on."""
    from cytoscribe.training.model.source_calibration import SourceSettings, calibrate_source

    names = ("model", "source", "images", "labelled", "region_column", "embeddings", "device")
    found = calibrate_source(SourceSettings(**{name: getattr(options, name) for name in names}))
    typer.echo(f"source '{options.source}' is calibrated from {found.table}; the promise there assumes:")
    typer.echo(f"  {found.assumes}")


recalibrate = command(
    RecalibrateOptions,
    _recalibrate,
    "Calibrate the rejection of a trained model again, without its images and in seconds; or for another microscope, from its images.",
)


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
