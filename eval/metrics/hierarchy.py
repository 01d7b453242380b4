"""Mistakes by parent region: to call one occipital area another is less wrong than to call it motor cortex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytoscribe.eval.metrics.bootstrap import Estimate, Statistic, estimate


@dataclass(frozen=True)
class Hierarchy:
    """Parents of the model's regions: code (K,) int for each region, -1 where the table gives no parent; `names` of the codes."""

    code: np.ndarray
    names: tuple[str, ...]

    @property
    def useful(self) -> bool:
        """True where some parent has two of the model's regions, so that a mistake can stay within it."""
        given = self.code[self.code >= 0]
        return given.size > len(set(given.tolist()))


def read_parents(path: Path) -> dict[str, str]:
    """Region to parent, by every name of a region table."""
    from cytoscribe.literature_mining.regions.table import read_regions

    return {
        name: region.parent for region in read_regions(path, drop_shared=True).regions for name in region.names if region.parent
    }


def hierarchy(regions: Sequence[str], parents: Mapping[str, str]) -> Hierarchy:
    """Look the model's regions up in the table."""
    found = [parents.get(r, "") for r in regions]
    names = tuple(sorted({p for p in found if p}))
    place = {name: i for i, name in enumerate(names)}
    return Hierarchy(np.array([place.get(p, -1) for p in found], dtype=int), names)


def parent_figures(truth: np.ndarray, predicted: np.ndarray, tree: Hierarchy, weights: np.ndarray) -> dict[str, Estimate]:
    """Figures of known images whose region has a parent; truth and predicted (N,) int, weights (B, N).

    `hierarchy.parent_accuracy`: share given a region of the right parent. `hierarchy.near_mistakes`: share of the mistakes that stay
    within the parent, with `.chance` the share if mistakes fell evenly on all other regions.
    """
    there = tree.code[truth] >= 0
    truth, predicted, weights = truth[there], predicted[there], weights[:, there]
    if not truth.size:
        return {}
    wrong = truth != predicted
    near = tree.code[truth] == tree.code[predicted]
    siblings = np.array([(tree.code == tree.code[t]).sum() - 1 for t in truth]) / max(len(tree.code) - 1, 1)
    everyone = np.ones(truth.size, dtype=bool)
    figures = {"hierarchy.parent_accuracy": estimate(_share(near, everyone), weights)}
    if wrong.any():
        count = int(wrong.sum())
        figures["hierarchy.near_mistakes"] = estimate(_share(near, wrong), weights, count)
        figures["hierarchy.near_mistakes_by_chance"] = estimate(_share(siblings, wrong), weights, count)
    return figures


def _share(values: np.ndarray, among: np.ndarray) -> Statistic:
    def statistic(weights: np.ndarray) -> np.ndarray:
        total = weights @ among.astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(total > 0, weights @ (values * among) / total, np.nan)

    return statistic
