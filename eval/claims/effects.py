"""How much more of something one region or layer has than others: a ratio with a 95% interval, clustered by subject or section."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

FEWEST = 3
"""Clusters from which a spread can be taken."""
Series = Mapping[str, float]
"""Cluster (subject, section or picture) to a positive measure."""


@dataclass(frozen=True)
class Effect:
    """ratio: of the target's geometric mean to that of the references, each of these weighing alike; low, high: its 95% interval;
    clusters: of the target that entered; references: how many; paired: compared within clusters."""

    ratio: float
    low: float
    high: float
    clusters: int
    references: int
    paired: bool


def effect(target: Series, references: Sequence[Series]) -> Effect | None:
    """The effect, None where fewer than FEWEST clusters allow an interval.

    Where the target shares FEWEST clusters or more with some reference, differences within clusters are taken (one-sample t of log
    ratios), which cancels what makes a whole section darker; else the means are compared (Welch's t with Satterthwaite's degrees of
    freedom; a reference of one cluster borrows the others' spread).
    """
    logs = [_logs(target), *(_logs(r) for r in references)]
    own, others = logs[0], [o for o in logs[1:] if o]
    if not own or not others:
        return None
    differences = [
        value - float(np.mean([o[cluster] for o in others if cluster in o]))
        for cluster, value in own.items()
        if any(cluster in o for o in others)
    ]
    if len(differences) >= FEWEST:
        together = sum(any(c in o for c in own) for o in others)
        spread = float(np.std(differences, ddof=1)) / math.sqrt(len(differences))
        return _effect(float(np.mean(differences)), spread, len(differences) - 1, len(differences), together, True)
    if differences or len(own) < FEWEST:
        return None
    return _unpaired(list(own.values()), [list(o.values()) for o in others])


def _logs(series: Series) -> dict[str, float]:
    return {c: math.log(v) for c, v in series.items() if v > 0 and math.isfinite(v)}


def _unpaired(own: list[float], others: list[list[float]]) -> Effect | None:
    repeated = [o for o in (own, *others) if len(o) > 1]
    pooled = float(np.mean([np.var(o, ddof=1) for o in repeated]))
    parts = [(_variance(own, pooled) / len(own), len(own) - 1)]
    parts += [(_variance(o, pooled) / len(o) / len(others) ** 2, max(len(o) - 1, 1)) for o in others]
    variance = sum(v for v, _ in parts)
    freedom = variance**2 / max(sum(v**2 / df for v, df in parts), 1e-300) if variance > 0 else len(own) - 1
    middle = float(np.mean(own) - np.mean([np.mean(o) for o in others]))
    return _effect(middle, math.sqrt(variance), max(freedom, 1.0), len(own), len(others), False)


def _variance(values: list[float], pooled: float) -> float:
    return float(np.var(values, ddof=1)) if len(values) > 1 else pooled


def _effect(middle: float, error: float, freedom: float, clusters: int, references: int, paired: bool) -> Effect:
    reach = float(stats.t.ppf(0.975, freedom)) * error
    return Effect(math.exp(middle), math.exp(middle - reach), math.exp(middle + reach), clusters, references, paired)
