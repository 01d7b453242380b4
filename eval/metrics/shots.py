"""Naming by a few images: how good are the means of k training images of each region, without any caption?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from cytoscribe.core.errors import InputError
from cytoscribe.eval.answers import Answers
from cytoscribe.eval.metrics.bootstrap import estimate
from cytoscribe.eval.metrics.classification import macro_f1
from cytoscribe.eval.metrics.measures import MeasuredFigures, Resampling
from cytoscribe.eval.model import Model
from cytoscribe.eval.samples import Samples

DRAWS = 10
"""Draws of the k images; the figure is their mean."""


def few_shot(model: Model, samples: Samples, answers: Answers, shots: Sequence[int], draws: Resampling) -> MeasuredFigures:
    """`few_shot.K.macro_f1` for each K of `shots`, from training images whose features the model folder keeps; known images are named by
    the nearest mean. The encoder has seen those images: the curve says what further images of the same kind would add.
    """
    if not shots:
        return MeasuredFigures()
    context = check_shots(model, shots)
    labels = context.labels.numpy()
    known = ~samples.unseen
    truth, features = samples.truth[known], torch.from_numpy(answers.features[known])
    figures = {}
    for k in shots:
        named = [_nearest(features, context.bank, labels, k, seed, len(model.regions)) for seed in range(DRAWS)]
        each = [macro_f1(truth, n, len(model.regions)) for n in named]
        figures[f"few_shot.{k}.macro_f1"] = estimate(lambda w, e=each: np.mean([s(w) for s in e], axis=0), draws.weights[:, known])
    return MeasuredFigures(figures)


def check_shots(model: Model, shots: Sequence[int]) -> Any:
    """What the model keeps of its training images. Raises InputError where that is nothing, and where a region has too few images."""
    context = getattr(model.rejection, "context", None)
    if shots and context is None:
        raise InputError("the model keeps no features of training images", where=model.folder, fix="leave --few-shot out")
    fewest = int(np.bincount(context.labels.numpy(), minlength=len(model.regions)).min()) if shots and context is not None else 0
    if max(shots, default=0) > fewest:
        raise InputError(f"--few-shot {max(shots)}, and a region has {fewest} training images", fix=f"give at most {fewest}")
    return context


def _nearest(features: torch.Tensor, bank: torch.Tensor, labels: np.ndarray, k: int, seed: int, regions: int) -> np.ndarray:
    rng = np.random.default_rng([seed, k])
    rows = [rng.permutation(np.flatnonzero(labels == r))[:k] for r in range(regions)]
    means = torch.stack([torch.nn.functional.normalize(bank[torch.from_numpy(r)].mean(0), dim=0) for r in rows])
    return (features @ means.T).argmax(1).numpy()
