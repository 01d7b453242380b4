"""A comparison as a page and as lines on the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cytoscribe.core.runs import write_json, write_text
from cytoscribe.eval.compare import Comparison, FigureComparison, significant
from cytoscribe.eval.metrics.bootstrap import Estimate
from cytoscribe.eval.metrics.catalogue import FAMILIES, LOWER_IS_BETTER, NEITHER, meaning
from cytoscribe.eval.report.page import interval_text, number_text, render_page


@dataclass(frozen=True)
class ShownFigure:
    """One run's figure as shown; `verdict` is better, worse or nothing."""

    value: str
    interval: str = ""
    difference: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class RowShown:
    """One figure over all runs as shown."""

    name: str
    meaning: str
    cells: tuple[ShownFigure, ...]
    spread: str


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """Write compare.html and compare.json into the folder, atomically."""
    rows = [_row(line) for line in comparison.lines]
    page = render_page(
        "compare.html",
        first=comparison.runs[0].name,
        names=[r.name for r in comparison.runs],
        notes=comparison.notes,
        spread=len(comparison.runs) > 1,
        families=[(title, [r for r in rows if r.name.startswith(start)]) for title, start in FAMILIES],
    )
    write_text(folder / "compare.html", page)
    write_json(folder / "compare.json", as_json(comparison))


def as_json(comparison: Comparison) -> dict[str, object]:
    """For programs: figure to run to value, interval, n and difference to the first run."""
    told: dict[str, object] = {"runs": [r.name for r in comparison.runs], "images_shared": list(comparison.paired)}
    for line in comparison.lines:
        told[line.name] = {
            run.name: _json(value) | ({"difference": _json(other)} if other is not None else {})
            for run, value, other in zip(comparison.runs, line.values, (None, *line.differences), strict=True)
            if value is not None
        }
    return told


def comparison_lines(comparison: Comparison) -> list[str]:
    """A table for the terminal: figures down, runs across, `*` where the paired interval of the difference leaves out zero."""
    width = max(12, *(len(r.name) + 2 for r in comparison.runs))
    lines = [f"{'':<34}" + "".join(f"{r.name:>{width}}" for r in comparison.runs)]
    for line in comparison.lines:
        marks = ("", *("*" if significant(d) else " " for d in line.differences))
        cells = [(number_text(v.value) if v else "–") + mark for v, mark in zip(line.values, marks, strict=True)]
        lines.append(f"{line.name:<34}" + "".join(f"{c:>{width}}" for c in cells))
    if len(comparison.runs) > 1:
        lines.append(f"* differs from {comparison.runs[0].name}: the paired 95% interval leaves out zero")
    return lines + [f"note: {n}" for n in comparison.notes]


def _row(line: FigureComparison) -> RowShown:
    cells = [_cell(line.name, v, d) for v, d in zip(line.values, (None, *line.differences), strict=True)]
    spread = f"{line.spread[0]:.3f} ± {line.spread[1]:.3f}" if line.spread else "–"
    return RowShown(line.name, meaning(line.name), tuple(cells), spread)


def _cell(name: str, value: Estimate | None, difference: Estimate | None) -> ShownFigure:
    if value is None:
        return ShownFigure("–")
    if difference is None:
        return ShownFigure(number_text(value.value), interval_text(value))
    told = f"{difference.value:+.3f}" + (f" ({difference.ci95[0]:+.3f} to {difference.ci95[1]:+.3f})" if difference.ci95 else "")
    return ShownFigure(number_text(value.value), interval_text(value), told, _verdict(name, difference))


def _verdict(name: str, difference: Estimate) -> str:
    if not significant(difference) or name in NEITHER:
        return ""
    return "better" if (difference.value > 0) != (name in LOWER_IS_BETTER) else "worse"


def _json(figure: Estimate) -> dict[str, object]:
    return {"value": round(figure.value, 6), "ci95": [round(x, 6) for x in figure.ci95] if figure.ci95 else None, "n": figure.n}
