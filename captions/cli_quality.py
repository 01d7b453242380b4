"""`check-captions` and `check-prompts`: what to look at before training, and before a run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import SEED, command, option
from cytoscribe.core.progress import say
from cytoscribe.core.runs import write_text


@dataclass(frozen=True)
class CheckOptions:
    """Exactly one of a folder of captions and `texts`, a file of captions from elsewhere."""

    captions: Path | None = field(
        default=None, metadata=option("Folder of a generate-captions run; none with --texts.", argument="CAPTIONS")
    )
    texts: Path | None = field(
        default=None,
        metadata=option(
            "Check captions from any source: JSON lines with region, caption, and claims inline or claim_ids (--descriptions)."
        ),
    )
    out: Path | None = field(
        default=None, metadata=option("File for the verdicts on --texts, as JSON lines. Default: standard output.")
    )
    descriptions: Path | None = field(
        default=None,
        metadata=option(
            "Mining run that the captions were made from. Default: none; then there is no 8-way test, and only labels are audited."
        ),
    )
    encoder: str = field(default="", metadata=option("Sentence encoder (folder or Hub id) for dispersion and 8-way. Empty: none."))
    vocabulary: str = field(
        default="",
        metadata=option("Vocabulary of --texts: a name or a file, as for mine-descriptions. Empty: that of --descriptions."),
    )
    least_claims: int = field(default=5, metadata=option("Regions with fewer statements stay out of the 8-way.", least=1))
    seed: int = field(default=0, metadata=SEED)


def _check(options: CheckOptions) -> None:
    if (options.captions is None) == (options.texts is None):
        raise InputError("give a folder of captions or --texts", where="check-captions", fix="give exactly one of the two")
    if options.texts is not None:
        _judge(options.texts, options.descriptions, options.out, options.vocabulary)
        return
    from cytoscribe.captions.quality.report import QualitySettings, measure, report

    assert options.captions is not None
    quality = measure(QualitySettings(options.captions, options.descriptions, options.encoder, options.least_claims, options.seed))
    typer.echo(report(quality))
    if quality.leaks or quality.contradictions or quality.shared:
        raise typer.Exit(1)


check_captions = command(
    CheckOptions,
    _check,
    """Audit captions for leaks and contradictions, measure diversity, and name regions that cannot be distinguished; or judge texts.

    Ends with 1 on a leak, a contradiction, or a masked caption that two regions share.
    """,
)


def _judge(texts: Path, descriptions: Path | None, out: Path | None, vocabulary: str | Path) -> None:
    from cytoscribe.captions.quality.texts import judge_texts, read_known, read_texts
    from cytoscribe.literature_mining.claims.kept_words import words_of
    from cytoscribe.literature_mining.claims.vocabulary import CORTEX

    known, regions = read_known(descriptions)
    vocabulary = vocabulary or (words_of(descriptions).vocabulary if descriptions else CORTEX)
    read, bad = read_texts(texts, known, vocabulary)
    verdicts = list(judge_texts(read, regions, vocabulary))
    lines = "".join(json.dumps(v, ensure_ascii=False) + "\n" for v in verdicts)
    if out is None:
        typer.echo(lines, nl=False)
    else:
        write_text(out, lines)
    for line in bad:
        say(f"skipped {texts}, line {line.line}: {line.what}")
    accepted = sum(v["accepted"] for v in verdicts)
    say(f"{accepted} of {len(verdicts)} captions accepted" + (f"; {len(bad)} lines skipped" if bad else ""))


def check_prompts(
    prompts: Annotated[
        Path | None, typer.Option("--prompts", help="Folder with your own templates. Empty: the built-in ones.")
    ] = None,
    style: Annotated[str, typer.Option("--style", help="Show this style rendered; empty: only the table.")] = "",
) -> None:
    """Validate prompt templates: variables, length, and a rendered example."""
    from cytoscribe.prompts.check import check

    typer.echo(check(prompts, style))
