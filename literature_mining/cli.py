"""The command `mine-descriptions`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytoscribe.errors import InputError
from cytoscribe.options import Out, Overwrite, Seed, Strict

if TYPE_CHECKING:
    from literature_mining.read_paper import Asked


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
        list[Path], typer.Option("--papers", help="Papers or folders of papers: PDF, JATS XML, Markdown, text. May be given often.")
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
            help="Seconds that one paper may take before it is passed over; 0 sets no limit. Answers of a model do not count: see --timeout.",
        ),
    ] = 120,
    figures: Annotated[
        bool, typer.Option("--figures/--no-figures", help="Take out the papers' images with their captions (figures.parquet).")
    ] = True,
    extractor: Annotated[
        Extraction,
        typer.Option(
            "--extractor", help="`rules` (no model), `llm` (its claims alone), or `both` (union; agreement raises the score)."
        ),
    ] = Extraction.rules,
    server: Annotated[
        str, typer.Option("--server", help="OpenAI-compatible server for --extractor llm or both, e.g. http://localhost:8000/v1.")
    ] = "",
    model: Annotated[str, typer.Option("--model", help="Name of the model on that server.")] = "",
    timeout: Annotated[
        float, typer.Option("--timeout", min=1.0, help="Seconds that one answer of the model may take (a few for each sentence).")
    ] = 120,
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
    from literature_mining.miner import MineSettings, mine

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
            asked=_asked(extractor, server, model, timeout),
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


def _asked(extractor: Extraction, server: str, model: str, timeout: float) -> Asked | None:
    from literature_mining.read_paper import Asked

    if extractor is Extraction.rules:
        return None
    if not server or not model:
        raise InputError(
            f"--extractor {extractor.value} needs a model", where="--server, --model", fix="name the server and its model"
        )
    return Asked(server, model, extractor is Extraction.llm, timeout)
