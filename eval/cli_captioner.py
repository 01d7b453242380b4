"""What `evaluate --captioner` and `describe --captioner` do: they call the stage and print its result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.errors import InputError

_PANEL = "Captioner"

CaptionerOption = Annotated[
    Path | None,
    typer.Option(
        "--captioner",
        help="Folder of train-captioner: it describes images in words, in the place of --model.",
        rich_help_panel=_PANEL,
    ),
]
Decoding = Annotated[
    str,
    typer.Option(
        "--decoding",
        help="With --captioner. label: the caption goes on from the likeliest region's name; free: the model writes all; known: it may "
        "only choose among the captions of that region.",
        rich_help_panel=_PANEL,
    ),
]
Struck = Annotated[
    bool,
    typer.Option(
        "--struck", help="With --captioner: show the sentences that no claim bears out, between tildes.", rich_help_panel=_PANEL
    ),
]
Most = Annotated[
    int,
    typer.Option(
        "--images-a-region",
        min=0,
        help="With --captioner: most images of each region, drawn by seed. 0: all.",
        rich_help_panel=_PANEL,
    ),
]


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


def evaluate_captioner(
    captioner: Path,
    images: Path,
    out: Path,
    region_column: str,
    split: str,
    images_a_region: int,
    bootstrap: int,
    seed: int,
    device: str,
    embeddings: Path | None,
    overwrite: bool,
) -> None:
    """Measure a captioner and print its figures."""
    from cytoscribe.eval.captioner.evaluator import CaptionEvaluateSettings, lines
    from cytoscribe.eval.captioner.evaluator import evaluate as stage

    settings = CaptionEvaluateSettings(
        captioner=captioner,
        images=images,
        out=out,
        region_column=region_column,
        split=split,
        images_a_region=images_a_region,
        bootstrap=bootstrap,
        seed=seed,
        device=device,
        embeddings=embeddings,
        overwrite=overwrite,
    )
    for line in lines(stage(settings), out):
        typer.echo(line)


def describe_captioner(
    captioner: Path, images: Iterable[Path], decoding: str, struck: bool, embeddings: Path | None, device: str, as_json: bool
) -> None:
    """Describe images; exit code 2 where one could not be read."""
    from cytoscribe.eval.captioner.describer import CaptionSettings, describe

    settings = CaptionSettings(captioner, tuple(images), decoding, struck, embeddings=embeddings, device=device)
    failed = 0
    for answer in describe(settings):
        failed += answer.problem is not None
        typer.echo(answer.json_line() if as_json else answer.text(), err=answer.problem is not None and not as_json)
    if failed:
        raise typer.Exit(2)


def caption_sections(captioner: Path, sections: Iterable[tuple[Path, Path]], decoding: str, struck: bool, device: str) -> None:
    """Caption the regions of maps; sections: each file with the folder of its map."""
    from cytoscribe.eval.captioner.describer import CaptionSettings, load
    from cytoscribe.eval.captioner.section import caption_section

    settings = CaptionSettings(captioner, (), decoding, struck, device=device)
    loaded = load(settings)
    for section, folder in sections:
        for line in caption_section(settings, section, folder, loaded):
            typer.echo(line)
