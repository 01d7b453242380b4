"""Are the model's probabilities and p-values what they say? And how good is it on the images it is surest of?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cytoscribe.eval.metrics.bootstrap import Statistic

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Bins of equal width over stated probability: mean stated, share right and number of images in each bin that holds any."""

    stated: np.ndarray
    right: np.ndarray
    count: np.ndarray


def reliability(stated: np.ndarray, right: np.ndarray, bins: int = BINS) -> Reliability:
    """Bin images by the probability of the region named; stated (N,) in [0, 1], right (N,) bool."""
    place = _bin(stated, bins)
    count = np.bincount(place, minlength=bins)
    there = count > 0
    mean = [np.bincount(place, weights=v.astype(float), minlength=bins)[there] / count[there] for v in (stated, right)]
    return Reliability(mean[0], mean[1], count[there])


def calibration_error(stated: np.ndarray, right: np.ndarray, bins: int = BINS) -> Statistic:
    """Statistic: expected calibration error (Naeini et al. 2015), the mean distance between stated and found, by images."""
    place = _bin(stated, bins)
    member = np.eye(bins)[place]  # (N, bins)
    gap = member * (stated - right.astype(float))[:, None]

    def statistic(weights: np.ndarray) -> np.ndarray:
        return _share(np.abs(weights @ gap).sum(1), weights.sum(1))

    return statistic


def area_of_risk(sureness: np.ndarray, right: np.ndarray) -> Statistic:
    """Statistic: area under the risk-coverage curve (Geifman and El-Yaniv 2017): mean error over all shares of images answered,
    surest first. Ties are taken in the order of the images."""
    order = np.argsort(-sureness, kind="stable")
    wrong = ~right[order]

    def statistic(weights: np.ndarray) -> np.ndarray:
        answered = np.cumsum(weights[:, order], axis=1)
        errors = np.cumsum(weights[:, order] * wrong, axis=1)
        risk = errors / np.maximum(answered, 1)
        return _share((risk * weights[:, order]).sum(1), answered[:, -1])

    return statistic


def risk_coverage(sureness: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of images answered, surest first, and the share of wrong answers among them; both (N,)."""
    wrong = ~right[np.argsort(-sureness, kind="stable")]
    count = np.arange(1, wrong.size + 1)
    return count / wrong.size, np.cumsum(wrong) / count


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, NaN where a replicate drew no image at all (clusters of one side alone can be drawn)."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _bin(stated: np.ndarray, bins: int) -> np.ndarray:
    return np.clip((stated * bins).astype(int), 0, bins - 1)
