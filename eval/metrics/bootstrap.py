"""Confidence intervals by the bootstrap, all replicates at once.

A replicate is a row of weights: how often each sample was drawn. Every figure of this package is a function of such rows, so a
thousand replicates are one matrix product instead of a thousand loops, and the figure itself is the row of ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.core.records import ImageRecord

Statistic = Callable[[np.ndarray], np.ndarray]
"""Weights (B, N) to values (B,) or (B, K); NaN where a replicate holds too little to say."""

ENOUGH_CLUSTERS = 5
"""Below so many sections (or subjects), an interval is rough, and the next finer unit is taken where there is one."""
_CHUNK = 2_000_000
"""Weights worked on at a time (numbers), which bounds memory whatever the number of replicates."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95% percentile interval and the number of samples behind it.

    `ci95` is None where no interval can be given: no replicates were requested, or the figure fails in most of them.
    """

    value: float
    ci95: tuple[float, float] | None
    n: int


@dataclass(frozen=True)
class Clusters:
    """What is resampled as a whole. `index` (N,) int numbers each sample's cluster; `unit` is its name in the report."""

    index: np.ndarray
    unit: str

    @property
    def count(self) -> int:
        """Number of different clusters."""
        return int(np.unique(self.index).size)


def clusters_of(records: Sequence[ImageRecord]) -> Clusters:
    """Choose what is resampled: subjects, else sections, else single images (Field and Welsh 2007: whole clusters, not members).

    A column counts only where every row fills it. The coarsest unit with at least `ENOUGH_CLUSTERS` clusters is taken, else the one
    with the most clusters if that is two or more.
    """
    options = []
    for unit in ("subject", "section"):
        names = [(r.subject, r.section) if unit == "section" else (r.subject,) for r in records]
        if records and all(n[-1] for n in names):
            index = np.unique([" ".join(n) for n in names], return_inverse=True)[1]
            options.append(Clusters(index, unit))
    enough = [c for c in options if c.count >= ENOUGH_CLUSTERS]
    best = enough[0] if enough else max(options, key=lambda c: c.count, default=None)
    if best is not None and best.count >= 2:
        return best
    return Clusters(np.arange(len(records)), "image")


def draw_weights(clusters: np.ndarray, strata: np.ndarray, replicates: int, seed: int) -> np.ndarray:
    """Weights (replicates, N) int16: how often each sample's cluster was drawn, with replacement.

    strata: (N,) known or unseen, say; each stratum keeps its number of clusters, unless a cluster lies in two strata: then all
    clusters are drawn from one urn, as the samples were.
    """
    rng = np.random.default_rng(seed)
    names, index = np.unique(clusters, return_inverse=True)
    first = np.zeros(names.size, dtype=strata.dtype)
    first[index] = strata
    if not np.array_equal(first[index], strata):
        first = np.zeros(names.size, dtype=int)
    drawn = np.zeros((replicates, names.size), dtype=np.int16)
    for stratum in np.unique(first):
        members = np.flatnonzero(first == stratum)
        picks = members[rng.integers(members.size, size=(replicates, members.size))]
        rows = np.repeat(np.arange(replicates), members.size)
        np.add.at(drawn, (rows, picks.ravel()), 1)
    return drawn[:, index]


def estimate(statistic: Statistic, weights: np.ndarray, n: int | None = None) -> Estimate:
    """Value on the samples as they are, and the percentile interval over the replicates `weights` (B, N)."""
    return estimates(lambda w: statistic(w)[:, None], weights, n)[0]


def estimates(statistic: Statistic, weights: np.ndarray, n: int | Sequence[int] | None = None) -> list[Estimate]:
    """As `estimate`, for a statistic that gives K values at once (B, K): one F1 a region, say."""
    samples = weights.shape[1]
    values = statistic(np.ones((1, samples)))[0]
    counts = n if isinstance(n, Sequence) else [samples if n is None else n] * values.size
    replicates = _in_chunks(statistic, weights, values.size)
    return [Estimate(float(v), _interval(replicates[:, k]), int(counts[k])) for k, v in enumerate(values)]


def _in_chunks(statistic: Statistic, weights: np.ndarray, width: int) -> np.ndarray:
    step = max(1, _CHUNK // max(1, weights.shape[1]))
    parts = [statistic(weights[i : i + step].astype(np.float64)) for i in range(0, len(weights), step)]
    return np.concatenate(parts) if parts else np.empty((0, width))


def _interval(replicates: np.ndarray) -> tuple[float, float] | None:
    finite = replicates[np.isfinite(replicates)]
    if finite.size < 2 or finite.size < 0.5 * replicates.size:
        return None
    low, high = np.percentile(finite, [2.5, 97.5])
    return float(low), float(high)


def weighted_mean(values: np.ndarray) -> Statistic:
    """Statistic: the mean of `values` (N,) over the samples drawn; NaN entries are left out with their weight."""
    there = np.isfinite(values)
    filled = np.where(there, values, 0.0)

    def statistic(weights: np.ndarray) -> np.ndarray:
        return _ratio(weights @ filled, weights @ there.astype(np.float64))

    return statistic


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, top / bottom, np.nan)
