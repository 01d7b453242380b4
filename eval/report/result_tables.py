"""Tables beside the report, for spreadsheets: figures a region, the confusion matrix, figures a group."""

from __future__ import annotations

import math
from pathlib import Path

from cytoscribe.core.tables import write_csv
from cytoscribe.eval.evaluation import Evaluation
from cytoscribe.eval.metrics.bootstrap import Estimate


def write_tables(out: Path, result: Evaluation) -> None:
    """Write per_region.csv and confusion.csv, and per_group.csv where the images fall into groups. Empty cells: cannot be given."""
    named = result.classification
    rows = [(r.region, r.f1.n, _number(r.precision), _number(r.recall), *_cells(r.f1)) for r in named.per_region]
    write_csv(out / "per_region.csv", ("region", "images", "precision", "recall", "f1", "f1_low", "f1_high"), rows)
    matrix = [(region, *counts) for region, counts in zip(named.regions, named.confusion.tolist(), strict=True)]
    write_csv(out / "confusion.csv", ("true", *named.regions), matrix)
    if result.groups:
        figures = ("accuracy", "macro_f1", "known_rejected", "unseen_rejected")
        header = ("column", "group", "images", "unseen", *(f"{f}{end}" for f in figures for end in ("", "_low", "_high")))
        lines = [
            (g.column, g.group, g.images, g.unseen, *(c for f in figures for c in _cells(getattr(g, f)))) for g in result.groups
        ]
        write_csv(out / "per_group.csv", header, lines)


def _cells(figure: Estimate) -> tuple[str, str, str]:
    low, high = figure.ci95 or (math.nan, math.nan)
    return _number(figure.value), _number(low), _number(high)


def _number(value: float) -> str:
    return f"{value:.6f}" if math.isfinite(value) else ""
