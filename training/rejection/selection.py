"""Choosing rejection scores without ever looking at an unseen region: each known one is left out in turn and played by.

The fold's context has neither the left-out region's captions nor its training images, and its probe is fitted again; only the
encoder has seen it. So the figures flatter every score alike: they rank scores, they promise nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cytoscribe.training.data.label_sets import HeldOut
from cytoscribe.training.rejection.conformal import Rejection, calibrate, combine, raw_scores
from cytoscribe.training.rejection.scores import SCORES, ScoreContext, context_from

DEFAULT = ("knn",)
LEAST_IMAGES = 5
MOST_COMBINED = 3
LEAST_GAIN = 0.002
"""A larger combination must beat a smaller one by this much AUROC, or the smaller is kept."""


@dataclass(frozen=True)
class Choice:
    """The scores to combine; auroc: mean over folds of every combination that was tried, by names joined with " + "; folds: the
    regions left out. With fewer than three regions to play with, DEFAULT is kept and `folds` is empty."""

    names: tuple[str, ...]
    auroc: dict[str, float]
    folds: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """For calibration.json: how the choice was made, and the ten best combinations."""
        best = sorted(self.auroc.items(), key=lambda item: -item[1])[:10]
        how = (
            "mean AUROC over folds that leave one known region out"
            if self.folds
            else "default: fewer than three regions to leave out"
        )
        return {"how": how, "left_out": list(self.folds), "auroc": dict(best)}


def choose_scores(context: ScoreContext, features: Tensor, labels: np.ndarray, regions: Sequence[str]) -> Choice:
    """Best combination by mean AUROC over folds that leave one known region out. features (M, D): held-out images, labels (M,)."""
    folds = [k for k in range(len(regions)) if (labels == k).sum() >= LEAST_IMAGES]
    if len(folds) < 3:
        return Choice(DEFAULT, {}, ())
    tried: dict[tuple[str, ...], list[float]] = {}
    for left_out in folds:
        raw = raw_scores(tuple(SCORES), features, without(context, left_out))
        strange = labels == left_out
        centre = {n: float(s[~strange].mean()) for n, s in raw.items()}
        spread = {n: float(s[~strange].std()) or 1.0 for n, s in raw.items()}
        for names in _combinations():
            score = combine({n: raw[n] for n in names}, centre, spread)
            tried.setdefault(names, []).append(_auroc(score, strange))
    means = {names: float(np.mean(values)) for names, values in tried.items()}
    return Choice(_best(means), {" + ".join(n): round(m, 4) for n, m in means.items()}, tuple(regions[k] for k in folds))


def chosen_and_calibrated(
    context: ScoreContext,
    held_out: HeldOut,
    regions: tuple[str, ...],
    alpha: float,
    scores: Sequence[str] = (),
    split: str = "val",
    unit: str = "image",
) -> Rejection:
    """Rejector that combines `scores`, or those that the folds choose where () is given; it says which of the two it was."""
    features, labels = held_out.features, held_out.labels
    told: dict[str, Any] = {"given": True}
    if not scores:
        choice = choose_scores(context, features, labels.numpy(), regions)
        scores, told = choice.names, choice.told()
    return replace(calibrate(scores, features, context, regions, alpha, split, held_out, unit), chosen_by=told)


def without(context: ScoreContext, region: int) -> ScoreContext:
    """The context as if the region had never been known."""
    kept = torch.arange(len(context.classes)) != region
    rows = context.labels != region
    labels = context.labels[rows] - (context.labels[rows] > region).long()
    return context_from(context.classes[kept], context.bank[rows], labels, context.logit_scale)


def _combinations() -> list[tuple[str, ...]]:
    return [c for size in range(1, MOST_COMBINED + 1) for c in combinations(SCORES, size)]


def _best(means: dict[tuple[str, ...], float]) -> tuple[str, ...]:
    chosen = max((n for n in means if len(n) == 1), key=lambda n: means[n])
    for size in range(2, MOST_COMBINED + 1):
        larger = max((n for n in means if len(n) == size), key=lambda n: means[n])
        if means[larger] > means[chosen] + LEAST_GAIN:
            chosen = larger
    return chosen


def _auroc(scores: np.ndarray, strange: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(strange, scores))
