"""Augmentation for stained sections and smears, on whole batches: framing, stain, light, focus, noise.

Every image of a batch gets draws of its own from one generator, so a step that is run again makes the same images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.data.staining import Recolouring, recoloured, restained
from cytoscribe.training.settings import AUGMENTATIONS, ImageOptions

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Augmentation:
    """Strengths; 0 switches a part off.

    rotate: largest turn in degrees; flips: share of images mirrored along each axis (vertical only where `turnable`);
    zoom: natural logarithm of the largest change of scale; close: the same, of further enlargement alone; shift: share of the side;
    stain: relative change of each stain's optical density (Tellez et al. 2018); tint: change of each colour channel's gain;
    light: change of brightness and contrast; other: share of images that are shown under another stain and on another background, in
    place of the three before; hue, spread, ground: how far these lie off (`Recolouring.drawn`); blur: largest sigma in pixels;
    noise: standard deviation in [0, 1]; grey: share of images that lose their colour; balanced: the model is shown every image with its
    background made white, in training and in use (`staining.balanced`).
    """

    rotate: float = 180.0
    flips: float = 0.5
    turnable: bool = True
    zoom: float = 0.35
    close: float = 0.55
    shift: float = 0.08
    stain: float = 0.3
    tint: float = 0.15
    light: float = 0.25
    other: float = 0.8
    hue: float = 50.0
    spread: float = 0.8
    ground: float = 0.7
    blur: float = 1.2
    noise: float = 0.03
    grey: float = 0.1
    balanced: bool = True


NONE = Augmentation(0, 0, True, *[0.0] * 13, balanced=False)
PRESETS = {
    "none": NONE,
    "mild": Augmentation(
        zoom=0.15,
        close=0,
        shift=0.04,
        stain=0.1,
        tint=0.04,
        light=0.1,
        other=0,
        hue=0,
        spread=0,
        ground=0,
        blur=0.5,
        noise=0.01,
        grey=0,
        balanced=False,
    ),
    "strong": Augmentation(),
}
"""`strong` is for models that must hold under other stains, cameras and framings; `mild` for one lab's material."""


def preset(name: str, laminar: bool = False, measured: bool = False) -> Augmentation:
    """The named strengths; laminar keeps the pia on its side: turns up to 10 degrees and mirrors left to right only.

    `auto` is `strong`; measured: the images were cut at a known scale, which new ones will share (`of_known_scale`), so `auto` leaves
    it as it is but for a tenth, and leaves the light too: such squares may lie within tissue and show no background. Raises
    InputError for another name.
    """
    if name not in AUGMENTATIONS:
        raise InputError(f"unknown augmentation '{name}'", fix=f"use one of {', '.join(AUGMENTATIONS)}")
    chosen = PRESETS["strong" if name == "auto" else name]
    if name == "auto" and measured:
        chosen = replace(chosen, zoom=0.1, close=0.0, balanced=False)
    return replace(chosen, rotate=min(10.0, chosen.rotate), turnable=False) if laminar else chosen


def strengths_of(options: ImageOptions, records: Sequence[ImageRecord]) -> Augmentation:
    """What a run's options mean for these training images."""
    return preset(options.augmentation, options.laminar, of_known_scale(records))


def of_known_scale(records: Sequence[ImageRecord]) -> bool:
    """True where the table says of every image how large a square of a section it shows (columns of cut-tiles)."""
    return bool(records) and all(r.attributes.get("side_px") for r in records)


@dataclass(frozen=True)
class Draws:
    """What chance decides about B images. angle in radians, scale of the pixel's side, mirror (B, 2) 1 or -1, shift (B, 2) in half
    sides; stain (B, 3) factors and stain_offset (B, 3) of optical densities, None where the stain stays; contrast, brightness,
    tint (B, 3), grey (B,) bool; recolouring, and other (B,) bool: which images it is for, None where there are none; sigma in pixels
    and blurred (B,) bool, None without blur; grain (B, 3, px, px), None without noise."""

    angle: Tensor
    scale: Tensor
    mirror: Tensor
    shift: Tensor
    stain: Tensor | None
    stain_offset: Tensor | None
    tint: Tensor
    contrast: Tensor
    brightness: Tensor
    grey: Tensor
    recolouring: Recolouring | None
    other: Tensor | None
    sigma: Tensor | None
    blurred: Tensor | None
    grain: Tensor | None

    def to(self, device: torch.device) -> Draws:
        """The same on another device."""
        moved: dict[str, Any] = {name: None if value is None else value.to(device) for name, value in self.__dict__.items()}
        return Draws(**moved)


def augmented(squares: Tensor, px: int, strengths: Augmentation, generator: torch.Generator) -> Tensor:
    """(B, 3, S, S) uint8 to (B, 3, px, px) float32 in [0, 1]; with all strengths 0 a plain resize."""
    return applied(squares, px, strengths, draw(len(squares), px, strengths, generator))


