"""Intervals of figures over captions: captions of one region are alike, so regions are drawn, not captions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Interval = tuple[float, float]


def over_regions(won: Sequence[float], regions: Sequence[str], *, draws: int = 2000, seed: int = 0) -> Interval:
    """95% percentile interval of the mean of `won`, by drawing whole regions with replacement (cluster bootstrap, Efron & Tibshirani
    1993). A single region gives the mean itself twice."""
    names = {r: i for i, r in enumerate(dict.fromkeys(regions))}
    places = np.asarray([names[r] for r in regions], dtype=int)
    sums = np.bincount(places, weights=np.asarray(won, dtype=float), minlength=len(names))  # (R,)
    counts = np.bincount(places, minlength=len(names))
    drawn = np.random.default_rng(seed).integers(0, len(names), (draws, len(names)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
