"""The regions that an image may be, as a set that holds the true one at a stated rate, instead of one name alone.

A conformal label set (Sadinle, Lei and Wasserman 2019): region k stays plausible for an image where more than a share alpha of
held-out images of known regions fit their own region no better than the image fits k. If new images are exchangeable with those held
out, the true region is in the set in at least 1 - alpha of cases. A set may be empty: then no known region is plausible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cytoscribe.training.rejection.p_values import p_values


@dataclass(frozen=True)
class HeldOut:
    """Images of known regions that no training saw: features (M, D) L2-normalised, labels (M,) int64 index into the regions;
    clusters (M,) int64: the subject of each where images of one subject hang together, else None."""

    features: Tensor
    labels: Tensor
    clusters: Tensor | None = None

    def tensors(self) -> dict[str, Tensor]:
        """What must be stored to have them again."""
        clusters = {} if self.clusters is None else {"held_clusters": self.clusters}
        return {"held_features": self.features, "held_labels": self.labels, **clusters}

    @staticmethod
    def from_tensors(tensors: dict[str, Tensor]) -> HeldOut | None:
        """Read back; None where the folder was written without them."""
        if "held_features" not in tensors:
            return None
        return HeldOut(tensors["held_features"], tensors["held_labels"], tensors.get("held_clusters"))


@dataclass(frozen=True)
class LabelSets:
    """Sets for images seen through classes (K, D), the regions' caption features, at the softmax scale `logit_scale`.

    least: held-out images of a region from which on it has a reference of its own (19 for alpha = 0.05); the others share all.
    """

    held_out: HeldOut
    classes: Tensor
    logit_scale: float
    alpha: float
    least: int

    def p_values(self, features: Tensor) -> np.ndarray:
        """(N, K) p-value of "this image is of region k" for image features (N, D)."""
        strange = self._strangeness(features)
        own = self._strangeness(self.held_out.features)
        labels = self.held_out.labels.numpy()
        reference = own[np.arange(len(labels)), labels]
        columns = []
        for k in range(strange.shape[1]):
            rows = self._rows(labels, k)
            clusters = None if self.held_out.clusters is None else self.held_out.clusters.numpy()[rows]
            columns.append(p_values(strange[:, k], reference[rows], clusters, self.least))
        return np.stack(columns, axis=1)

    def plausible(self, features: Tensor) -> np.ndarray:
        """(N, K) bool: the regions that stay plausible at alpha. With too few held-out images every region does."""
        return self.p_values(features) > self.alpha

    @property
    def own_reference(self) -> tuple[int, ...]:
        """Regions (their indices) with enough held-out images for a reference of their own."""
        labels = self.held_out.labels.numpy()
        return tuple(k for k in range(len(self.classes)) if self._units(labels == k) >= self.least)

    def _strangeness(self, features: Tensor) -> np.ndarray:
        """One less the softmax probability of each region, (N, K)."""
        return 1.0 - torch.softmax((features @ self.classes.T).double() * self.logit_scale, dim=1).numpy()

    def _rows(self, labels: np.ndarray, region: int) -> np.ndarray:
        """(M,) bool: the held-out images that a region is compared with."""
        own = labels == region
        return own if self._units(own) >= self.least else np.ones_like(own)

    def _units(self, rows: np.ndarray) -> int:
        clusters = self.held_out.clusters
        return int(rows.sum()) if clusters is None else np.unique(clusters.numpy()[rows]).size
