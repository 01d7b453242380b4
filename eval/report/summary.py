"""The few lines of an evaluation that stand on the terminal when it ends."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cytoscribe.eval.evaluation import Evaluation

_SHOWN = (
    "zero_shot.macro_f1",
    "zero_shot.accuracy",
    "retrieval.i2t.recall@1",
    "retrieval.t2i.recall@1",
    "retrieval.i2t_exact.recall@1",
    "retrieval.t2i_exact.recall@1",
    "attributes.mean_macro_f1",
    "attributes.twice.mean_macro_f1",
    "attributes.second.mean_macro_f1",
    "attributes.second.all_alike",
    "retrieval.i2i.recall@1",
    "retrieval.i2i.map",
    "open_set.auroc",
    "open_set.fpr95",
    "open_set.oscr",
    "open_set.known_rejected",
    "open_set.unseen_rejected",
)


def evaluation_lines(result: Evaluation, out: Path) -> list[str]:
    """Headline figures with intervals, then notes and leaks, then where the report is."""
    lines = []
    for name in _SHOWN:
        figure = result.figures.get(name)
        if figure is not None and math.isfinite(figure.value):
            interval = f"[{figure.ci95[0]:.3f}, {figure.ci95[1]:.3f}]" if figure.ci95 else ""
            lines.append(f"{name:<30} {figure.value:.3f} {interval:<16} n = {figure.n}")
    lines += [f"note: {note}" for note in result.notes]
    if result.leaks.images:
        lines.append(f"WARNING: {len(result.leaks.images)} measured images were in training: the figures are too good")
    if result.leaks.sections:
        lines.append(f"WARNING: {len(result.leaks.sections)} sections are in training and test: the figures are too good")
    return [*lines, f"report: {out / 'report.html'}"] + [f"images: {out / 'explorer.html'}"] * (out / "explorer.html").is_file()
