"""Features of another microscope's images moved to where training's lie, without labels.

Another microscope moves the features of all classes in much the same direction. How far is read from the images' own classes, as the
model names them by its captions: the mean over classes, each weighed alike however many images it has, of the distance between the
images named so and training's held-out ones. Naming and moving take turns (a hard look at whole-set means would take a source with
many neutrophils for one that turns all cells into neutrophils).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

ROUNDS = 10
WEIGHT_OF_PRIOR = 5.0
"""Images that a class needs before it counts by half."""


@dataclass(frozen=True)
class Alignment:
    """shift: (D,) that is taken off every image feature before it is scaled to unit length again."""

    shift: Tensor

    def of(self, features: Tensor) -> Tensor:
        """Features (N, D), aligned; rows of NaN stay so."""
        return functional.normalize(features - self.shift, dim=-1)


def class_means(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """(K, D) mean feature of each class; of all where a class has none."""
    own = functional.one_hot(labels, classes).float()
    counts = own.sum(0)[:, None]
    return torch.where(counts > 0, own.T @ features / counts.clamp(min=1), features.mean(0))


def fit(features: Tensor, classes: Tensor, means: Tensor, scale: float) -> Alignment:
    """Alignment of features (N, D). classes (K, D) caption features; means (K, D) of held-out images of training; scale of the softmax."""
    shift = torch.zeros(features.shape[1])
    for _ in range(ROUNDS):
        share = torch.softmax(scale * Alignment(shift).of(features) @ classes.T, dim=1)  # (N, K)
        counts = share.sum(0)
        own = share.T @ features / counts.clamp(min=1e-6)[:, None]
        weight = counts / (counts + WEIGHT_OF_PRIOR)
        shift = ((own - means) * weight[:, None]).sum(0) / weight.sum()
    return Alignment(shift)


def information(features: Tensor, classes: Tensor, scale: float) -> float:
    """Mutual information of images (N, D) and the names that the softmax over the captions (K, D) gives them, in nats: high where
    names are sure and not all the same (Krause, Perona and Gomes 2010). The check on what was changed without labels."""
    share = torch.softmax(scale * features @ classes.T, dim=1)
    return float(_entropy(share.mean(0)) - _entropy(share).mean())


def _entropy(share: Tensor) -> Tensor:
    return -(share * share.clamp(min=1e-12).log()).sum(-1)
