"""Commands `train-lora` and `recalibrate`: they read options and call the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.choices import (
    Augment,
    Loss,
    Precision,
    RegionPositives,
    Sampling,
    Towers,
    Tracker,
    Tune,
    Wording,
    check_device,
)
from cytoscribe.core.errors import InputError
from cytoscribe.core.options import Out, Overwrite, Seed
from cytoscribe.core.preflight import check_captions, check_files, check_model, check_out
from cytoscribe.core.tables import read_images


def train_lora(
    images: Annotated[Path, typer.Option("--images", help="images.csv: image_path, region; split, subject, section where known.")],
    captions: Annotated[list[Path], typer.Option("--captions", help="Folder of generate-captions; may be given several times.")],
    out: Out,
    base: Annotated[
        str,
        typer.Option(
            "--base",
            help="tiny, efficientnet_lite0_minilm, a JSON config, local-dir:FOLDER, hf-hub:OWNER/NAME, or an open_clip name "
            "with its tag such as ViT-B-32:laion2b_s34b_b79k.",
        ),
    ] = "efficientnet_lite0_minilm",
    weights: Annotated[
        str, typer.Option("--weights", help="Tower weights of a JSON config: vision=FILE,text=FOLDER. Empty: from CYTO_WEIGHTS.")
    ] = "",
    region_column: Annotated[str, typer.Option("--region-column", help="Column of the table that holds the label.")] = "region",
    scale: Annotated[str, typer.Option("--scale", help="Train on rows with this scale only (tile or region). Empty: on all.")] = "",
    wording: Annotated[
        Wording, typer.Option("--wording", help="masked: captions without the region's name; named; both.")
    ] = "masked",
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over the training images.")] = 6,
    batch_size: Annotated[int, typer.Option("--batch-size", min=2, help="Images a step.")] = 64,
    accumulate: Annotated[
        int,
        typer.Option("--accumulate", min=1, help="Parts a batch is computed in to save memory; the loss sees it whole. 1: off."),
    ] = 1,
    captions_per_image: Annotated[
        int, typer.Option("--captions-per-image", min=1, help="Captions drawn for each image and step.")
    ] = 1,
    sampling: Annotated[Sampling, typer.Option("--sampling", help="natural, or balanced: every region equally often.")] = "natural",
    learning_rate: Annotated[
        float, typer.Option("--learning-rate", help="Of adapters, or of all weights with --tune full.")
    ] = 1e-3,
    head_rate: Annotated[float, typer.Option("--head-rate", help="Of projections that are trained from scratch.")] = 2e-3,
    patience: Annotated[
        int, typer.Option("--patience", min=0, help="Epochs without a better validation F1 before stopping. 0: off.")
    ] = 0,
    checkpoint_steps: Annotated[int, typer.Option("--checkpoint-steps", min=1, help="Steps between checkpoints.")] = 100,
    tune: Annotated[
        Tune, typer.Option("--tune", help="lora, full (every weight of the towers), or auto: full where the base is random.")
    ] = "auto",
    towers: Annotated[Towers, typer.Option("--towers", help="Which towers learn: both, vision, text, none.")] = "both",
    rank: Annotated[int, typer.Option("--rank", min=1, help="Rank of the adapters.")] = 16,
    alpha: Annotated[int, typer.Option("--alpha", min=0, help="Scaling of the adapters. 0: twice the rank.")] = 0,
    dropout: Annotated[float, typer.Option("--dropout", min=0, max=0.9, help="Dropout of the adapters' input. 0: off.")] = 0.0,
    depthwise: Annotated[
        bool, typer.Option("--depthwise", help="Train depthwise convolutions too (whole; slow on a CPU).")
    ] = False,
    freeze: Annotated[
        str, typer.Option("--freeze", help="Prefixes of modules to leave as they are, joined by commas. auto: the base's; none.")
    ] = "auto",
    loss: Annotated[
        Loss, typer.Option("--loss", help="label: all pairs that fit are positive; clip: the drawn pair; sigmoid.")
    ] = "label",
    region_weight: Annotated[float, typer.Option("--region-weight", help="Of 'same region' in the label loss. 0: off.")] = 1.0,
    region_positives: Annotated[
        RegionPositives,
        typer.Option(
            "--region-positives",
            help="What an image of a region must lie near: mean of its captions, any of them, or auto (mean where captions state "
            "attributes of single images, else any).",
        ),
    ] = "auto",
    claim_weight: Annotated[float, typer.Option("--claim-weight", help="Of 'same claims' in the label loss. 0: off.")] = 1.0,
    whole_weight: Annotated[
        float, typer.Option("--whole-weight", help="Of the images' own full captions in the label loss. 0: off.")
    ] = 1.0,
    whole_captions: Annotated[
        int, typer.Option("--whole-captions", min=0, help="Wordings of a caption that states all attributes of an image. 0: none.")
    ] = 2,
    whole_per_step: Annotated[
        int, typer.Option("--whole-per-step", min=1, help="Full captions encoded a step; the others are remembered.")
    ] = 24,
    image_weight: Annotated[float, typer.Option("--image-weight", help="Of images with images of their region. 0: off.")] = 0.0,
    hard_weight: Annotated[
        str,
        typer.Option(
            "--hard-weight",
            help="Of captions before their twins with one claim made false. auto: 0.5 where captions state attributes of single "
            "images, else off; half as long again a step on a CPU. 0: off.",
        ),
    ] = "auto",
    hard_per_step: Annotated[int, typer.Option("--hard-per-step", min=1, help="Such twins a step, two texts each.")] = 16,
    image_px: Annotated[int, typer.Option("--image-px", min=0, help="Side of the images in pixels. 0: the base's own.")] = 0,
    augment: Annotated[Augment, typer.Option("--augment", help="strong, mild or none.")] = "strong",
    laminar: Annotated[bool, typer.Option("--laminar", help="Keep the direction of layers: no turns beyond 10 degrees.")] = False,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Threads that decode images. 0: none.")] = 2,
    views: Annotated[
        int,
        typer.Option("--views", help="Views of an image whose features are averaged in use: 1, 2 (mirrored too), 4 (turned too)."),
    ] = 1,
    precision: Annotated[
        Precision, typer.Option("--precision", help="auto (bf16 where the device has it), bf16 or fp32.")
    ] = "auto",
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda.")] = "auto",
    embeddings: Annotated[
        Path | None,
        typer.Option(
            "--embeddings",
            help="Vectors computed elsewhere in the place of the images (.npz, .parquet or .safetensors, keyed by image_path): "
            "projections and the text side are trained. Default: the images are read.",
        ),
    ] = None,
    wise_ft: Annotated[
        float,
        typer.Option("--wise-ft", help="Export weights between the base's (0) and the trained ones (1). 1: the trained ones."),
    ] = 1.0,
    tracker: Annotated[
        Tracker, typer.Option("--tracker", help="none, tensorboard or wandb: figures go there too, where it is installed.")
    ] = "none",
    rejection_alpha: Annotated[
        float, typer.Option("--rejection-alpha", min=1e-6, max=0.999999, help="Share of known images that may be rejected.")
    ] = 0.05,
    rejection_scores: Annotated[
        str, typer.Option("--rejection-scores", help="Scores to combine, joined by commas. Empty: chosen by leaving regions out.")
    ] = "",
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Adapt a CLIP to image-caption pairs that only the region label connects, and calibrate its rejection.

    On several GPUs: torchrun --nproc-per-node 4 --no-python train-lora ... with the same options; --batch-size is that of all.
    """
    check_device(device)
    check_captions("--captions", captions)
    check_files(("--images", images), ("--embeddings", embeddings), ("--base", Path(base) if base.endswith(".json") else None))
    check_out(out)
    tower_weights, twins, frozen, scores = (
        parse_weights(weights),
        parse_auto(hard_weight),
        parse_frozen(freeze),
        parse_names(rejection_scores),
    )
    read_images(images, region_column=region_column)
    from cytoscribe.training import clip_fit
    from cytoscribe.training.losses import Objective
    from cytoscribe.training.model.lora import Tuning
    from cytoscribe.training.optimisation import Optimisation
    from cytoscribe.training.settings import ImageOptions, RejectionOptions, TrainSettings

    settings = TrainSettings(
        images=images,
        captions=tuple(captions),
        base=base,
        out=out,
        region_column=region_column,
        weights=tower_weights,
        wording=wording,
        whole_captions=whole_captions,
        scale=scale,
        seed=seed,
        precision=precision,
        device=device,
        overwrite=overwrite,
        tuning=Tuning(tune, towers, rank, alpha, dropout, depthwise, frozen),
        optimisation=Optimisation(
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            head_rate=head_rate,
            accumulate=accumulate,
            patience=patience,
            checkpoint_steps=checkpoint_steps,
            sampling=sampling,
            captions_per_image=captions_per_image,
            whole_a_step=whole_per_step,
            hard_a_step=hard_per_step,
        ),
        objective=Objective(loss, region_weight, claim_weight, whole_weight, image_weight, twins, region_positives),
        image=ImageOptions(image_px or None, augment, laminar, workers, views),
        rejection=RejectionOptions(rejection_alpha, scores),
        wise_ft=wise_ft,
        tracker=tracker,
        embeddings=embeddings,
    )
    summary = clip_fit.train(settings)
    if summary:  # of several processes the first alone has something to tell
        typer.echo(summary_text(out, summary))


