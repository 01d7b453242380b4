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
from cytoscribe.eval.model import Model, Rejector
from cytoscribe.eval.reasons import REASON_COLUMNS, Reasons
from cytoscribe.eval.samples import Samples

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Answers:
    """One row an image. features (N, D) L2-normalised; probabilities (N, K) of the softmax over class captions at the trained
    temperature; predicted (N,) int; scores (N,), higher for stranger images; p_values (N,); rejected (N,) bool;
    region_p (N, K): p-values of each region for the set of plausible ones, NaN for images whose calibration gives none, None where that is
    so for all; alpha of both;
    notes of the rejector; sources: whose calibration each image (N,) was judged by, "" for the model's own, () for all that; reasons
    behind the answers, None where they were not requested."""

    features: np.ndarray
    probabilities: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray
    p_values: np.ndarray
    rejected: np.ndarray
    region_p: np.ndarray | None = None
    alpha: float = 0.05
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    reasons: Reasons | None = None

    @property
    def plausible(self) -> np.ndarray | None:
        """(N, K) bool: the conformal label sets; all False where the calibration gives none."""
        return None if self.region_p is None else self.region_p > self.alpha


@dataclass(frozen=True)
class Encoded:
    """Features (N, D) of the records that could be read; `kept` (M,) bool says which of the M requested; `skipped` why not the rest."""

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


def answer(
    model: Model,
    features: Tensor,
    class_captions: Mapping[str, Sequence[str]] | None = None,
    sources: Sequence[str] = (),
) -> Answers:
    """Name and judge images from their features (N, D), by the model's own class captions or by those given.

    Other captions change the distances of images, so the rejector is calibrated again for them. sources: (N,) the source of each
    image, () where none is known; images of one that the model was calibrated for are judged by that calibration.
    """
    import torch

    classes = model.class_features(class_captions)
    rejector = model.rejection if class_captions is None else model.rejection.recalibrated(classes)
    near = features @ classes.T  # (N, K)
    predicted = near.argmax(1).numpy()
    used = tuple(name if name in rejector.sources else "" for name in sources) or ("",) * len(features)
    judged = [
        _judged(rejector.for_source(name) or rejector, features, predicted, np.array(used) == name) for name in dict.fromkeys(used)
    ]
    judged = judged or [_judged(rejector, features, predicted, np.zeros(0, dtype=bool))]
    order = np.argsort(np.concatenate([j.rows for j in judged]), kind="stable")
    return Answers(
        features=features.numpy(),
        probabilities=torch.softmax(near * model.logit_scale, dim=1).numpy(),
        predicted=predicted,
        scores=np.concatenate([j.scores for j in judged])[order],
        p_values=np.concatenate([j.p_values for j in judged])[order],
        rejected=np.concatenate([j.rejected for j in judged])[order],
        region_p=_region_p(judged, order, len(classes)),
        alpha=rejector.alpha,
        notes=tuple(dict.fromkeys(note for j in judged for note in j.notes)),
        sources=used if any(used) else (),
    )


@dataclass(frozen=True)
class _Judged:
    """The images at `rows` as one calibration judges them."""

    rows: np.ndarray
    scores: np.ndarray
    p_values: np.ndarray
    rejected: np.ndarray
    region_p: np.ndarray | None
    notes: tuple[str, ...]


def _judged(rejector: Rejector, features: Tensor, predicted: np.ndarray, mask: np.ndarray) -> _Judged:
    import torch

    rows = np.flatnonzero(mask)
    own, named = features[torch.from_numpy(rows)], predicted[rows]
    scores, sets = rejector.scores(own), rejector.label_sets()
    return _Judged(
        rows=rows,
        scores=scores,
        p_values=rejector.p_values(scores, named),
        rejected=np.asarray(rejector.rejects(scores, named), dtype=bool),
        region_p=sets.p_values(own) if sets is not None else None,
        notes=tuple(rejector.notes),
    )


def _region_p(judged: Sequence[_Judged], order: np.ndarray, regions: int) -> np.ndarray | None:
    """(N, K) in the order of the images, NaN where a calibration gives no sets; None where none does."""
    if all(j.region_p is None for j in judged):
        return None
    parts = [np.full((len(j.rows), regions), np.nan) if j.region_p is None else j.region_p for j in judged]
    return np.concatenate(parts)[order]


SOURCE_COLUMN = "source"


def sources_of(model: Model, records: Sequence[ImageRecord], given: str = "") -> tuple[str, ...]:
    """The source of each record: the one `given` for all, else what the column `source` says; () where neither does.

    Raises InputError where the model was not calibrated for the source that is given.
    """
    known = model.rejection.sources
    if given and given not in known:
        there = f"use one of {', '.join(known)}" if known else "run recalibrate MODEL --source NAME first"
        raise InputError(f"the model was not calibrated for source '{given}'", where=model.folder, fix=there)
    names = tuple(given or r.attributes.get(SOURCE_COLUMN, "") for r in records)
    return names if any(names) else ()


COLUMNS = ("image_path", "row", "region", "known", "predicted", "probability", "score", "p_value", "rejected", "subject", "section")


def write_answers(
    path: Path, samples: Samples, answers: Answers, regions: Sequence[str], single: Mapping[str, np.ndarray] | None = None
) -> None:
    """Write predictions.csv, one row an image, in the order of the images table; `single` are further columns (N,), NaN left empty."""
    more = dict(single or {})
    why = answers.reasons
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
            *(() if why is None else why.cells(i)),
            *((answers.sources[i],) if answers.sources else ()),
        )
        for i, (record, truth) in enumerate(zip(samples.records, samples.truth, strict=True))
    ]
    told = (*(() if why is None else REASON_COLUMNS), *((SOURCE_COLUMN,) if answers.sources else ()))
    write_csv(path, (*COLUMNS, *more, *told), rows)
