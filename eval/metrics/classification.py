"""Zero-shot classification: the region whose class captions lie nearest to the image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from cytoscribe.eval.metrics.bootstrap import Estimate, Statistic, estimate, estimates


@dataclass(frozen=True)
class RegionFigures:
    """How one region fared: precision and recall are plain values, `f1` carries the interval; n is its number of images."""

    region: str
    precision: float
    recall: float
    f1: Estimate


@dataclass(frozen=True)
class Classification:
    """`confusion` (K, K) counts, rows true, columns predicted, both in the order of `regions`."""

    macro_f1: Estimate
    accuracy: Estimate
    per_region: tuple[RegionFigures, ...]
    confusion: np.ndarray
    regions: tuple[str, ...]


def classify(
    truth: np.ndarray, predicted: np.ndarray, regions: tuple[str, ...], weights: np.ndarray, clusters: np.ndarray
) -> Classification:
    """Figures of known images: truth and predicted (N,) int index `regions`; weights (B, N) as `draw_weights` gives them from
    `clusters` (N,). A region whose images all lie in one cluster gets no interval: nothing says how it varies between clusters.

    Macro-F1 is the mean over the regions that have images, so a region that was not tested neither helps nor harms, while images
    called by its name count against their own region.
    """
    size = len(regions)
    confusion = np.zeros((size, size), dtype=int)
    np.add.at(confusion, (truth, predicted), 1)
    support = confusion.sum(1)
    scores = estimates(region_f1(truth, predicted, size), weights, support.tolist())
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.diag(confusion) / confusion.sum(0)
        recall = np.diag(confusion) / confusion.sum(1)
    spread = [len(set(clusters[truth == k].tolist())) > 1 for k in range(size)]
    f1 = [score if wide else replace(score, ci95=None) for score, wide in zip(scores, spread, strict=True)]
    rows = [RegionFigures(r, float(precision[k]), float(recall[k]), f1[k]) for k, r in enumerate(regions) if support[k]]
    return Classification(
        macro_f1=estimate(macro_f1(truth, predicted, size), weights),
        accuracy=estimate(accuracy(truth, predicted), weights),
        per_region=tuple(rows),
        confusion=confusion,
        regions=regions,
    )


def macro_f1(truth: np.ndarray, predicted: np.ndarray, size: int) -> Statistic:
    """Statistic: mean F1 over the regions that have images in the replicate (as scikit-learn's, with `labels` so chosen)."""
    each = region_f1(truth, predicted, size)
    return lambda weights: _mean_of_present(each(weights))


def region_f1(truth: np.ndarray, predicted: np.ndarray, size: int) -> Statistic:
    """Statistic (B, size): F1 of each region, NaN where it has no images in the replicate."""
    true, called = _indicator(truth, size), _indicator(predicted, size)
    hits = true.multiply(called).tocsr()

    def statistic(weights: np.ndarray) -> np.ndarray:
        found, there, named = (np.asarray(weights @ m) for m in (hits, true, called))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(there > 0, 2 * found / (there + named), np.nan)

    return statistic


def accuracy(truth: np.ndarray, predicted: np.ndarray) -> Statistic:
    """Statistic: share of images given their own region."""
    right = (truth == predicted).astype(np.float64)

    def statistic(weights: np.ndarray) -> np.ndarray:
        total = weights.sum(1)
        return np.where(total > 0, weights @ right / np.maximum(total, 1), np.nan)

    return statistic


def confusions(result: Classification, most: int = 10) -> list[tuple[str, str, int, float]]:
    """The commonest mistakes: (true, predicted, images, share of the true region's images), commonest first."""
    wrong = result.confusion * ~np.eye(len(result.regions), dtype=bool)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    found = []
    for row, column in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[row, column]:
            share = wrong[row, column] / result.confusion[row].sum()
            found.append((result.regions[row], result.regions[column], int(wrong[row, column]), float(share)))
    return found


def _indicator(codes: np.ndarray, size: int) -> csr_array:
    """(N, size) sparse, one where a sample's region is."""
    return csr_array((np.ones(codes.size), (np.arange(codes.size), codes)), shape=(codes.size, size))


def _mean_of_present(values: np.ndarray) -> np.ndarray:
    there = np.isfinite(values)
    count = there.sum(1)
    return np.where(count > 0, np.where(there, values, 0).sum(1) / np.maximum(count, 1), np.nan)