def draw(count: int, px: int, strengths: Augmentation, generator: torch.Generator, device: torch.device = CPU) -> Draws:
    """Draws for `count` images, on the CPU but for the grain: on another device that is made there, from a seed of the generator's."""
    angle = _uniform(count, math.radians(strengths.rotate), generator)
    scale = torch.exp(_uniform(count, strengths.zoom + strengths.close / 2, generator) - strengths.close / 2)
    mirror = 1 - 2 * (torch.rand(count, 2, generator=generator) < strengths.flips).float()
    if not strengths.turnable:
        mirror[:, 1] = 1
    shift = (torch.rand(count, 2, generator=generator) * 2 - 1) * strengths.shift * 2
    stain = offset = sigma = blurred = grain = recolouring = other = None
    if strengths.stain:
        stain = 1 + (torch.rand(count, 3, generator=generator) * 2 - 1) * strengths.stain
        offset = (torch.rand(count, 3, generator=generator) * 2 - 1) * strengths.stain * 0.1
    tint = 1 + (torch.rand(count, 3, generator=generator) * 2 - 1) * strengths.tint
    contrast = 1 + _uniform(count, strengths.light, generator)
    brightness = _uniform(count, strengths.light * 0.5, generator)
    grey = torch.rand(count, generator=generator) < strengths.grey
    if strengths.other:
        other = torch.rand(count, generator=generator) < strengths.other
        recolouring = Recolouring.drawn(count, strengths.hue, strengths.spread, strengths.ground, generator)
    if strengths.blur:
        sigma = torch.rand(count, generator=generator) * strengths.blur
        blurred = torch.rand(count, generator=generator) < 0.5
    if strengths.noise:
        deviation = strengths.noise * torch.rand(count, 1, 1, 1, generator=generator)
        grain = deviation.to(device) * _normal((count, 3, px, px), generator, device)
    return Draws(
        *(angle, scale, mirror, shift, stain, offset, tint, contrast, brightness, grey),
        *(recolouring, other, sigma, blurred, grain),
    )


def joined(parts: Sequence[Draws]) -> Draws:
    """The draws of several parts of a batch as those of the batch."""
    columns = {name: [getattr(part, name) for part in parts] for name in parts[0].__dict__}
    whole: dict[str, Any] = {name: None if values[0] is None else _joined(values) for name, values in columns.items()}
    return Draws(**whole)


def _joined(values: list[Any]) -> Any:
    return Recolouring.joined(values) if isinstance(values[0], Recolouring) else torch.cat(values)


def applied(squares: Tensor, px: int, strengths: Augmentation, draws: Draws) -> Tensor:
    """(B, 3, S, S) uint8 to (B, 3, px, px) float32 in [0, 1], on the device of `squares`."""
    draws = draws.to(squares.device)
    images = _framed(squares.float() / 255.0, px, draws)
    images = _coloured(images, draws)
    images = torch.where(draws.grey[:, None, None, None], images.mean(1, keepdim=True), images)
    images = _blurred(images, strengths.blur, draws)
    if draws.grain is not None:
        images = images + draws.grain
    return images.clamp(0, 1)


def _uniform(count: int, reach: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator) * 2 - 1) * reach


def _normal(shape: tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
    if device.type == "cpu":
        return torch.randn(shape, generator=generator)
    there = torch.Generator(device).manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
    return torch.randn(shape, generator=there, device=device)


def _framed(images: Tensor, px: int, draws: Draws) -> Tensor:
    """Turn, mirror, scale and shift in one resampling; what lies outside is mirrored in."""
    cosine, sine = torch.cos(draws.angle) * draws.scale, torch.sin(draws.angle) * draws.scale
    mirror, shift = draws.mirror, draws.shift
    rows = [torch.stack([cosine * mirror[:, 0], -sine * mirror[:, 1], shift[:, 0]], 1)]
    rows.append(torch.stack([sine * mirror[:, 0], cosine * mirror[:, 1], shift[:, 1]], 1))
    grid = functional.affine_grid(torch.stack(rows, 1), [len(images), 3, px, px], align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _coloured(images: Tensor, draws: Draws) -> Tensor:
    """Stain and light a little off, or another stain on another background."""
    near = images if draws.stain is None or draws.stain_offset is None else restained(images, draws.stain, draws.stain_offset)
    near = _relit(near, draws)
    if draws.recolouring is None or draws.other is None:
        return near
    return torch.where(draws.other[:, None, None, None], recoloured(images, draws.recolouring), near)


def _relit(images: Tensor, draws: Draws) -> Tensor:
    centre = images.mean((1, 2, 3), keepdim=True)
    contrast, brightness = draws.contrast[:, None, None, None], draws.brightness[:, None, None, None]
    return ((images - centre) * contrast + centre + brightness) * draws.tint[:, :, None, None]


def _blurred(images: Tensor, largest: float, draws: Draws) -> Tensor:
    """Gaussian blur of half the images, each by its own sigma: an objective out of focus."""
    if draws.sigma is None or draws.blurred is None:
        return images
    count, side = len(images), images.shape[-1]
    reach = min(max(1, math.ceil(2 * largest)), side - 1)
    offsets = torch.arange(-reach, reach + 1, device=images.device).float()
    kernel = torch.exp(-(offsets**2) / (2 * draws.sigma.clamp(min=0.05)[:, None] ** 2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0)  # (3B, 2 * reach + 1)
    flat = functional.pad(images.reshape(1, -1, side, side), (reach,) * 4, mode="reflect")
    flat = functional.conv2d(flat, kernel[:, None, :, None], groups=3 * count)
    flat = functional.conv2d(flat, kernel[:, None, None, :], groups=3 * count)
    return torch.where(draws.blurred[:, None, None, None], flat.view_as(images), images)
