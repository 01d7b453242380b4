"""The command `mine-descriptions`."""

from __future__ import annotations

from enum import StrEnum
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
    Strict,
    TensorParallel,
    Timeout,
)
from cytoscribe.core.preflight import check_files, check_out, check_present


class SharedAliases(StrEnum):
    """What becomes of an alias that two regions share."""

    error = "error"
    drop = "drop"


class Extraction(StrEnum):
    """Who reads claims out of sentences."""

    rules = "rules"
    llm = "llm"
    both = "both"


def mine_descriptions(
    regions: Annotated[
        Path, typer.Option("--regions", help="CSV of regions: `region` (required), `aliases` (`;` between), `parent`.")
    ],
    papers: Annotated[
        list[Path],
        typer.Option("--papers", help="Papers or folders of papers: PDF, JATS XML, HTML, Markdown, text. May be given often."),
    ],
    out: Out,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes that read papers; 1 by default; each has limits of time and memory.")
    ] = 1,
    lexicon: Annotated[Path | None, typer.Option("--lexicon", help="TOML of words to add to the lexicon; off by default.")] = None,
    shared_aliases: Annotated[
        SharedAliases, typer.Option("--shared-aliases", help="An alias that two regions share: `error`, or `drop` it from both.")
    ] = SharedAliases.error,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds",
            min=0,
            help="Seconds that reading one paper may take before it is passed over; 0 sets no limit.",
        ),
    ] = 120,
    figures: Annotated[
        bool, typer.Option("--figures/--no-figures", help="Take out the papers' images with their captions (figures.parquet).")
    ] = True,
    extractor: Annotated[
        Extraction,
        typer.Option(
            "--extractor",
            help="`rules` (no model), `llm` (a language model's claims alone), or `both` (union; agreement raises the score). Claims of "
            "a model that the rules contradict are dropped.",
        ),
    ] = Extraction.rules,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="Language model of --extractor llm or both: a Hub id, a model folder, a .gguf file, or a name on the server.",
            rich_help_panel="Where a language model runs",
        ),
    ] = "",
    endpoint: Endpoint = "",
    concurrency: Concurrency = 32,
    timeout: Timeout = 120.0,
    retries: Retries = 6,
    patience: Patience = 180.0,
    engine: Engine = "auto",
    tensor_parallel: TensorParallel = 1,
    eager: Eager = False,
    batch_size: BatchSize = 16,
    aliases: Aliases = None,
    relevance: Annotated[
        str,
        typer.Option(
            "--relevance", help="sentence-transformers model (folder or Hub name) that ranks further sentences; off by default."
        ),
    ] = "",
    ray: Annotated[
        str, typer.Option("--ray", help="Address of a Ray cluster that reads the papers, `local` starts one; off by default.")
    ] = "",
    seed: Seed = 0,
    strict: Strict = False,
    overwrite: Overwrite = False,
    more_papers: Annotated[list[Path] | None, typer.Argument(help="Further papers, as --papers.", show_default=False)] = None,
) -> None:
    """Mine what papers say of each region's cytoarchitecture, every claim with the sentence that states it."""
    check_files(("--regions", regions), ("--lexicon", lexicon), ("--aliases", aliases))
    check_present(*(("--papers", path) for path in (*papers, *(more_papers or ()))))
    check_out(out)
    _check_model(extractor, model, endpoint)
    from cytoscribe.literature_mining.miner import MineSettings, mine
    from cytoscribe.literature_mining.model_reader import ModelSettings
    from cytoscribe.llm.in_vllm import EngineSettings
    from cytoscribe.llm.models import BackendSettings, engine_name
    from cytoscribe.llm.server import ServerSettings

    backend = BackendSettings(
        server=ServerSettings(endpoint, concurrency, timeout, retries, patience) if endpoint else None,
        engine=engine_name(engine),
        vllm=EngineSettings(tensor_parallel, eager=eager),
        batch_size=batch_size,
        aliases=aliases,
    )
    result = mine(
        MineSettings(
            regions=regions,
            papers=(*papers, *(more_papers or ())),
            out=out,
            lexicon=lexicon,
            workers=workers,
            seconds=seconds,
            figures=figures,
            relevance=relevance,
            model=None if extractor is Extraction.rules else ModelSettings(model, extractor is Extraction.llm, backend),
            ray=ray,
            seed=seed,
            overwrite=overwrite,
            drop_shared=shared_aliases is SharedAliases.drop,
            strict=strict,
        )
    )
    typer.echo(f"{len(result.claims)} claims about {len(result.descriptions)} regions from {len(result.papers)} papers")
    if result.unread:
        typer.echo(
            f"{len(result.unread)} papers could not be read; {out / 'report.html'} names them, and the same command tries them again"
        )
    typer.echo(f"look at {out / 'report.html'}")


def _check_model(extractor: Extraction, model: str, endpoint: str) -> None:
    if extractor is Extraction.rules and (model or endpoint):
        raise InputError(
            "the rules use no model", where="--model, --endpoint", fix="add --extractor llm or both, or leave them out"
        )
    if extractor is not Extraction.rules and not model and not endpoint:
        raise InputError(
            f"--extractor {extractor.value} needs a model", where="--model", fix="name one, or give a server with --endpoint"
        )
