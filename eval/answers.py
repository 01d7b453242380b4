"""What the model says of each image: the region named, how sure, and whether it is rejected as unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import write_csv
from cytoscribe.eval.model import Model
from cytoscribe.eval.samples import Samples

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Answers:
    """One row an image. features (N, D) L2-normalised; probabilities (N, K) of the softmax over class captions at the trained
    temperature; predicted (N,) int; scores (N,), higher for stranger images; p_values (N,); rejected (N,) bool;
    region_p (N, K): p-values of each region for the set of plausible ones, None where the model cannot give it; alpha of both;
    notes of the rejector."""

    features: np.ndarray
    probabilities: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray
    p_values: np.ndarray
    rejected: np.ndarray
    region_p: np.ndarray | None = None
    alpha: float = 0.05
    notes: tuple[str, ...] = ()

    @property
    def plausible(self) -> np.ndarray | None:
        """(N, K) bool: the conformal label sets."""
        return None if self.region_p is None else self.region_p > self.alpha


@dataclass(frozen=True)
class Encoded:
    """Features (N, D) of the records that could be read; `kept` (M,) bool says which of the M asked for; `skipped` why not the rest."""

    features: Tensor
    kept: np.ndarray
    skipped: tuple[Any, ...]


NORMALISE = ("none", "source")


def for_source(model: Model, records: Sequence[ImageRecord], normalise: str) -> Model:
    """The model for images of this source: with `source` it brings them near those of training, with `none` they stay as they are.

    Raises InputError for another word, and where there are too few images to normalise.
    """
    if normalise not in NORMALISE:
        raise InputError(f"unknown normalisation '{normalise}'", where="--normalise", fix=f"use {' or '.join(NORMALISE)}")
    return model.normalised_to(records) if normalise == "source" else model


def encode(model: Model, records: Sequence[ImageRecord], batch_size: int = 64) -> Encoded:
    """Encode images; those that cannot be read are named and left out."""
    import torch

    skipped: list[Any] = []
    features = model.encode_images(records, batch_size=batch_size, skipped=skipped)
    kept = torch.isfinite(features).all(1)
    return Encoded(features[kept], kept.numpy(), tuple(skipped))


def answer(model: Model, features: Tensor, class_captions: Mapping[str, Sequence[str]] | None = None) -> Answers:
    """Name and judge images from their features (N, D), by the model's own class captions or by those given.

    Through other captions images lie at other distances, so the rejector is calibrated anew for them.
    """
    import torch

    classes = model.class_features(class_captions)
    rejector = model.rejection if class_captions is None else model.rejection.recalibrated(classes)
    near = features @ classes.T  # (N, K)
    predicted = near.argmax(1).numpy()
    scores = rejector.scores(features)
    sets = rejector.label_sets()
    return Answers(
        features=features.numpy(),
        probabilities=torch.softmax(near * model.logit_scale, dim=1).numpy(),
        predicted=predicted,
        scores=scores,
        p_values=rejector.p_values(scores, predicted),
        rejected=np.asarray(rejector.rejects(scores, predicted), dtype=bool),
        region_p=sets.p_values(features) if sets is not None else None,
        alpha=rejector.alpha,
        notes=tuple(rejector.notes),
    )


COLUMNS = ("image_path", "row", "region", "known", "predicted", "probability", "score", "p_value", "rejected", "subject", "section")


def write_answers(
    path: Path, samples: Samples, answers: Answers, regions: Sequence[str], single: Mapping[str, np.ndarray] | None = None
) -> None:
    """Write predictions.csv, one row an image, in the order of the images table; `single` are further columns (N,), NaN left empty."""
    more = dict(single or {})
    rows = [
        (
            record.path.resolve(),
            record.row,
            record.region,
            "no" if truth < 0 else "yes",
            regions[int(answers.predicted[i])],
            f"{answers.probabilities[i].max():.6f}",
            f"{answers.scores[i]:.6f}",
            f"{answers.p_values[i]:.6f}",
            "yes" if answers.rejected[i] else "no",
            record.subject,
            record.section,
            *("" if np.isnan(values[i]) else f"{values[i]:.6g}" for values in more.values()),
        )
        for i, (record, truth) in enumerate(zip(samples.records, samples.truth, strict=True))
    ]
    write_csv(path, (*COLUMNS, *more), rows)
