"""How an image gets its name: by the nearest class captions, by the training images it resembles, or by both together.

Captions name regions that no image was ever shown of; training images, where there are some, know how this laboratory's sections
look. Their log-probabilities are added and normalised (a product of experts, Hinton 2002): the label connects the two.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.eval.answers import Answers

WAYS = ("captions", "images", "both")
_FLOOR = 1e-12


def named(answers: Answers, model: Any, by: str) -> Answers:
    """The same answers with probabilities (N, K) and names from captions, training images or both.

    `images` is the logistic regression on the features of the training images that a model folder holds for its rejector. Scores,
    p-values and sets of plausible regions stay those of the captions. Raises InputError for a model without training images.
    """
    if by not in WAYS:
        raise InputError(f"unknown way to name '{by}'", fix=f"use one of {', '.join(WAYS)}")
    if by == "captions":
        return answers
    images = _by_images(answers.features, model)
    probabilities = images if by == "images" else product(answers.probabilities, images)
    return replace(answers, probabilities=probabilities, predicted=probabilities.argmax(1))


def _by_images(features: np.ndarray, model: Any) -> np.ndarray:
    """(N, K) softmax of the probe on the model's training images."""
    context = getattr(model.rejection, "context", None)
    if context is None or not bool(context.probe.any()):
        raise InputError("the model holds no training images to name by", where=model.folder, fix="name by captions")
    probe = context.probe.numpy().astype(np.float64)
    return normalised(features @ probe[:, :-1].T + probe[:, -1])


def product(first: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(N, K): the normalised product of two sets of probabilities."""
    return normalised(log(first) + log(other))


def log(probabilities: np.ndarray) -> np.ndarray:
    """Natural logarithm, bounded below so that one expert alone cannot veto."""
    return np.log(np.maximum(probabilities.astype(np.float64), _FLOOR))


def normalised(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, in float64."""
    stable = np.exp(logits - logits.max(1, keepdims=True))
    return stable / stable.sum(1, keepdims=True)