def recalibrate(
    model: Annotated[Path, typer.Argument(help="Folder of train-lora.")],
    alpha: Annotated[
        float | None,
        typer.Option("--alpha", min=1e-6, max=0.999999, help="Share of known images that may be rejected. Default: as it was."),
    ] = None,
    scores: Annotated[
        str, typer.Option("--scores", help="Scores to combine, joined by commas. Empty: chosen by leaving regions out.")
    ] = "",
) -> None:
    """Calibrate the rejection of a trained model anew, without its images and in seconds."""
    check_model(("MODEL", model))
    from cytoscribe.training.model.recalibration import recalibrate as anew

    after = anew(model, alpha, parse_names(scores))
    typer.echo(f"{' + '.join(after.names)}, alpha {after.alpha:g}, from {len(after.calibration)} held-out images")
    for note in after.notes:
        typer.echo(f"note: {note}")


def parse_names(text: str) -> tuple[str, ...]:
    """Names joined by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_weights(text: str) -> dict[str, str]:
    """`vision=FILE,text=FOLDER` as a mapping; raises InputError for anything else."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    wrong = [name for name, sign, path in pairs if not (sign and path)]
    if wrong:
        raise InputError(f"--weights '{wrong[0]}' has no path", fix="write vision=FILE,text=FOLDER")
    return {name.strip(): path.strip() for name, _, path in pairs}


def parse_auto(text: str) -> float | None:
    """The number that --hard-weight gives, None for `auto`; raises InputError for anything else, and for less than 0."""
    if text == "auto":
        return None
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 <= weight < float("inf"):
        raise InputError(f"--hard-weight '{text}' is no weight", fix="give auto, or a number of 0 or more")
    return weight


def parse_frozen(text: str) -> tuple[str, ...] | None:
    """Names joined by commas; None for `auto`."""
    if text == "auto":
        return None
    return () if text == "none" else parse_names(text)


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
