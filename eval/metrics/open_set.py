"""Open-set figures: does the model say "unseen" of regions it was never shown, and still name the ones it knows?

Scores are higher where an image is more like nothing known; a rejector accepts what scores at most a threshold. All figures are
weighted and work on tied scores, since the bootstrap repeats samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cytoscribe.eval.metrics.bootstrap import Estimate, Statistic, estimate, weighted_mean


@dataclass(frozen=True)
class Accepted:
    """Share of known, of rightly named known, and of unseen images accepted at each threshold, ascending; each (B, T).

    The last point accepts everything. A point (0, 0, 0) that accepts nothing stands first.
    """

    known: np.ndarray
    right: np.ndarray
    unseen: np.ndarray


@dataclass(frozen=True)
class OpenSet:
    """Figures of rejection. `known_rejected` and `unseen_rejected` are at the model's own threshold; the rest sweep all of them."""

    auroc: Estimate
    fpr95: Estimate
    aupr: Estimate
    oscr: Estimate
    unseen_rejected: Estimate


def open_set(scores: np.ndarray, unseen: np.ndarray, right: np.ndarray, rejected: np.ndarray, weights: np.ndarray) -> OpenSet:
    """Figures over known and unseen images together.

    scores (N,) float; unseen, right (known and named rightly), rejected (N,) bool; weights (B, N).
    """
    n = scores.size
    return OpenSet(
        auroc=estimate(auroc(scores, unseen), weights, n),
        fpr95=estimate(fpr95(scores, unseen), weights, n),
        aupr=estimate(aupr(scores, unseen), weights, n),
        oscr=estimate(oscr(scores, unseen, right), weights, n),
        unseen_rejected=estimate(weighted_mean(np.where(unseen, rejected, np.nan)), weights, int(unseen.sum())),
    )


def auroc(scores: np.ndarray, unseen: np.ndarray) -> Statistic:
    """Statistic: probability that an unseen image scores above a known one, ties counting half."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        curve = accepted(scores, unseen, ~unseen, weights)
        return 1.0 - _area(curve.unseen, along=curve.known)

    return statistic


def fpr95(scores: np.ndarray, unseen: np.ndarray, known_accepted: float = 0.95) -> Statistic:
    """Statistic: share of unseen images accepted at the smallest threshold that accepts 95% of the known ones.

    Other libraries swap the roles (the share of known images rejected when 95% of the unseen are found), which gives other numbers.
    """

    def statistic(weights: np.ndarray) -> np.ndarray:
        curve = accepted(scores, unseen, ~unseen, weights)
        enough = curve.known >= known_accepted - 1e-12
        first = np.argmax(enough, axis=1)
        value = np.take_along_axis(curve.unseen, first[:, None], axis=1)[:, 0]
        return np.where(np.isfinite(curve.known[:, -1]), value, np.nan)

    return statistic


def aupr(scores: np.ndarray, unseen: np.ndarray) -> Statistic:
    """Statistic: average precision with unseen images as the positives (step-wise, as scikit-learn's `average_precision_score`)."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        groups, w = _tied(-scores), weights
        found = np.cumsum(_by_group(w * unseen, groups), axis=1)
        called = np.cumsum(_by_group(w, groups), axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.where(called > 0, found / called, 0.0)
            steps = np.diff(found, axis=1, prepend=0.0) / found[:, -1:]
        return (steps * precision).sum(1)

    return statistic


def oscr(scores: np.ndarray, unseen: np.ndarray, right: np.ndarray) -> Statistic:
    """Statistic: area under the open-set classification rate curve (Dhamija, Guenther and Boult 2018).

    At each threshold: the share of known images accepted and rightly named, over the share of unseen images accepted.
    """

    def statistic(weights: np.ndarray) -> np.ndarray:
        curve = accepted(scores, unseen, right & ~unseen, weights)
        return _area(curve.right, along=curve.unseen)

    return statistic


def accepted(scores: np.ndarray, unseen: np.ndarray, right: np.ndarray, weights: np.ndarray) -> Accepted:
    """Sweep the threshold over all scores, tied ones together; weights (B, N)."""
    groups = _tied(scores)
    parts = [np.cumsum(_by_group(weights * mask, groups), axis=1) for mask in (~unseen, right, unseen)]
    known, hits, strange = (np.pad(p, ((0, 0), (1, 0))) for p in parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Accepted(known / known[:, -1:], hits / known[:, -1:], strange / strange[:, -1:])


def _area(height: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Area under `height` as it changes with `along` (B, T), by trapezoids."""
    return (np.diff(along, axis=1) * (height[:, 1:] + height[:, :-1]) / 2).sum(1)


@dataclass(frozen=True)
class _Groups:
    order: np.ndarray
    starts: np.ndarray


def _tied(scores: np.ndarray) -> _Groups:
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return _Groups(order, starts)


def _by_group(weights: np.ndarray, groups: _Groups) -> np.ndarray:
    return np.add.reduceat(weights[:, groups.order], groups.starts, axis=1)
