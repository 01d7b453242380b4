"""Gated cross-attention before some layers of a frozen decoder (Flamingo, Alayrac et al. 2022).

Both gates start at zero, so that the decoder computes at first exactly what it did before.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cytoscribe.training.captioner.resampler import HEADS, attention

ABOUT = 8
"""Cross-attentions that a decoder gets where `every` is 0; a decoder with fewer layers gets one before each."""


class GatedCrossAttention(nn.Module):
    """Text attends to an image's latents; what it finds is added through a tanh gate."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.norm, self.norm_forward = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.query, self.key_value, self.out = nn.Linear(hidden, width), nn.Linear(width, 2 * width), nn.Linear(width, hidden)
        self.forward_net = nn.Sequential(nn.Linear(hidden, 2 * width), nn.GELU(), nn.Linear(2 * width, hidden))
        self.gate, self.gate_forward = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))

    def forward(self, states: Tensor, latents: Tensor) -> Tensor:
        """states (B, S, H) of the decoder, in its precision, and latents (B, L, W) to (B, S, H)."""
        text = states.float()
        key, value = self.key_value(latents).chunk(2, dim=-1)
        found = self.out(attention(self.query(self.norm(text)), key, value, HEADS))
        added = torch.tanh(self.gate) * found
        added = added + torch.tanh(self.gate_forward) * self.forward_net(self.norm_forward(text + added))
        return states + added.to(states.dtype)


def places(layers: int, every: int) -> list[int]:
    """Decoder layers that get a cross-attention before them.

    every: distance, 0 for about eight in the upper three quarters: layers below the first one cost no backward pass.
    """
    if every:
        return list(range(0, layers, every))
    if layers <= ABOUT:
        return list(range(layers))
    first = layers // 4
    return sorted({first + round(i * (layers - 1 - first) / (ABOUT - 1)) for i in range(ABOUT)})
