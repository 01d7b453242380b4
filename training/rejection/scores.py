"""Scores that order images by how unlike the known regions they are. Higher is stranger; pytorch-ood computes what it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cytoscribe.training.settings import SCORE_NAMES

NEIGHBOURS = 10


@dataclass(frozen=True)
class ScoreContext:
    """What scores compare with: classes (K, D) caption features; bank (B, D) training features with labels (B,) in 0..K-1;
    probe (K, D + 1), a logistic regression on the bank, its last column the intercept. Features are L2-normalised float32."""

    classes: Tensor
    bank: Tensor
    labels: Tensor
    probe: Tensor
    logit_scale: float

    def with_classes(self, classes: Tensor) -> ScoreContext:
        """The same bank, seen through other class captions (K', D)."""
        return replace(self, classes=classes)

    def tensors(self) -> dict[str, Tensor]:
        """What must be stored to load the context again."""
        return {"classes": self.classes, "bank": self.bank, "labels": self.labels, "probe": self.probe}

    @staticmethod
    def from_tensors(tensors: dict[str, Tensor], logit_scale: float) -> ScoreContext:
        return ScoreContext(tensors["classes"], tensors["bank"], tensors["labels"], tensors["probe"], logit_scale)


def context_from(classes: Tensor, bank: Tensor, labels: Tensor, logit_scale: float) -> ScoreContext:
    """Context of a model whose training features are `bank`; fits the probe."""
    return ScoreContext(classes, bank, labels, fit_probe(bank, labels, len(classes)), logit_scale)


def fit_probe(bank: Tensor, labels: Tensor, classes: int, strength: float = 10.0) -> Tensor:
    """Logistic regression on features (B, D): (K, D + 1) weights, zero for a class that has no training image.

    strength: inverse regularisation, scikit-learn's C; features have unit length.
    """
    from sklearn.linear_model import LogisticRegression

    weights = torch.zeros(classes, bank.shape[1] + 1)
    present = labels.unique()
    if len(present) < 2:
        return weights
    model = LogisticRegression(C=strength, max_iter=1000).fit(bank.numpy(), labels.numpy())
    coefficients = torch.from_numpy(model.coef_).float()
    intercepts = torch.from_numpy(model.intercept_).float()
    if len(present) == 2:  # scikit-learn stores one row for two classes
        coefficients, intercepts = torch.cat([-coefficients, coefficients]) / 2, torch.cat([-intercepts, intercepts]) / 2
    weights[present, :-1], weights[present, -1] = coefficients, intercepts
    return weights


def mcm(features: Tensor, context: ScoreContext) -> Tensor:
    """Maximum concept matching (Ming et al. 2022): minus the highest softmax over the class captions."""
    from pytorch_ood.detector import MCM

    return MCM(None, context.classes, temperature=1 / context.logit_scale).predict_features(features)


def max_cosine(features: Tensor, context: ScoreContext) -> Tensor:
    """Minus the highest cosine to a class caption (max logit)."""
    return -(features @ context.classes.T).max(1).values


def energy(features: Tensor, context: ScoreContext) -> Tensor:
    """Energy (Liu et al. 2020) of the similarities to the class captions."""
    from pytorch_ood.detector import EnergyBased

    return EnergyBased.score(context.logit_scale * features @ context.classes.T, t=1.0)


def probe_energy(features: Tensor, context: ScoreContext) -> Tensor:
    """Energy of a linear probe's logits on the image features."""
    from pytorch_ood.detector import EnergyBased

    return EnergyBased.score(_probe_logits(features, context), t=1.0)


def probe_softmax(features: Tensor, context: ScoreContext) -> Tensor:
    """Minus the highest softmax of the linear probe (Hendrycks & Gimpel 2017)."""
    from pytorch_ood.detector import MaxSoftmax

    return MaxSoftmax.score(_probe_logits(features, context))


def knn(features: Tensor, context: ScoreContext) -> Tensor:
    """Distance to the k-th nearest training image (Sun et al. 2022), k = 10 or all there are."""
    k = min(NEIGHBOURS, len(context.bank))
    nearest = torch.cat([(part @ context.bank.T).topk(k, dim=1).values[:, -1] for part in features.split(1024)])
    return (2 - 2 * nearest.double()).clamp(min=0).sqrt()


def relative_mahalanobis(features: Tensor, context: ScoreContext) -> Tensor:
    """Mahalanobis distance to the nearest class less that to all training images (Ren et al. 2021)."""
    from pytorch_ood.detector import RMD

    detector = RMD(None)
    detector.fit_features(context.bank, context.labels)
    return detector.predict_features(features)


def _probe_logits(features: Tensor, context: ScoreContext) -> Tensor:
    return features @ context.probe[:, :-1].T + context.probe[:, -1]


SCORES: dict[str, Callable[[Tensor, ScoreContext], Tensor]] = {name: globals()[name] for name in SCORE_NAMES}
"""Each name of the settings to the function of that name above. All but `mcm`, `max_cosine` and `energy` look at training images,
not at captions."""
