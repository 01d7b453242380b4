"""The quickstart's story: sample papers and drawn cortex through every stage, then what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from cytoscribe.core.progress import say
from cytoscribe.core.rendering import render
from cytoscribe.core.runs import RUN_FILE, RunFolder, write_text
from cytoscribe.quickstart import stages
from cytoscribe.quickstart.cards import Card, make_cards
from cytoscribe.quickstart.outcome import QuickstartResult
from cytoscribe.quickstart.picture import write_picture
from cytoscribe.quickstart.stages import QuickstartSettings
from cytoscribe.quickstart.summary import FIGURES, next_commands, took

T = TypeVar("T")


def run(settings: QuickstartSettings) -> QuickstartResult:
    """Walk the whole path into `settings.out`; the same command on the same folder resumes where it stopped.

    Raises InputError where the folder holds other files or another run.
    """
    told = {name: getattr(settings, name) for name in ("seed", "images_per_region", "subjects", "epochs")}
    with RunFolder(settings.out, "quickstart", told, overwrite=settings.overwrite) as folder:
        clock = _Clock(settings.out)
        clock.time("draw papers and cortex", "", lambda: stages.prepare(settings))
        outcome = QuickstartResult(
            settings,
            mined=clock.time("mine descriptions", "mined", lambda: stages.mine(settings)),
            captions=clock.time("write captions", "captions", lambda: stages.write_captions(settings)),
            trained=clock.time("train", "model", lambda: stages.train(settings)),
            evaluation=clock.time("evaluate", "evaluation", lambda: stages.evaluate(settings)),
            described=clock.time("describe", "", lambda: stages.describe(settings)),
            seconds=clock.seconds,
        )
        clock.time("train captioner", "captioner", lambda: stages.train_captioner(settings))
        outcome = replace(outcome, captioned=clock.time("caption", "", lambda: stages.caption(settings)))
        cards = make_cards(outcome)
        write_report(outcome, cards)
        write_picture(cards, settings.out)
        folder.finish({"seconds": clock.seconds})
    return outcome


class _Clock:
    """Says what begins and remembers how long it took; None for a stage that an earlier call had finished."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.seconds: dict[str, float | None] = {}

    def time(self, name: str, folder: str, stage: Callable[[], T]) -> T:
        say(f"[{len(self.seconds) + 1}/8] {name}")
        record = self.out / folder / RUN_FILE
        before, start = _written(record), time.monotonic()
        result = stage()
        done_before = bool(folder) and before is not None and before == _written(record)
        self.seconds[name] = None if done_before else round(time.monotonic() - start, 1)
        return result


def _written(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.exists() else None


def write_report(outcome: QuickstartResult, cards: Sequence[Card]) -> None:
    """Write report.html into the run folder: it needs nothing but the pictures and reports beside it."""
    from cytoscribe.eval.metrics.promises import broken_names, broken_promises

    figures = outcome.evaluation.figures
    broken = broken_promises(figures, outcome.evaluation.alpha)
    content = {
        "known": [card for card in cards if not card.unseen],
        "unseen": [card for card in cards if card.unseen],
        "figures": [(words, figures[name], name in broken_names(broken)) for name, words in FIGURES if name in figures],
        "broken": broken,
        "times": [(name, took(s)) for name, s in outcome.seconds.items()],
        "claims": len(outcome.mined.claims),
        "papers": sorted(p.name for p in (outcome.settings.out / "papers").iterdir()),
        "captions": len(outcome.captions.captions),
        "commands": "\n".join(line.strip() for line in next_commands(str(outcome.settings.out))[1:-1]),
    }
    write_text(outcome.report, render("cytoscribe.quickstart", "data/report.html.jinja", content))
