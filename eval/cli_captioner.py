"""What `evaluate --captioner` and `describe --captioner` do: they call the stage and print its result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cytoscribe.core.errors import InputError
from cytoscribe.eval.settings import DescribeOptions, EvaluateSettings

if TYPE_CHECKING:
    from cytoscribe.eval.captioner.describer import Captioned


def model_of(model: Path | None, captioner: Path | None, section: bool = False) -> Path:
    """The model folder. Raises InputError where neither is given, or both where no section is mapped by one and captioned by the other."""
    if section and captioner is not None and model is None:
        raise InputError("a section is mapped by a model", fix="give --model too, which makes the map that --captioner describes")
    if model is None if section else (model is None) == (captioner is None):
        raise InputError(
            "give either --model or --captioner", fix="--model FOLDER of train-lora, --captioner FOLDER of train-captioner"
        )
    return model or Path()


def refuse_idle(given: Mapping[str, object]) -> None:
    """Raise InputError where an option is given that a captioner does not look at. given: its name to its value, falsy where left out."""
    idle = [name for name, value in given.items() if value]
    if idle:
        raise InputError(f"{idle[0]} has no effect with --captioner", fix="leave it out")


def evaluate_captioner(captioner: Path, asked: EvaluateSettings, images_a_region: int) -> None:
    """Measure a captioner and print its figures; asked: the images, and how they are measured."""
    from cytoscribe.eval.captioner.evaluator import CaptionEvaluateSettings, lines
    from cytoscribe.eval.captioner.evaluator import evaluate as stage

    settings = CaptionEvaluateSettings(
        captioner=captioner,
        images=asked.images,
        out=asked.out,
        region_column=asked.region_column,
        split=asked.split,
        images_a_region=images_a_region,
        bootstrap=asked.bootstrap,
        seed=asked.seed,
        device=asked.device,
        embeddings=asked.embeddings,
        overwrite=asked.overwrite,
    )
    for line in lines(stage(settings), asked.out):
        typer.echo(line)


def describe_captioner(captioner: Path, images: Iterable[Path], options: DescribeOptions) -> Iterator[Captioned]:
    """Answers in words, image by image."""
    from cytoscribe.eval.captioner.describer import CaptionSettings, describe

    embeddings, device = options.single.embeddings, options.single.device
    return iter(
        describe(CaptionSettings(captioner, tuple(images), options.decoding, options.struck, embeddings=embeddings, device=device))
    )


def caption_sections(captioner: Path, sections: Sequence[tuple[Path, Path]], decoding: str, struck: bool, device: str) -> None:
    """Caption the regions of maps; sections: each file with the folder of its map."""
    if not sections:
        return
    from cytoscribe.eval.captioner.describer import CaptionSettings, load
    from cytoscribe.eval.captioner.section import caption_section

    settings = CaptionSettings(captioner, (), decoding, struck, device=device)
    loaded = load(settings)
    for section, folder in sections:
        for line in caption_section(settings, section, folder, loaded):
            typer.echo(line)
