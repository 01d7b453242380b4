"""Remembered features of captions: every step contrasts its images with all of them at the price of encoding a few.

As in cross-batch memory (Wang et al. 2020): features drift slowly, so those of the last steps serve as negatives without gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CaptionMemory(nn.Module):
    """features (M, D), L2-normalised. A buffer that checkpoints keep and exported models do not."""

    features: Tensor

    def __init__(self, captions: int, width: int) -> None:
        super().__init__()
        self.register_buffer("features", torch.zeros(captions, width), persistent=False)

    def with_fresh(self, captions: Tensor, fresh: Tensor) -> Tensor:
        """(M, D): the remembered features with these rows replaced; gradients flow through the fresh ones alone."""
        return self.features.clone().index_copy(0, captions, fresh)

    @torch.no_grad()
    def remember(self, captions: Tensor, fresh: Tensor) -> None:
        """Keep fresh features (m, D) of the captions at these indices (m,)."""
        self.features.index_copy_(0, captions, fresh.detach().to(self.features.dtype))
