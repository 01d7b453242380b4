"""What a caption run depends on. Each field's metadata is its option on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import ADVANCED, OUT, OVERWRITE, SEED, group, option
from cytoscribe.core.records import MIN_SCORE
from cytoscribe.llm.settings import AUTO, RUNNING, BackendSettings, Sampling

CLIP_CONTEXT = 77
"""Tokens that CLIP's text tower reads, start and end marks included."""
_SOURCE, _WRITING, _IMAGES = "Source of the claims (one of the two)", "How captions are written", "Images as source"


def parse_quota(text: str) -> tuple[str, int]:
    """`STYLE=N` as a pair; raises InputError for anything else."""
    style, _, count = (part.strip() for part in text.partition("="))
    if not style or not count.isdecimal():
        raise InputError(f"'{text}' is not a quota", where="--quota", fix="write STYLE=N, e.g. --quota comparison=4")
    return style, int(count)


def parse_attempts(text: str) -> int | None:
    """A number of tries, None for 0; raises InputError for anything else."""
    if not text.isdecimal():
        raise InputError(f"'{text}' is not a number of tries", where="--attempts", fix="give 0 or more")
    return int(text) or None


def _attributes_given(values: Mapping[str, Any]) -> bool:
    return values.get("--attributes") is not None


@dataclass(frozen=True)
class AttributeSettings:
    """How a table of images is read. noun: what an image shows."""

    table: Path = field(
        metadata=option("Table of images whose categorical columns become claims.", flag="--attributes", panel=_SOURCE),
    )
    columns: tuple[str, ...] = field(
        default=(),
        metadata=option("Comma-separated attribute columns. Empty: every column without a fixed meaning in images.csv."),
    )
    region_column: str = field(default="region", metadata=option("Column that holds the label."))
    split: str = field(default="train", metadata=option("Only rows of this split give captions."))
    per_set: int = field(default=5, metadata=option("Captions per distinct set of attributes. 0: none.", least=0))
    noun: str = field(
        default="", metadata=option("What an image shows, e.g. 'cell'. Empty: as the phrase file says.", flag="--subject")
    )
    phrases: Path | None = field(default=None, metadata=option("Your own phrase file for the columns (JSON)."))


@dataclass(frozen=True)
class Selection:
    """Which claims captions may use."""

    species: str = field(
        default="",
        metadata=option(
            "Use claims about this species, and those of unknown species. Empty: the species with the most claims, region by region."
        ),
    )
    min_score: float = field(
        default=MIN_SCORE, metadata=option("Use only claims with at least this probability of being right.", least=0.0, most=1.0)
    )


@dataclass(frozen=True)
class GenerateSettings:
    """Settings of `generate`. Exactly one of `descriptions` (a mining run) and `attributes` (a table of images) is given.

    attempts: how often a refused caption is tried again, None for 12 (`template`) or 3 (a language model); structured: captions are
    asked for as JSON; quote: copy the papers' sentences into the evidence, where their licences allow it.
    """

    out: Path = field(metadata=OUT)
    descriptions: Path | None = field(default=None, metadata=option("Folder of a mine-descriptions run.", panel=_SOURCE))
    attributes: AttributeSettings | None = field(default=None, metadata=group(_IMAGES, when=_attributes_given))
    selection: Selection = field(default_factory=Selection, metadata=group(_SOURCE))
    models: tuple[str, ...] = field(
        default=("template",),
        metadata=option(
            "'template' (no language model), a Hub id, a model folder or a .gguf file; repeat it to share the work.",
            flag="--model",
            repeat=True,
        ),
    )
    per_region: int = field(default=20, metadata=option("Captions per region. 0: none.", least=0, most=1_000_000))
    styles: tuple[str, ...] = field(
        default=(), metadata=option("Comma-separated styles. Empty: every style that applies.", panel=_WRITING)
    )
    quotas: tuple[tuple[str, int], ...] = field(
        default=(),
        metadata=option(
            "STYLE=N: exactly N captions per region in this style, 0 for none; the rest are shared evenly by the other styles. "
            "Repeatable. Default: all styles take turns.",
            flag="--quota",
            repeat=True,
            parse=parse_quota,
            panel=_WRITING,
        ),
    )
    judge: str = field(
        default="",
        metadata=option(
            "Second opinion on what the gate accepts: nli:MODEL (a cross-encoder, folder or Hub id), llm (the model that writes) "
            "or llm:MODEL; its verdicts go to judged.parquet. Empty: none.",
            panel=_WRITING,
        ),
    )
    prompts: Path | None = field(
        default=None,
        metadata=option("Folder of your own templates (caption/STYLE.jinja), used before the built-in ones.", panel=_WRITING),
    )
    quote: bool = field(
        default=False,
        metadata=option(
            "Copy the papers' sentences into evidence.parquet, for papers whose licence allows it (CC0, CC BY, CC BY-SA). "
            "Off by default: ids and pages only.",
            flag="--quotations",
            panel=_WRITING,
        ),
    )
    structured: bool = field(
        default=False, metadata=option("Ask for answers as JSON of a fixed form (server, vLLM).", panel=RUNNING)
    )
    sampling: Sampling = field(default_factory=Sampling, metadata=group(_WRITING))
    max_tokens: int = field(
        default=CLIP_CONTEXT,
        metadata=option(
            "Most tokens per caption, by CLIP's tokenizer; longer ones go to the config 'long'. 0: no limit.",
            least=0,
            panel=_WRITING,
        ),
    )
    attempts: int | None = field(
        default=None,
        metadata=option(
            "Tries per caption. 0: 12 for 'template', 3 for a language model.",
            parse=parse_attempts,
            shown="0",
            panel=_WRITING,
        ),
    )
    backend: BackendSettings = field(default_factory=BackendSettings, metadata=group(RUNNING))
    seed: int = field(default=0, metadata=SEED)
    overwrite: bool = field(default=False, metadata=OVERWRITE)

    def __post_init__(self) -> None:
        styles = [style for style, _ in self.quotas]
        twice = next((style for style in styles if styles.count(style) > 1), None)
        if twice:
            raise InputError(f"style '{twice}' has two quotas", where="--quota", fix="give each style once")
        if self.backend.engine != AUTO and self.backend.server is None and set(self.models) == {"template"} and not self.judge:
            fix = "name a model with --model, or leave --engine out"
            raise InputError("the template uses no engine", where=f"--engine {self.backend.engine}", fix=fix)


@dataclass(frozen=True)
class GenerateOptions:
    """The command's options: a run, or only a look at what it would ask."""

    run: GenerateSettings
    dry_run: bool = field(default=False, metadata=option("Print the prompts, and write nothing.", panel=ADVANCED))
