"""Can a reader tell the region from the words alone? Tests of captions whose names are masked.

"Cytoarchitecture in Words" reports that the right area among eight is recovered from 68.6% of its masked captions. The test here
is the same question put to a text encoder: a caption is compared with what other captions of each region say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln

WAYS = 8


def beaten_by(
    features: np.ndarray, regions: np.ndarray, claims: Sequence[tuple[str, ...]], asked: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """How many other regions' captions lie at least as near as those of the right region, (N,); NaN where none is left to compare.

    features (M, D) L2-normalised, regions (M,) int from 0, claims (M,): the captions of the data set. asked (N,) int indexes the
    captions to be read, right (N,) int is the region that each ought to bring back. A region stands for the mean of its captions;
    those that state the very same claims as the one asked are taken out first, or wording alone would be matched.
    """
    count = int(max(regions.max(), right.max())) + 1
    sums, counts = _sums(features, regions, count)
    own = _claim_sets(regions, claims)
    set_sums, set_counts = _sums(features, own, int(own.max()) + 1)
    near = _cosine(features[asked] @ sums.T, np.linalg.norm(sums, axis=1)[None], counts[None])  # (N, R)
    rows, home, same = np.arange(len(asked)), regions[asked], own[asked]
    rest = sums[home] - set_sums[same]
    left = counts[home] - set_counts[same]
    near[rows, home] = _cosine((features[asked] * rest).sum(1), np.linalg.norm(rest, axis=1), left)
    target = near[rows, right]
    beaten = (near >= target[:, None]).sum(1) - 1.0
    return np.where(np.isfinite(target), beaten, np.nan)


def chance_of_right(beaten: np.ndarray, regions: int, ways: int = WAYS) -> np.ndarray:
    """Probability that the right region is picked among `ways`, the others drawn evenly from all: exact, so no draw is made.

    beaten (N,): how many of the `regions - 1` others would be preferred; NaN passes through. With C(n, k) the binomial coefficient it
    is C(regions - 1 - beaten, ways - 1) / C(regions - 1, ways - 1).
    """
    others, drawn = regions - 1, min(ways, regions) - 1
    rest = others - beaten
    with np.errstate(invalid="ignore"):
        log = _log_choose(np.maximum(rest, drawn), drawn) - _log_choose(np.asarray(float(others)), drawn)
        return np.where(np.isnan(beaten), np.nan, np.where(rest >= drawn, np.exp(log), 0.0))


def _log_choose(n: np.ndarray, k: int) -> np.ndarray:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def _claim_sets(regions: np.ndarray, claims: Sequence[tuple[str, ...]]) -> np.ndarray:
    named: dict[tuple[int, tuple[str, ...]], int] = {}
    return np.array(
        [named.setdefault((int(r), tuple(sorted(c))), len(named)) for r, c in zip(regions, claims, strict=True)], dtype=int
    )


def _sums(features: np.ndarray, groups: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    sums = np.zeros((count, features.shape[1]))
    np.add.at(sums, groups, features)
    return sums, np.bincount(groups, minlength=count).astype(float)


def _cosine(products: np.ndarray, norms: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Products over norms; minus infinity where no caption is behind the sum."""
    return np.where(np.broadcast_to(counts > 0, products.shape), products / np.maximum(norms, 1e-12), -np.inf)
