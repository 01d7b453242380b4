"""A trained model that encodes each image once, so that several evaluations of it cost one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cytoscribe.core.records import ImageRecord
from cytoscribe.training.images import Skipped
from cytoscribe.training.model.model_folder import TrainedModel


class RememberedModel:
    """Stands for a `TrainedModel`; features of images lie in `path` (safetensors, by image path) between runs."""

    def __init__(self, model: TrainedModel, path: Path) -> None:
        self._model, self._path = model, path
        self._known: dict[str, Tensor] = {}
        if path.exists():
            from safetensors.torch import load_file

            self._known = load_file(path)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode_images(self, records: Sequence[ImageRecord], batch_size: int = 64, skipped: list[Skipped] | None = None) -> Tensor:
        """As the model's own, (N, D)."""
        from safetensors.torch import save_file

        new = [r for r in records if str(r.path) not in self._known]
        if new:
            features = self._model.encode_images(new, batch_size, skipped)
            self._known |= {str(r.path): f.clone() for r, f in zip(new, features, strict=True)}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            save_file(self._known, self._path)
        return torch.stack([self._known[str(r.path)] for r in records])
