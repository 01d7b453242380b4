"""Tables of figures with intervals, beside what simple methods reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line: a figure's name in metrics.json, what to call it, and the floor it is measured against."""

    key: str
    label: str
    floor: str


def print_table(title: str, rows: Sequence[Row], metrics: Mapping[str, Any]) -> None:
    """Print a Markdown table: value, standard deviation over seeds where there are several, 95%
    interval, number of samples, floor; a figure that is missing says so."""
    print(f"\n### {title}\n")
    print("| figure | value [95% interval] | n | floor |")
    print("|---|---|---|---|")
    for row in rows:
        value, interval, n, spread = (metrics.get(row.key + end) for end in ("", ".ci95", ".n", ".spread"))
        told = "not measured" if value is None else f"{value:.3f}"
        if spread is not None:
            told += f" +- {spread:.3f}"
        if interval:
            told += f" [{interval[0]:.3f}, {interval[1]:.3f}]"
        print(f"| {row.label} | {told} | {n if n is not None else ''} | {row.floor} |")
    print(flush=True)
