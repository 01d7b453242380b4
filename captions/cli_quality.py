"""`check-captions` and `check-prompts`: what to look at before training, and before a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core.errors import InputError
from cytoscribe.core.options import Seed
from cytoscribe.core.progress import say
from cytoscribe.core.runs import write_text


def check_captions(
    captions: Annotated[Path | None, typer.Argument(help="Folder of a generate-captions run; none with --texts.")] = None,
    texts: Annotated[
        Path | None,
        typer.Option(
            "--texts",
            help="Judge captions that anybody wrote: JSON lines with region, caption, and claims inline or claim_ids (--descriptions).",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the verdicts on --texts, as JSON lines; without it standard output.")
    ] = None,
    descriptions: Annotated[
        Path | None,
        typer.Option(
            "--descriptions", help="The mining run the captions were made from; without it no 8-way and labels alone audited."
        ),
    ] = None,
    encoder: Annotated[
        str, typer.Option("--encoder", help="Sentence encoder (folder or Hub id) for dispersion and 8-way; empty: none.")
    ] = "",
    vocabulary: Annotated[
        str,
        typer.Option("--vocabulary", help="Of --texts: a vocabulary as for mine-descriptions. Default: that of --descriptions."),
    ] = "",
    least_claims: Annotated[
        int, typer.Option("--least-claims", min=1, help="Regions with fewer statements stay out of the 8-way.")
    ] = 5,
    seed: Seed = 0,
) -> None:
    """Audit captions for leaks and contradictions, measure diversity, and name regions that cannot be told apart; or judge texts.

    Ends with 1 on a leak, a contradiction, or a masked caption that two regions share.
    """
    if (captions is None) == (texts is None):
        raise InputError("give a folder of captions or --texts", where="check-captions", fix="give exactly one of the two")
    if texts is not None:
        _judge(texts, descriptions, out, vocabulary)
        return
    from cytoscribe.captions.quality.report import QualitySettings, measure, report

    assert captions is not None

    quality = measure(QualitySettings(captions, descriptions, encoder, least_claims, seed))
    typer.echo(report(quality))
    if quality.leaks or quality.contradictions or quality.shared:
        raise typer.Exit(1)


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
        Path | None, typer.Option("--prompts", help="Folder with templates of your own; empty: those shipped.")
    ] = None,
    style: Annotated[str, typer.Option("--style", help="Show this style rendered; empty: only the table.")] = "",
) -> None:
    """Validate prompt templates: variables, length, and a rendered example."""
    from cytoscribe.prompts.check import check

    typer.echo(check(prompts, style))
