"""Choosing rejection scores without ever looking at an unseen region: each known one is left out in turn and played by.

The fold's context has neither the left-out region's captions nor its training images, and its probe is fitted anew; only the
encoder has seen it. So the figures flatter every score alike: they rank scores, they promise nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.rejection import combine, raw_scores
from training.scores import SCORES, ScoreContext, context_from

DEFAULT = ("knn",)
LEAST_IMAGES = 5
MOST_COMBINED = 3
TIED = 0.002
"""AUROC within which combinations count as equally good: of those the one wins that asks in most ways."""
USEFUL = 0.8
"""AUROC that each score of a combination must reach by itself."""
WAYS = {
    "captions": ("mcm", "max_cosine", "energy"),
    "probe": ("probe_energy", "probe_softmax"),
    "neighbours": ("knn", "relative_mahalanobis"),
}
"""What scores compare an image with. The encoder has seen every region of the folds, so the best scores all come near to 1 there and
the folds cannot rank them; scores that compare with different things fail on different strangers."""


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


def without(context: ScoreContext, region: int) -> ScoreContext:
    """The context as if the region had never been known."""
    kept = torch.arange(len(context.classes)) != region
    rows = context.labels != region
    labels = context.labels[rows] - (context.labels[rows] > region).long()
    return context_from(context.classes[kept], context.bank[rows], labels, context.logit_scale)


def _combinations() -> list[tuple[str, ...]]:
    return [c for size in range(1, MOST_COMBINED + 1) for c in combinations(SCORES, size)]


def _best(means: dict[tuple[str, ...], float]) -> tuple[str, ...]:
    able = {names: mean for names, mean in means.items() if len(names) == 1 or _all_useful(names, means)}
    top = max(able.values())
    near = [names for names, mean in able.items() if mean >= top - TIED]
    return max(near, key=lambda names: (_ways(names), -len(names), means[names]))


def _all_useful(names: tuple[str, ...], means: dict[tuple[str, ...], float]) -> bool:
    return all(means[(name,)] >= USEFUL for name in names)


def _ways(names: tuple[str, ...]) -> int:
    return sum(any(name in members for name in names) for members in WAYS.values())


def _auroc(scores: np.ndarray, strange: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(strange, scores))
