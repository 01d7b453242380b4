"""The stage `compare`: several evaluations side by side, and what a difference between two of them is worth.

Runs measured on the same images are compared image by image: both figures are computed on the same replicates, so that what is hard
for both cancels out (paired bootstrap, Efron and Tibshirani 1993).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.core.shapes import check, listed, maybe, number, whole
from cytoscribe.eval.metrics.bootstrap import Estimate, Statistic, draw_weights, estimate
from cytoscribe.eval.outcomes import Outcomes, read_outcomes, shared, statistics_of

METRICS_FILE = "metrics.json"
PREDICTIONS_FILE = "predictions.csv"


@dataclass(frozen=True)
class CompareSettings:
    """runs: folders of `evaluate`, the first is what the others are compared with; names: what to call them, else their folders'."""

    runs: tuple[Path, ...]
    names: tuple[str, ...] = ()
    bootstrap: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Run:
    """One evaluation read back. figures: name to value with interval and n; outcomes: image by image, None where not stored."""

    name: str
    figures: Mapping[str, Estimate]
    outcomes: Outcomes | None


@dataclass(frozen=True)
class FigureComparison:
    """One figure over all runs: values in the order of the runs (None: not measured), and for each run after the first its
    difference to the first with a paired interval, None where they share no images or the figure has no image-by-image form."""

    name: str
    values: tuple[Estimate | None, ...]
    differences: tuple[Estimate | None, ...]

    @property
    def spread(self) -> tuple[float, float] | None:
        """Mean and sample standard deviation over the runs that have it; None for fewer than two."""
        values = [v.value for v in self.values if v is not None]
        return (float(np.mean(values)), float(np.std(values, ddof=1))) if len(values) > 1 else None


@dataclass(frozen=True)
class Comparison:
    """`paired[i]` is the number of images that run i shares with the first; notes: what a reader must know."""

    runs: tuple[Run, ...]
    lines: tuple[FigureComparison, ...]
    paired: tuple[int, ...]
    notes: tuple[str, ...] = ()


def compare(settings: CompareSettings) -> Comparison:
    """Read the runs and line up their figures. Raises InputError where a folder holds no evaluation, or fewer than one is given."""
    if settings.names and len(settings.names) != len(settings.runs):
        raise InputError(f"{len(settings.names)} names for {len(settings.runs)} runs", fix="give one --name for each run")
    runs = tuple(read_run(path, name) for path, name in zip(settings.runs, settings.names or _short(settings.runs), strict=True))
    pairs = [_pair(runs[0], run) for run in runs]
    figures = dict.fromkeys(name for run in runs for name in run.figures)
    differences = [_differences(pair, settings) if pair else {} for pair in pairs]
    lines = [
        FigureComparison(name, tuple(r.figures.get(name) for r in runs), tuple(d.get(name) for d in differences[1:]))
        for name in figures
    ]
    return Comparison(runs, tuple(lines), tuple(len(p[0].paths) if p else 0 for p in pairs), tuple(_notes(runs, pairs)))


_INTERVAL = maybe(listed(number(), most=2, least=2))
_COUNT = whole(0, 10**12)


def read_run(folder: Path, name: str) -> Run:
    """metrics.json and predictions.csv of one `evaluate` folder; raises InputError where there is no metrics.json."""
    path = folder / METRICS_FILE
    if not path.is_file():
        raise InputError("holds no metrics.json", where=folder, fix="give the --out folder of an evaluate run")
    told = read_json(path)
    if not isinstance(told, dict):
        raise InputError("not a flat object", where=path, fix="run evaluate again")
    predictions = folder / PREDICTIONS_FILE
    return Run(name, _figures(told, path), read_outcomes(predictions) if predictions.is_file() else None)


def _figures(told: Mapping[str, Any], path: Path) -> dict[str, Estimate]:
    names = [k[:-2] for k in told if k.endswith(".n") and k[:-2] in told]
    found = {}
    for name in names:
        if isinstance(told[name], (int, float)):
            interval = check(told.get(f"{name}.ci95"), _INTERVAL, path, "run evaluate again")
            count = check(told[f"{name}.n"], _COUNT, path, "run evaluate again")
            value = float(check(told[name], number(), path, "run evaluate again"))
            found[name] = Estimate(value, tuple(interval) if interval else None, count)
    return found


def _short(paths: Sequence[Path]) -> list[str]:
    """Folder names, with as many parents as it takes to tell them apart."""
    resolved = [p.resolve().parts for p in paths]
    for depth in range(1, max(map(len, resolved), default=1) + 1):
        names = ["/".join(parts[-depth:]) for parts in resolved]
        if len(set(names)) == len(names):
            return names
    return [str(p) for p in paths]


def _pair(first: Run, other: Run) -> tuple[Outcomes, Outcomes] | None:
    if first.outcomes is None or other.outcomes is None:
        return None
    return shared(first.outcomes, other.outcomes)


def _differences(pair: tuple[Outcomes, Outcomes], settings: CompareSettings) -> dict[str, Estimate]:
    """Other less first, for every figure that both can give on the images they share."""
    first, other = pair
    weights = draw_weights(first.clusters, first.unseen.astype(int), settings.bootstrap, settings.seed)
    here, there = statistics_of(first), statistics_of(other)
    return {
        name: estimate(_difference(there[name], statistic), weights, first.count(name))
        for name, statistic in here.items()
        if name in there
    }


def _difference(more: Statistic, less: Statistic) -> Statistic:
    return lambda weights: more(weights) - less(weights)


def _notes(runs: Sequence[Run], pairs: Sequence[tuple[Outcomes, Outcomes] | None]) -> list[str]:
    notes = []
    for run, pair in list(zip(runs, pairs, strict=True))[1:]:
        if pair is None:
            notes.append(f"{run.name} shares no images with {runs[0].name}: its differences have no interval")
            continue
        for one in (runs[0], run):
            total = len(one.outcomes.paths) if one.outcomes else 0
            if total != len(pair[0].paths):
                notes.append(f"differences of {run.name} are on the {len(pair[0].paths)} images shared; {one.name} has {total}")
    return notes


def significant(difference: Estimate | None) -> bool:
    """True where the interval of a difference leaves out zero."""
    if difference is None or difference.ci95 is None or not math.isfinite(difference.value):
        return False
    return difference.ci95[0] > 0 or difference.ci95[1] < 0
