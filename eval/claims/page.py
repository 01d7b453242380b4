"""The picture and the page of compare-claims: every ratio with its interval, every verdict with its sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from cytoscribe.core.runs import atomic_path
from cytoscribe.eval.claims.measured import LayerMeasures
from cytoscribe.eval.claims.verdicts import VERDICTS, Verdict
from cytoscribe.eval.report.figures import DARK, FAINT, canvas, literal
from cytoscribe.eval.report.page import render_page

_COLOURS = {"supported": "#2f855a", "refuted": "#b83232", "undecided": FAINT}
_MOST_LINES = 90


def forest(verdicts: Sequence[Verdict], path: Path) -> None:
    """One line a statement with a ratio and its 95% interval, coloured by verdict; of more than _MOST_LINES the surest ones."""
    shown = _distinct([v for v in verdicts if math.isfinite(v.ratio)])
    shown = sorted(shown, key=_sureness)[:_MOST_LINES]
    shown.sort(key=lambda v: (v.region, v.attribute, v.layer))
    with canvas(9.5, 1.4 + 0.2 * max(len(shown), 4)) as (figure, (axes,)):
        for i, verdict in enumerate(shown):
            colour = _COLOURS[verdict.verdict]
            axes.plot([verdict.low, verdict.high], [i, i], color=colour, linewidth=1.8, solid_capstyle="butt")
            axes.plot(verdict.ratio, i, "o" if verdict.reading != "other layers" else "s", color=colour, markersize=4.5)
        axes.axvline(1, color=DARK, linewidth=0.8)
        axes.set_xscale("log")
        axes.set_xlim(*_limits(shown))
        ticks = [t for t in (0.2, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 5) if axes.get_xlim()[0] <= t <= axes.get_xlim()[1]]
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.minorticks_off()
        axes.set_yticks(range(len(shown)), [literal(statement(v), 64) for v in shown], fontsize=7.5)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlabel("ratio to the references, 95% interval (square: to the region's other layers)", fontsize=8.5)
        axes.set_title("green: supported, red: refuted, grey: undecided", fontsize=9, fontweight="normal")
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=130)


def claims_page(verdicts: Sequence[Verdict], counts: Mapping[str, int], measured: LayerMeasures, stain: str, picture: str) -> str:
    """The page; `picture` lies beside it."""
    groups = {w: [_row(v) for v in verdicts if v.verdict == w] for w in VERDICTS}
    judged = sum(counts[w] for w in VERDICTS[:3])
    return render_page(
        "claims.html",
        counts=counts,
        groups=groups,
        unit=measured.unit,
        clusters=measured.clusters,
        regions=len(measured.rows),
        cells=stain == "cells",
        judged=judged,
        by_chance=round(0.025 * judged, 1),
        picture=picture,
    )


def statement(verdict: Verdict) -> str:
    """A claim in a few words: region, layer, attribute, value, and what it is compared with."""
    layer = "" if verdict.layer == "all" else f" {verdict.layer}"
    than = f" than {', '.join(verdict.compared_to)}" if verdict.compared_to else ""
    denied = "" if verdict.polarity else "not "
    return f"{verdict.region}{layer}: {verdict.attribute.replace('_', ' ')} {denied}{verdict.value}{than}"


def _row(verdict: Verdict) -> dict[str, str]:
    known = math.isfinite(verdict.ratio)
    beside = math.isfinite(verdict.within_ratio)
    return {
        "statement": statement(verdict),
        "sentence": verdict.sentence,
        "document": verdict.document,
        "ratio": f"{verdict.ratio:.2f}" if known else "–",
        "interval": f"{verdict.low:.2f} to {verdict.high:.2f}" if known else "",
        "measure": verdict.measure.replace("_", " "),
        "reading": verdict.reading,
        "n": f"{verdict.clusters}, {'paired' if verdict.paired else 'unpaired'}" if known else "",
        "rank": verdict.rank,
        "within": f"{verdict.within_ratio:.2f} ({verdict.within_low:.2f} to {verdict.within_high:.2f})" if beside else "",
        "reason": verdict.reason,
    }


def _distinct(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return list({(statement(v), v.reading): v for v in verdicts}.values())


def _sureness(verdict: Verdict) -> float:
    width = math.log(verdict.high / verdict.low) if verdict.low > 0 else math.inf
    return width / max(abs(math.log(verdict.ratio)), 1e-3)


def _limits(shown: Sequence[Verdict]) -> tuple[float, float]:
    low = min((v.low for v in shown), default=0.5)
    high = max((v.high for v in shown), default=2.0)
    return max(min(low, 0.8) / 1.1, 0.15), min(max(high, 1.25) * 1.1, 7.0)
