"""`generate-captions`: captions from mined descriptions or from the attributes of images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.options import Out, Overwrite, Seed

_SOURCE, _WRITING, _IMAGES = "Source of the claims (one of the two)", "How captions are written", "Images as source"


def generate_captions(
    out: Out,
    descriptions: Annotated[
        Path | None, typer.Option("--descriptions", help="Folder of a mine-descriptions run.", rich_help_panel=_SOURCE)
    ] = None,
    attributes: Annotated[
        Path | None,
        typer.Option("--attributes", help="Images table whose categorical columns become claims.", rich_help_panel=_SOURCE),
    ] = None,
    model: Annotated[
        list[str],
        typer.Option(
            "--model",
            help="'template' (no model), a Hub id, a model folder or a .gguf file; give it several times to share the work.",
            rich_help_panel=_WRITING,
        ),
    ] = ["template"],  # noqa: B006 (Typer copies defaults)
    per_region: Annotated[
        int, typer.Option("--per-region", min=0, help="Captions a region; 0 writes none.", rich_help_panel=_WRITING)
    ] = 20,
    styles: Annotated[
        str, typer.Option("--styles", help="Comma-separated styles; empty for all that apply.", rich_help_panel=_WRITING)
    ] = "",
    prompts: Annotated[
        Path | None,
        typer.Option(
            "--prompts",
            help="Folder with templates of your own (caption/STYLE.jinja), read before the shipped ones.",
            rich_help_panel=_WRITING,
        ),
    ] = None,
    max_tokens: Annotated[
        int,
        typer.Option(
            "--max-tokens",
            min=0,
            help="Most tokens of CLIP's tokenizer; longer paragraphs go to the config 'long'; 0: no limit.",
            rich_help_panel=_WRITING,
        ),
    ] = 77,
    attempts: Annotated[
        int,
        typer.Option("--attempts", min=0, help="Tries a caption; 0: 12 for 'template', 3 for a model.", rich_help_panel=_WRITING),
    ] = 0,
    temperature: Annotated[
        float,
        typer.Option(
            "--temperature", min=0.0, max=2.0, help="Sampling temperature of a model; 0 is greedy.", rich_help_panel=_WRITING
        ),
    ] = 0.8,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Prompts a batch in process.", rich_help_panel=_WRITING)
    ] = 16,
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            help="Comma-separated attribute columns; empty for every column the contract does not name.",
            rich_help_panel=_IMAGES,
        ),
    ] = "",
    region_column: Annotated[
        str, typer.Option("--region-column", help="Column with the label.", rich_help_panel=_IMAGES)
    ] = "region",
    split: Annotated[
        str, typer.Option("--split", help="Only rows of this split give captions.", rich_help_panel=_IMAGES)
    ] = "train",
    per_set: Annotated[
        int, typer.Option("--per-set", min=0, help="Captions a distinct set of attributes; 0 writes none.", rich_help_panel=_IMAGES)
    ] = 5,
    subject: Annotated[
        str, typer.Option("--subject", help="What an image shows, e.g. 'cell'; empty: by the phrase file.", rich_help_panel=_IMAGES)
    ] = "",
    phrases: Annotated[
        Path | None, typer.Option("--phrases", help="Phrase file of your own for the columns (JSON).", rich_help_panel=_IMAGES)
    ] = None,
    seed: Seed = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be asked, and write nothing.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write diverse captions that state only what their sources claim."""
    from captions.backends.base import Sampling
    from captions.generate import GenerateSettings, generate
    from captions.preview import preview, report
    from captions.units import AttributeSettings

    table = None
    if attributes is not None:
        table = AttributeSettings(attributes, _split(columns), region_column, split, per_set, subject, phrases)
    settings = GenerateSettings(
        out=out,
        descriptions=descriptions,
        attributes=table,
        models=tuple(model),
        per_region=per_region,
        styles=_split(styles),
        prompts=prompts,
        sampling=Sampling(temperature=temperature),
        max_tokens=max_tokens,
        attempts=attempts or None,
        batch_size=batch_size,
        seed=seed,
        overwrite=overwrite,
    )
    typer.echo(preview(settings) if dry_run else report(generate(settings), out))


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
