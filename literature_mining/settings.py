"""What a mining run depends on. Each field's metadata is its option on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import ADVANCED, OUT, OVERWRITE, SEED, STRICT, group, option
from cytoscribe.llm.settings import RUNNING, BackendSettings

EXTRACTORS = ("rules", "llm", "both")


@dataclass(frozen=True)
class ModelSettings:
    """The language model that reads beside the rules: `name` as `--model` gives it ("" for a server's only one), where it runs, and
    whether its claims stand alone."""

    name: str = field(
        default="",
        metadata=option(
            "Language model for --extractor llm or both: a Hub id, a model folder, a .gguf file, or a name on the server.",
            flag="--model",
        ),
    )
    alone: bool = False
    backend: BackendSettings = field(default_factory=BackendSettings, metadata=group(RUNNING))


def _model_wanted(values: Mapping[str, Any]) -> bool:
    """Whether a language model reads; refuses options that contradict each other."""
    rules, named = values["--extractor"] == "rules", bool(values["--model"] or values["--endpoint"])
    if rules and named:
        raise InputError(
            "the rules use no model", where="--model, --endpoint", fix="add --extractor llm or both, or leave them out"
        )
    if not rules and not named:
        raise InputError(
            f"--extractor {values['--extractor']} needs a model", where="--model", fix="name one, or give a server with --endpoint"
        )
    return not rules


@dataclass(frozen=True)
class MineSettings:
    """Settings of one mining run. model: a language model that reads beside the rules, or alone; drop_shared: an alias of two regions
    is dropped from both instead of refused."""

    regions: Path = field(metadata=option("CSV of regions: `region` (required), `aliases` (`;` between), `parent`."))
    papers: tuple[Path, ...] = field(
        metadata=option("Papers or folders of papers: PDF, JATS XML, HTML, Markdown, text. Repeatable.", repeat=True),
    )
    out: Path = field(metadata=OUT)
    lexicon: Path | None = field(default=None, metadata=option("TOML of words to add to the lexicon. Default: none."))
    vocabulary: str = field(
        default="cytoarchitecture",
        metadata=option(
            "What to read: cytoarchitecture, blood_cells (nuclei, granules, chromatin; regions are kinds of cells), or a TOML file of the "
            "same form.",
        ),
    )
    workers: int = field(default=1, metadata=option("Processes that read papers, each with limits of time and memory.", least=1))
    seconds: float = field(
        default=120, metadata=option("Seconds that reading one paper may take before it is skipped. 0: no limit.", least=0)
    )
    seed: int = field(default=0, metadata=SEED)
    overwrite: bool = field(default=False, metadata=OVERWRITE)
    drop_shared: bool = field(
        default=False,
        metadata=option(
            "An alias that two regions share: stop with an error, or drop it from both.",
            flag="--shared-aliases",
            parse=lambda text: _one_of(text, "--shared-aliases", ("error", "drop")) == "drop",
            shown="error",
        ),
    )
    figures: bool = field(default=True, metadata=option("Extract the papers' images with their captions (figures.parquet)."))
    relevance: str = field(
        default="",
        metadata=option(
            "sentence-transformers model (folder or Hub name) that ranks further sentences. Default: none.", panel=ADVANCED
        ),
    )
    ray: str = field(
        default="",
        metadata=option("Address of a Ray cluster that reads the papers; `local` starts one. Default: none.", panel=ADVANCED),
    )
    model: ModelSettings | None = field(default=None, metadata=group(RUNNING, when=_model_wanted))
    strict: bool = field(default=False, metadata=STRICT)


def _one_of(text: str, flag: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise InputError(f"unknown {flag} '{text}'", fix=f"use one of {', '.join(allowed)}")
    return text


@dataclass(frozen=True)
class MineOptions:
    """The command's options: a run, further papers, and who reads claims out of sentences."""

    run: MineSettings
    extractor: str = field(
        default="rules",
        metadata=option(
            "rules (no model), llm (a language model's claims only), or both (union; agreement raises the score). Claims of a model that "
            "the rules contradict are dropped.",
            choices=EXTRACTORS,
        ),
    )
    more_papers: tuple[Path, ...] = field(
        default=(), metadata=option("Further papers, like --papers.", repeat=True, argument="[PAPER]...")
    )
