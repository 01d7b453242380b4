"""What evaluation asks of a model: `training.model_folder.TrainedModel` gives it, and so may any other encoder with a rejector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cytoscribe.core.records import ImageRecord

if TYPE_CHECKING:
    from torch import Tensor


class LabelSetter(Protocol):
    """Sets of plausible regions that hold the true one in at least 1 - alpha of cases."""

    @property
    def own_reference(self) -> tuple[int, ...]: ...

    def p_values(self, features: Tensor) -> np.ndarray: ...


class Rejector(Protocol):
    """Scores (N,), higher for images more like nothing known, and conformal p-values of "this is a known region"."""

    @property
    def alpha(self) -> float: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def sources(self) -> Mapping[str, Any]: ...

    def label_sets(self) -> LabelSetter | None: ...

    def for_source(self, name: str) -> Rejector | None: ...

    def recalibrated(self, class_features: Tensor) -> Rejector: ...

    def scores(self, image_features: Tensor, class_features: Tensor | None = None) -> np.ndarray: ...

    def p_values(self, scores: np.ndarray, predicted: Sequence[int] | np.ndarray | None = None) -> np.ndarray: ...

    def rejects(self, scores: np.ndarray, predicted: Sequence[int] | np.ndarray | None = None) -> np.ndarray: ...


class Model(Protocol):
    """Encoders into one space (features (N, D), L2-normalised, float32, on the CPU), the known regions and the rejector."""

    @property
    def folder(self) -> Path: ...

    @property
    def regions(self) -> tuple[str, ...]: ...

    @property
    def class_captions(self) -> dict[str, list[str]]: ...

    @property
    def logit_scale(self) -> float: ...

    @property
    def rejection(self) -> Rejector: ...

    @property
    def normalisation(self) -> object: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...

    @property
    def appearance(self) -> Any: ...

    def measures(self, records: Sequence[ImageRecord]) -> np.ndarray: ...

    def strangeness(self, features: Tensor) -> float: ...

    def normalised_to(self, records: Sequence[ImageRecord]) -> Model: ...

    def encode_images(self, records: Sequence[ImageRecord], batch_size: int = 64, skipped: list[Any] | None = None) -> Tensor: ...

    def encode_texts(self, texts: Sequence[str]) -> Tensor: ...

    def class_features(self, class_captions: Mapping[str, Sequence[str]] | None = None) -> Tensor: ...
