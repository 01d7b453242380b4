"""Command `train-captioner`: it reads options and calls the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.options import Aliases, Out, Overwrite, Seed

_EYE, _LEARN, _REJECT = "What looks at the images", "How it learns", "Rejection"


def train_captioner(
    images: Annotated[Path, typer.Option("--images", help="images.csv: image_path, region; split, subject, section where known.")],
    captions: Annotated[list[Path], typer.Option("--captions", help="Folder of generate-captions; may be given several times.")],
    out: Out,
    vision: Annotated[
        str,
        typer.Option(
            "--vision",
            help="Frozen encoder: a model folder of train-lora, a base of train-lora such as ViT-B-32:openai, or timm:NAME. "
            "Empty with --embeddings.",
            rich_help_panel=_EYE,
        ),
    ] = "",
    llm: Annotated[
        str,
        typer.Option(
            "--llm",
            help="Frozen language model of the Llama kind: smollm2, the short names of generate-captions, a Hub name, a folder or a "
            "GGUF file; tiny is learned from the captions and needs no download.",
        ),
    ] = "smollm2",
    four_bit: Annotated[
        bool, typer.Option("--four-bit", help="Hold the language model in 4 bits on a GPU; needs bitsandbytes. Off by default.")
    ] = False,
    embeddings: Annotated[
        Path | None,
        typer.Option(
            "--embeddings",
            help="Vectors or token grids computed elsewhere in the place of images (.npz, .parquet or .safetensors, keyed by "
            "image_path). Default: the images are read.",
            rich_help_panel=_EYE,
        ),
    ] = None,
    descriptions: Annotated[
        Path | None,
        typer.Option("--descriptions", help="Folder of mine-descriptions, for the regions' other names. Default: none."),
    ] = None,
    outliers: Annotated[
        Path | None,
        typer.Option(
            "--outliers",
            help="Table of images of other tissue, which the captioner learns to call unseen. Default: spoilt and blended images alone.",
            rich_help_panel=_REJECT,
        ),
    ] = None,
    weights: Annotated[
        str,
        typer.Option("--weights", help="Weights of a base that is a JSON config: vision=FILE,text=FOLDER.", rich_help_panel=_EYE),
    ] = "",
    aliases: Aliases = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache", help="Folder that keeps encoded images for other runs. Default: within --out.", rich_help_panel=_EYE
        ),
    ] = None,
    region_column: Annotated[str, typer.Option("--region-column", help="Column of the table that holds the label.")] = "region",
    scale: Annotated[str, typer.Option("--scale", help="Train on rows with this scale only. Empty: on all.")] = "",
    image_px: Annotated[
        int,
        typer.Option(
            "--image-px", min=0, help="Side of the images in pixels, of a base or timm model. 0: its own.", rich_help_panel=_EYE
        ),
    ] = 0,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over the training images.", rich_help_panel=_LEARN)] = 10,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images a step.", rich_help_panel=_LEARN)] = 16,
    learning_rate: Annotated[float, typer.Option("--learning-rate", help="Of all that learns.", rich_help_panel=_LEARN)] = 1e-3,
    sampling: Annotated[
        str, typer.Option("--sampling", help="natural, or balanced: every region equally often.", rich_help_panel=_LEARN)
    ] = "natural",
    masked_share: Annotated[
        float,
        typer.Option("--masked-share", help="Share of captions without the region's name, 0 to below 1.", rich_help_panel=_LEARN),
    ] = 0.5,
    lora_rank: Annotated[
        int,
        typer.Option(
            "--lora-rank", min=0, help="Rank of adapters on the language model. 0: it stays as it is.", rich_help_panel=_LEARN
        ),
    ] = 0,
    latents: Annotated[
        int, typer.Option("--latents", min=1, help="Tokens that the resampler makes of an image.", rich_help_panel=_LEARN)
    ] = 8,
    width: Annotated[
        int, typer.Option("--width", min=8, help="Numbers a latent, and of the cross-attentions.", rich_help_panel=_LEARN)
    ] = 256,
    outlier_share: Annotated[
        float,
        typer.Option("--outlier-share", help="Share of a batch that shows no known region. 0: off.", rich_help_panel=_REJECT),
    ] = 0.15,
    rotating_share: Annotated[
        float,
        typer.Option(
            "--rotating-share",
            help="Of the images of one known region, another each epoch, the share that plays the unseen one. 0: off.",
            rich_help_panel=_REJECT,
        ),
    ] = 0.0,
    alpha: Annotated[
        float, typer.Option("--alpha", help="Share of known images that may be rejected.", rich_help_panel=_REJECT)
    ] = 0.05,
    checkpoint_steps: Annotated[
        int, typer.Option("--checkpoint-steps", min=1, help="Steps between checkpoints.", rich_help_panel=_LEARN)
    ] = 100,
    precision: Annotated[str, typer.Option("--precision", help="auto (bf16 where the device has it), bf16 or fp32.")] = "auto",
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda.")] = "auto",
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Teach a frozen language model to describe images through their region's captions, and to say when a region is unknown."""
    from cytoscribe.training.captioner.fit import train
    from cytoscribe.training.captioner.settings import Adapter, CaptionerSettings, Schedule
    from cytoscribe.training.cli import parse_weights

    settings = CaptionerSettings(
        images=images,
        captions=tuple(captions),
        out=out,
        vision=vision,
        llm=llm,
        four_bit=four_bit,
        embeddings=embeddings,
        descriptions=descriptions,
        outliers=outliers,
        weights=parse_weights(weights),
        aliases=aliases,
        cache=cache,
        region_column=region_column,
        scale=scale,
        image_px=image_px,
        alpha=alpha,
        seed=seed,
        precision=precision,
        device=device,
        overwrite=overwrite,
        adapter=Adapter(latents=latents, width=width, lora_rank=lora_rank),
        schedule=Schedule(
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            sampling=sampling,
            masked_share=masked_share,
            outlier_share=outlier_share,
            rotating_share=rotating_share,
            checkpoint_steps=checkpoint_steps,
        ),
    )
    for line in summary_lines(out, train(settings)):
        typer.echo(line)


def summary_lines(out: Path, summary: dict[str, object]) -> list[str]:
    """What a run did, in a few lines."""
    told = {k: v for k, v in summary.items() if isinstance(v, dict)}
    images = ", ".join(f"{n} {split}" for split, n in sorted(told["images"].items()))
    figures = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in told["validation"].items() if k != "epoch")
    speed = told["speed"]
    lines = [f"captioner {out}", f"images    {images}; {summary['skipped_images']} skipped", f"captions  {summary['captions']}"]
    lines.append(f"epochs    {summary['epochs']}; held out: {figures or 'nothing'}")
    lines.append(
        f"speed     {speed['training_tokens_a_second']:g} caption tokens a second; memory {speed['peak_memory_gib']:g} GiB"
    )
    notes = summary["notes"]
    return [*lines, *(f"note      {note}" for note in (notes if isinstance(notes, list) else []))]
