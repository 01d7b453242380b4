"""Colours of a stained image changed in optical density: another stain, another background, another camera.

Light that passes a stained section falls off exponentially with the stain's density (Lambert-Beer), so stains add in optical density,
-log(light), while lamp and background shift all pixels alike. Both are changed apart here: the background, read from the lightest part of
an image, is taken away before stains are turned, mixed and bent, and another one is put in its place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from skimage.color import hed_from_rgb, rgb_from_hed
from torch import Tensor
from torch.nn import functional

LIGHTEST = 0.12
"""Share of an image that is taken for its background."""
POOLED = 4
"""Side of the squares that are averaged before the background is read, so that noise and single bright pixels do not decide."""
DARKEST = 1 / 255
WHITE = 0.94
"""Light of a background that was made white: what is lighter still keeps room above."""
LEAST_LIGHT = 0.25
"""Background that is darker than this is taken for this: no channel is enlarged more than about four times."""
UNTOUCHED = 0.25
"""Share of the recoloured images that keep their own background."""


@dataclass(frozen=True)
class Recolouring:
    """What chance decides about the colours of B images: matrix (B, 3, 3), from optical densities to new ones; power (B, 3), the
    exponents that bend them; ground (B, 3), optical density of the new background; kept (B,) bool, whose own background stays."""

    matrix: Tensor
    power: Tensor
    ground: Tensor
    kept: Tensor

    def to(self, device: torch.device) -> Recolouring:
        """The same on another device."""
        return Recolouring(*(value.to(device) for value in self.__dict__.values()))

    @staticmethod
    def joined(parts: list[Recolouring]) -> Recolouring:
        """Those of several parts of a batch as those of the batch."""
        columns: dict[str, Any] = {name: torch.cat([getattr(part, name) for part in parts]) for name in parts[0].__dict__}
        return Recolouring(**columns)

    @staticmethod
    def drawn(count: int, hue: float, spread: float, ground: float, generator: torch.Generator) -> Recolouring:
        """hue: largest turn of the colours in degrees; spread: log of the largest change of saturation, bending, and of each channel's
        and the whole density, each a share of it; ground: largest optical density of the new background in one channel."""
        even = torch.full((3, 3), 1 / 3)
        saturation = torch.exp(-spread + torch.rand(count, generator=generator) * 1.5 * spread)
        muted = even + saturation[:, None, None] * (torch.eye(3) - even)
        gain = torch.exp(_within(count, 3, 0.3 * spread, generator) + _within(count, 1, 0.45 * spread, generator))
        turn = _turned(_within(count, 1, math.radians(hue), generator)[:, 0])
        tint = torch.rand(count, 3, generator=generator) ** 2 * ground
        new = 0.4 * ground * torch.rand(count, 1, generator=generator) + tint - tint.min(1, keepdim=True).values
        kept = torch.rand(count, generator=generator) < UNTOUCHED
        return Recolouring(torch.diag_embed(gain) @ muted @ turn, torch.exp(_within(count, 3, 0.3 * spread, generator)), new, kept)


def recoloured(images: Tensor, drawn: Recolouring) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] under other stains, before another background."""
    own = -torch.log(ground_of(images))
    density = -torch.log(images.clamp(min=DARKEST)) - own[:, :, None, None]
    density = density.sign() * density.abs().clamp(min=1e-4) ** drawn.power[:, :, None, None]
    density = torch.einsum("bdc,bchw->bdhw", drawn.matrix, density)
    ground = torch.where(drawn.kept[:, None], own, drawn.ground)
    return torch.exp(-(density + ground[:, :, None, None])).clamp(0, 1)


def balanced(images: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] with each one's background made white: lamp, filter and exposure fall away."""
    gain = WHITE / ground_of(images).clamp(min=LEAST_LIGHT)
    return (images * gain[:, :, None, None]).clamp(0, 1)


def restained(images: Tensor, factors: Tensor, offsets: Tensor) -> Tensor:
    """Images (B, 3, H, W) with haematoxylin, eosin and DAB changed apart in optical density (Tellez et al. 2018): factors and offsets
    (B, 3), one 3 x 3 matrix an image."""
    to_stain, to_rgb = (torch.tensor(m, dtype=torch.float32, device=images.device) for m in (hed_from_rgb, rgb_from_hed))
    matrix = to_stain @ torch.diag_embed(factors) @ to_rgb  # (B, 3, 3), rows are RGB densities
    density = -torch.log(images.clamp(min=DARKEST))
    density = torch.einsum("bchw,bcd->bdhw", density, matrix) + (offsets @ to_rgb)[:, :, None, None]
    return torch.exp(-density).clamp(0, 1)


def ground_of(images: Tensor) -> Tensor:
    """(B, 3) in 0.1 to 1: mean colour of the lightest part of each image (B, 3, H, W), which in a smear or section is glass."""
    side = min(images.shape[-2:])
    small = functional.avg_pool2d(images, POOLED) if side >= 8 * POOLED else images
    light = small.mean(1).flatten(1)
    chosen = light.topk(max(1, round(LIGHTEST * light.shape[1])), 1).indices
    return small.flatten(2).gather(2, chosen[:, None].expand(-1, 3, -1)).mean(2).clamp(0.1, 1)


def _within(count: int, columns: int, reach: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, columns, generator=generator) * 2 - 1) * reach


def _turned(angle: Tensor) -> Tensor:
    """(B, 3, 3): turns about the grey axis, which keep the mean density of a pixel and turn its hue by `angle` (B,) in radians."""
    cosine, sine = torch.cos(angle), torch.sin(angle)
    same, next_, last = (1 + 2 * cosine) / 3, (1 - cosine - math.sqrt(3) * sine) / 3, (1 - cosine + math.sqrt(3) * sine) / 3
    return torch.stack([same, next_, last, last, same, next_, next_, last, same], 1).view(-1, 3, 3)
