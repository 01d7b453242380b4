"""The loss term of captions that state all an image shows: which are drawn, what is remembered, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cytoscribe.training.losses import whole_contrast
from cytoscribe.training.memory import CaptionMemory
from cytoscribe.training.whole_captions import WholeCaptions

CHUNK = 64


@dataclass(frozen=True)
class WholeTerm:
    """captions: of the training images; memory: their features; most: how many are encoded in a step; weight: of the term."""

    captions: WholeCaptions
    memory: CaptionMemory
    most: int
    weight: float

    def draw(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Sorted indices of the captions that are encoded with these images."""
        return self.captions.draw(images, self.most, rng)

    def loss(self, features: Tensor, fresh: Tensor, images: np.ndarray, drawn: np.ndarray) -> Tensor:
        """Of image features (N, D) and the features `fresh` (m, D) of the captions drawn, which are remembered for later steps."""
        own = torch.from_numpy(self.captions.fits(images, np.arange(len(self.captions.texts)))).to(features.device)
        rows = torch.from_numpy(drawn).to(features.device)
        texts = self.memory.with_fresh(rows, fresh)
        self.memory.remember(rows, fresh)
        return self.weight * whole_contrast(features, texts, own, rows)

    @torch.no_grad()
    def refresh(self, encode: Callable[[np.ndarray], Tensor]) -> None:
        """Encode every caption again, so that nothing remembered is older than an epoch. encode: indices (m,) to features (m, D)."""
        for rows in np.array_split(np.arange(len(self.captions.texts)), -(-len(self.captions.texts) // CHUNK)):
            self.memory.remember(torch.from_numpy(rows).to(self.memory.features.device), encode(rows))
