"""What brings a model to images of another microscope, without labels: framing and colour first, then the features.

Each step is checked by the model's own answers and taken back where it does not make them clearer: the mutual information of images
and names must rise. Chosen on LISC and the written microscopes of benchmarks/other_microscopes.py, and on training's own validation images,
which must be left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from cytoscribe.core.records import ImageRecord
from cytoscribe.training.data import normalisation
from cytoscribe.training.data.normalisation import AS_IS, SAMPLE, Normalisation
from cytoscribe.training.model.alignment import Alignment, class_means, fit, information
from cytoscribe.training.rejection.scores import knn

if TYPE_CHECKING:
    from cytoscribe.training.model.model_folder import TrainedModel

CLEARER = 0.02
"""Nats by which the information must rise for a change to stay. Of 0 to 0.04, on 54 draws of LISC and simulated images under three models:
the greatest mean gain of macro-F1 (0.018), and training's own images are left unchanged (benchmarks/robustness.py)."""
ENOUGH = 60
"""With fewer images a class of a few cells decides where all features are moved, so they are not."""


@dataclass(frozen=True)
class Brought:
    """What was kept: normalisation of the images, alignment of their features (None: left as they are). said: a line a step."""

    normalisation: Normalisation = AS_IS
    alignment: Alignment | None = None
    said: tuple[str, ...] = ()


def fitted(model: TrainedModel, records: Sequence[ImageRecord]) -> Brought:
    """Both steps, on a sample of the records. Raises InputError where none can be read."""
    sample = _sample(records, SAMPLE)
    seen: dict[Normalisation, Tensor] = {}

    def features(tried: Normalisation) -> Tensor:
        if tried not in seen:
            seen[tried] = replace(model, normalisation=tried, alignment=None).features_of(sample)
        return seen[tried]

    found = normalisation.fit(lambda tried: float(knn(features(tried), model.rejection.context).mean()), not model.balanced)
    framed = _kept_if_clearer(model, features(AS_IS), features(found.normalisation))
    images = found.normalisation if framed else AS_IS
    said = [f"images {images}: distance to the training images {found.before:.3f} before, {found.after:.3f} normalised"]
    if found.normalisation != AS_IS and not framed:
        said = [f"images left as they are: {found.normalisation}, they would be no clearer to the model"]
    alignment, told = _aligned(model, features(images))
    return Brought(replace(images, aligned=alignment is not None), alignment, (*said, told))


def _aligned(model: TrainedModel, features: Tensor) -> tuple[Alignment | None, str]:
    held_out = model.rejection.held_out
    if held_out is None or len(features) < ENOUGH:
        why = "the model keeps no held-out images" if held_out is None else f"{len(features)} images are too few, it takes {ENOUGH}"
        return None, f"features left as they are: {why}"
    classes = model.rejection.context.classes
    means = class_means(held_out.features, held_out.labels, len(classes))
    alignment = fit(features, classes, means, model.logit_scale)
    if not _kept_if_clearer(model, features, alignment.of(features)):
        return None, "features left as they are: aligned, they would be no clearer to the model"
    return alignment, f"features moved by {float(alignment.shift.norm()):.2f} towards those of the training images"


def _kept_if_clearer(model: TrainedModel, before: Tensor, after: Tensor) -> bool:
    classes = model.rejection.context.classes
    then, now = (information(f, classes, model.logit_scale) for f in (before, after))
    return now >= then + CLEARER


def _sample(records: Sequence[ImageRecord], most: int) -> list[ImageRecord]:
    chosen = np.random.default_rng(0).permutation(len(records))[:most]
    return [records[i] for i in sorted(chosen)]
