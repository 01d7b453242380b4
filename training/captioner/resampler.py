"""A light perceiver resampler: any number of vision tokens becomes a few latents that the decoder looks at.

After the resampler of Flamingo (Alayrac et al. 2022): learned queries attend to the image's tokens and to themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

HEADS = 4
TOKEN_DROPOUT = 0.2
NOISE = 0.1
"""In training, share of grid tokens that are left out, and standard deviation of the noise on standardised tokens: encoded images
are kept on disk, so that no augmentation of pixels can do this."""


@dataclass(frozen=True)
class Shape:
    """What the vision side gives for an image. tokens: of its grid, 0 for none; width: of each; vector: width of its one vector, 0 for
    none."""

    tokens: int
    width: int
    vector: int


@dataclass(frozen=True)
class Seen:
    """Encoded images. grid (B, T, E) and vector (B, D) float32; T or D may be 0."""

    grid: Tensor
    vector: Tensor

    def __len__(self) -> int:
        return len(self.grid)

    def rows(self, index: Tensor) -> Seen:
        """The images at `index`."""
        return Seen(self.grid[index], self.vector[index])

    def to(self, device: torch.device) -> Seen:
        return Seen(self.grid.to(device).float(), self.vector.to(device).float())

    @property
    def shape(self) -> Shape:
        return Shape(self.grid.shape[1], self.grid.shape[2], self.vector.shape[1])

    @staticmethod
    def joined(parts: list[Seen]) -> Seen:
        """All images of the parts, in order."""
        return Seen(torch.cat([p.grid for p in parts]), torch.cat([p.vector for p in parts]))


class Resampler(nn.Module):
    """Vision tokens of an image to latents (B, L, width)."""

    def __init__(self, shape: Shape, latents: int, width: int, layers: int) -> None:
        super().__init__()
        self.shape = shape
        for name, size in (("grid", shape.width if shape.tokens else 0), ("vector", shape.vector)):
            self.register_buffer(f"{name}_centre", torch.zeros(size))
            self.register_buffer(f"{name}_spread", torch.ones(size))
        self.from_grid = nn.Linear(shape.width, width) if shape.tokens else None
        self.from_vector = nn.Linear(shape.vector, width) if shape.vector else None
        self.place = nn.Parameter(torch.randn(shape.tokens, width) * 0.02)
        self.queries = nn.Parameter(torch.randn(latents, width) * 0.02)
        self.layers = nn.ModuleList(ResamplerLayer(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    @torch.no_grad()
    def standardise(self, seen: Seen) -> None:
        """Take mean and standard deviation of the training images."""
        for name, values in (("grid", seen.grid.flatten(0, 1)), ("vector", seen.vector)):
            if values.numel():
                known = values.float()
                self.get_buffer(f"{name}_centre").copy_(known.mean(0))
                self.get_buffer(f"{name}_spread").copy_(known.std(0, correction=0).clamp(min=1e-4))

    def forward(self, seen: Seen) -> Tensor:
        """(B, L, width) float32."""
        parts = []
        if self.from_vector is not None:
            vector = (seen.vector - self.get_buffer("vector_centre")) / self.get_buffer("vector_spread")
            parts.append(self.from_vector(self._noisy(vector))[:, None])
        if self.from_grid is not None:
            grid = (seen.grid - self.get_buffer("grid_centre")) / self.get_buffer("grid_spread")
            parts.append(self._some(self.from_grid(self._noisy(grid)) + self.place))
        tokens = torch.cat(parts, dim=1)
        latents = self.queries.expand(len(tokens), -1, -1)
        for layer in self.layers:
            latents = layer(latents, tokens)
        return self.norm(latents)

    def _noisy(self, values: Tensor) -> Tensor:
        return values + NOISE * torch.randn_like(values) if self.training else values

    def _some(self, tokens: Tensor) -> Tensor:
        if not self.training or tokens.shape[1] < 4:
            return tokens
        kept = torch.randperm(tokens.shape[1])[: round(tokens.shape[1] * (1 - TOKEN_DROPOUT))]
        return tokens[:, kept.to(tokens.device)]


class ResamplerLayer(nn.Module):
    """Latents attend to the tokens and to themselves, then a small feed-forward network."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_latents, self.norm_tokens, self.norm_out = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key_value, self.out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.forward_net = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, latents: Tensor, tokens: Tensor) -> Tensor:
        """latents (B, L, W), tokens (B, T, W) to (B, L, W)."""
        asked = self.norm_latents(latents)
        key, value = self.key_value(torch.cat([self.norm_tokens(tokens), asked], dim=1)).chunk(2, dim=-1)
        latents = latents + self.out(attention(self.query(asked), key, value, HEADS))
        return latents + self.forward_net(self.norm_out(latents))


def attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Multi-head attention without a mask: (B, Q, W) and (B, K, W) twice to (B, Q, W)."""
    q, k, v = (t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (query, key, value))
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
