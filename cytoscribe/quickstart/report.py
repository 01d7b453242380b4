"""The quickstart's page: what came of it, one card an area, and links to each stage's own report."""

from __future__ import annotations

from collections.abc import Sequence

from cytoscribe.core.rendering import render
from cytoscribe.core.runs import write_text
from cytoscribe.quickstart.cards import Card
from cytoscribe.quickstart.outcome import QuickstartResult
from cytoscribe.quickstart.summary import FIGURES, next_commands, took


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
