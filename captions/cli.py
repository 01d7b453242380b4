"""`generate-captions`: captions from mined descriptions or from the attributes of images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import (
    Aliases,
    BatchSize,
    Concurrency,
    Eager,
    Endpoint,
    Engine,
    Out,
    Overwrite,
    Patience,
    Retries,
    Seed,
    TensorParallel,
    Timeout,
)
from cytoscribe.core.preflight import check_files, check_folders, check_out
from cytoscribe.core.records import MIN_SCORE

_SOURCE, _WRITING = "Source of the claims (one of the two)", "How captions are written"
_RUNNING, _IMAGES = "Where a language model runs", "Images as source"


def generate_captions(
    out: Out,
    descriptions: Annotated[
        Path | None, typer.Option("--descriptions", help="Folder of a mine-descriptions run.", rich_help_panel=_SOURCE)
    ] = None,
    attributes: Annotated[
        Path | None,
        typer.Option("--attributes", help="Images table whose categorical columns become claims.", rich_help_panel=_SOURCE),
    ] = None,
    species: Annotated[
        str,
        typer.Option(
            "--species",
            help="Use claims about this species, and those of unknown species; empty: the one with the most claims, region by region.",
            rich_help_panel=_SOURCE,
        ),
    ] = "",
    min_score: Annotated[
        float,
        typer.Option(
            "--min-score", min=0.0, max=1.0, help="Use only claims with at least this probability.", rich_help_panel=_SOURCE
        ),
    ] = MIN_SCORE,
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
    quota: Annotated[
        list[str] | None,
        typer.Option(
            "--quota",
            help="STYLE=N: so many of each region's captions are of this style, 0 for none of them; the rest are dealt evenly over "
            "the other styles. Repeatable; without any, all styles take turns.",
            rich_help_panel=_WRITING,
        ),
    ] = None,
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
    judge: Annotated[
        str,
        typer.Option(
            "--judge",
            help="Second opinion on what the gate accepts: nli:MODEL (a cross-encoder, folder or Hub id), llm (the model that writes) "
            "or llm:MODEL; its verdicts go to judged.parquet. Empty: none.",
            rich_help_panel=_WRITING,
        ),
    ] = "",
    quotations: Annotated[
        bool,
        typer.Option(
            "--quotations",
            help="Copy the papers' sentences into evidence.parquet, of papers whose licence lets anybody do so (CC0, CC BY, CC BY-SA); "
            "off by default: ids and pages alone.",
            rich_help_panel=_WRITING,
        ),
    ] = False,
    endpoint: Endpoint = "",
    concurrency: Concurrency = 32,
    timeout: Timeout = 120.0,
    retries: Retries = 6,
    patience: Patience = 180.0,
    engine: Engine = "auto",
    tensor_parallel: TensorParallel = 1,
    eager: Eager = False,
    batch_size: BatchSize = 16,
    structured: Annotated[
        bool, typer.Option("--structured", help="Ask for answers as JSON of a fixed form (server, vLLM).", rich_help_panel=_RUNNING)
    ] = False,
    aliases: Aliases = None,
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
    check_folders(("--descriptions", descriptions), ("--prompts", prompts))
    check_files(("--attributes", attributes), ("--phrases", phrases), ("--aliases", aliases))
    check_out(out)
    asked = _quotas(quota or [])
    from cytoscribe.captions.generate import GenerateSettings, generate
    from cytoscribe.captions.quality.preview import preview, report
    from cytoscribe.captions.units import AttributeSettings, Selection
    from cytoscribe.llm.base import Sampling
    from cytoscribe.llm.in_vllm import EngineSettings
    from cytoscribe.llm.models import BackendSettings, engine_name
    from cytoscribe.llm.server import ServerSettings

    table = None
    if attributes is not None:
        table = AttributeSettings(attributes, _split(columns), region_column, split, per_set, subject, phrases)
    backend = BackendSettings(
        server=ServerSettings(endpoint, concurrency, timeout, retries, patience) if endpoint else None,
        engine=engine_name(engine),
        vllm=EngineSettings(tensor_parallel, eager=eager),
        batch_size=batch_size,
        aliases=aliases,
    )
    settings = GenerateSettings(
        out=out,
        descriptions=descriptions,
        attributes=table,
        selection=Selection(species, min_score),
        models=tuple(model),
        per_region=per_region,
        styles=_split(styles),
        quotas=asked,
        judge=judge,
        quote=quotations,
        structured=structured,
        prompts=prompts,
        sampling=Sampling(temperature=temperature),
        max_tokens=max_tokens,
        attempts=attempts or None,
        backend=backend,
        seed=seed,
        overwrite=overwrite,
    )
    typer.echo(preview(settings) if dry_run else report(generate(settings), out))


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _quotas(options: list[str]) -> tuple[tuple[str, int], ...]:
    quotas: dict[str, int] = {}
    for option in options:
        style, _, count = (part.strip() for part in option.partition("="))
        if not style or not count.isdecimal() or style in quotas:
            raise InputError(f"'{option}' is no quota", where="--quota", fix="write each style once, e.g. --quota comparison=4")
        quotas[style] = int(count)
    return tuple(quotas.items())
