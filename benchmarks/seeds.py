"""Figures of several seeds as one: the mean, the mean ends of the intervals, and how far the seeds lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def over_seeds(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """By figure: mean over the runs; `.ci95`: mean of the lower and of the upper ends; `.spread`: standard deviation over seeds, None
    for one run; `.n` as in the first. A figure that a run lacks is left out."""
    found: dict[str, Any] = {}
    for key, value in runs[0].items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or any(key not in run for run in runs):
            continue
        if key.endswith((".n", ".ci95")):
            continue
        values = [run[key] for run in runs]
        found[key] = float(np.mean(values))
        found[f"{key}.spread"] = float(np.std(values, ddof=1)) if len(runs) > 1 else None
        ends = [ci95 for run in runs if (ci95 := run.get(f"{key}.ci95"))]
        if len(ends) == len(runs):
            found[f"{key}.ci95"] = [float(v) for v in np.mean(ends, axis=0)]
        if f"{key}.n" in runs[0]:
            found[f"{key}.n"] = runs[0][f"{key}.n"]
    return found
