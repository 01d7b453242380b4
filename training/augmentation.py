"""Augmentation for stained sections and smears, on whole batches: framing, stain, illumination, focus, noise.

Every image of a batch gets draws of its own from one generator, so a step that is run again makes the same images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from skimage.color import hed_from_rgb, rgb_from_hed
from torch import Tensor
from torch.nn import functional

from cytoscribe.errors import InputError


@dataclass(frozen=True)
class Augmentation:
    """Strengths; 0 switches a part off.

    rotate: largest turn in degrees; flips: share of images mirrored along each axis (vertical only where `turnable`);
    zoom: natural logarithm of the largest change of scale; shift: share of the side; stain: relative change of each stain's
    optical density (Tellez et al. 2018); tint: change of each colour channel's gain; light: change of brightness and contrast;
    blur: largest sigma in pixels; noise: standard deviation in [0, 1]; grey: share of images that lose their colour.
    """

    rotate: float = 180.0
    flips: float = 0.5
    turnable: bool = True
    zoom: float = 0.35
    shift: float = 0.08
    stain: float = 0.3
    tint: float = 0.15
    light: float = 0.25
    blur: float = 1.2
    noise: float = 0.03
    grey: float = 0.1


NONE = Augmentation(0, 0, True, 0, 0, 0, 0, 0, 0, 0, 0)
PRESETS = {
    "none": NONE,
    "mild": Augmentation(zoom=0.15, shift=0.04, stain=0.1, tint=0.04, light=0.1, blur=0.5, noise=0.01, grey=0.0),
    "strong": Augmentation(),
}
"""`strong` is for models that must stand other stains and microscopes; `mild` for one lab's material."""


def preset(name: str, laminar: bool = False) -> Augmentation:
    """The named strengths; laminar keeps the pia on its side: turns up to 10 degrees and mirrors left to right only."""
    if name not in PRESETS:
        raise InputError(f"unknown augmentation '{name}'", fix=f"use one of {', '.join(PRESETS)}")
    chosen = PRESETS[name]
    if not laminar:
        return chosen
    return Augmentation(**{**chosen.__dict__, "rotate": min(10.0, chosen.rotate), "turnable": False})


def augmented(squares: Tensor, px: int, strengths: Augmentation, generator: torch.Generator) -> Tensor:
    """(B, 3, S, S) uint8 to (B, 3, px, px) float32 in [0, 1]; with all strengths 0 a plain resize."""
    images = _framed(squares.float() / 255.0, px, strengths, generator)
    images = _restained(images, strengths, generator)
    images = _relit(images, strengths, generator)
    images = _blurred(images, strengths.blur, generator)
    if strengths.noise:
        sigma = strengths.noise * torch.rand(len(images), 1, 1, 1, generator=generator)
        images = images + sigma * torch.randn(images.shape, generator=generator)
    return images.clamp(0, 1)


def _uniform(count: int, reach: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator) * 2 - 1) * reach


def _framed(images: Tensor, px: int, strengths: Augmentation, generator: torch.Generator) -> Tensor:
    """Turn, mirror, scale and shift in one resampling; what lies outside is mirrored in."""
    count = len(images)
    angle = _uniform(count, math.radians(strengths.rotate), generator)
    scale = torch.exp(_uniform(count, strengths.zoom, generator))
    mirror = 1 - 2 * (torch.rand(count, 2, generator=generator) < strengths.flips).float()
    if not strengths.turnable:
        mirror[:, 1] = 1
    shift = (torch.rand(count, 2, generator=generator) * 2 - 1) * strengths.shift * 2
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = [torch.stack([cosine * mirror[:, 0], -sine * mirror[:, 1], shift[:, 0]], 1)]
    rows.append(torch.stack([sine * mirror[:, 0], cosine * mirror[:, 1], shift[:, 1]], 1))
    grid = functional.affine_grid(torch.stack(rows, 1), [count, 3, px, px], align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _restained(images: Tensor, strengths: Augmentation, generator: torch.Generator) -> Tensor:
    """Scale and shift haematoxylin, eosin and DAB apart, in optical density: one 3 x 3 matrix an image."""
    if not strengths.stain:
        return images
    count = len(images)
    to_stain, to_rgb = (torch.tensor(m, dtype=torch.float32) for m in (hed_from_rgb, rgb_from_hed))
    gain = 1 + (torch.rand(count, 3, generator=generator) * 2 - 1) * strengths.stain
    offset = (torch.rand(count, 3, generator=generator) * 2 - 1) * strengths.stain * 0.1
    matrix = to_stain @ torch.diag_embed(gain) @ to_rgb  # (B, 3, 3), rows are RGB densities
    density = -torch.log(images.clamp(min=1 / 255))
    density = torch.einsum("bchw,bcd->bdhw", density, matrix) + (offset @ to_rgb)[:, :, None, None]
    return torch.exp(-density).clamp(0, 1)


def _relit(images: Tensor, strengths: Augmentation, generator: torch.Generator) -> Tensor:
    count = len(images)
    gain = 1 + (torch.rand(count, 3, 1, 1, generator=generator) * 2 - 1) * strengths.tint
    contrast = 1 + _uniform(count, strengths.light, generator)[:, None, None, None]
    brightness = _uniform(count, strengths.light * 0.5, generator)[:, None, None, None]
    centre = images.mean((1, 2, 3), keepdim=True)
    images = ((images - centre) * contrast + centre + brightness) * gain
    grey = (torch.rand(count, generator=generator) < strengths.grey)[:, None, None, None]
    return torch.where(grey, images.mean(1, keepdim=True), images)


def _blurred(images: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    """Gaussian blur of half the images, each by its own sigma: an objective out of focus."""
    if not largest:
        return images
    count, side = len(images), images.shape[-1]
    sigma = torch.rand(count, generator=generator) * largest
    chosen = torch.rand(count, generator=generator) < 0.5
    reach = min(max(1, math.ceil(2 * largest)), side - 1)
    offsets = torch.arange(-reach, reach + 1).float()
    kernel = torch.exp(-(offsets**2) / (2 * sigma.clamp(min=0.05)[:, None] ** 2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0)  # (3B, 2 * reach + 1)
    flat = functional.pad(images.reshape(1, -1, side, side), (reach,) * 4, mode="reflect")
    flat = functional.conv2d(flat, kernel[:, None, :, None], groups=3 * count)
    flat = functional.conv2d(flat, kernel[:, None, None, :], groups=3 * count)
    return torch.where(chosen[:, None, None, None], flat.view_as(images), images)
