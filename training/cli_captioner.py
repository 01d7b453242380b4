"""Command `train-captioner`: it reads options and calls the stage."""

from __future__ import annotations

from pathlib import Path

import typer

from cytoscribe.core.options import command
from cytoscribe.training.captioner.settings import CaptionerSettings


def _train(settings: CaptionerSettings) -> None:
    from cytoscribe.training.captioner.fit import train

    for line in summary_lines(settings.out, train(settings)):
        typer.echo(line)


train_captioner = command(
    CaptionerSettings,
    _train,
    "Teach a frozen language model to describe images in the words of their region's captions, and to say when the region is unknown.",
)


def summary_lines(out: Path, summary: dict[str, object]) -> list[str]:
    """What a run did, in a few lines."""
    told = {k: v for k, v in summary.items() if isinstance(v, dict)}
    images = ", ".join(f"{n} {split}" for split, n in sorted(told["images"].items()))
    figures = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in told["validation"].items() if k != "epoch")
    speed, notes = told["speed"], summary["notes"]
    return [
        f"captioner {out}",
        f"images    {images}; {summary['skipped_images']} skipped",
        f"captions  {summary['captions']}",
        f"epochs    {summary['epochs']}; held out: {figures}",
        f"speed     {speed['training_tokens_a_second']:g} caption tokens a second; memory {speed['peak_memory_gib']:g} GiB",
        *(f"note      {note}" for note in (notes if isinstance(notes, list) else [])),
    ]
