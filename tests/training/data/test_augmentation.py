"""Augmentation changes what it should, leaves alone what is switched off, and repeats itself by the seed."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.data.augmentation import (
    NONE,
    Augmentation,
    applied,
    augmented,
    draw,
    joined,
    of_known_scale,
    preset,
)
from cytoscribe.training.settings import AUGMENTATIONS


def pictures(count: int = 4, side: int = 40) -> torch.Tensor:
    """Smooth gradients with one dark corner, (N, 3, side, side) uint8."""
    ramp = torch.linspace(60, 220, side)
    image = torch.stack([ramp.expand(side, side), ramp.expand(side, side).T, torch.full((side, side), 150.0)])
    image[:, :8, :8] = 20
    return image.byte().repeat(count, 1, 1, 1)


def run(strengths: Augmentation, seed: int = 0, side: int = 40) -> torch.Tensor:
    return augmented(pictures(), side, strengths, torch.Generator().manual_seed(seed))


def test_nothing_switched_on_changes_nothing() -> None:
    assert (run(NONE) - pictures().float() / 255).abs().max() < 1e-5


def test_the_seed_decides() -> None:
    assert torch.equal(run(preset("strong"), 3), run(preset("strong"), 3))
    assert not torch.equal(run(preset("strong"), 3), run(preset("strong"), 4))


@pytest.mark.parametrize("name", ["mild", "strong", "auto"])
def test_output_is_an_image_of_the_size_asked_for(name: str) -> None:
    out = run(preset(name), side=24)
    assert out.shape == (4, 3, 24, 24)
    assert out.min() >= 0
    assert out.max() <= 1
    assert torch.isfinite(out).all()


@pytest.mark.parametrize(
    "part", ["stain", "tint", "light", "blur", "noise", "zoom", "shift", "rotate", "flips", "grey", "close", "other"]
)
def test_each_part_alone_does_something(part: str) -> None:
    strength = {"rotate": 90.0, "blur": 2.0, "flips": 1.0, "grey": 1.0, "other": 1.0}.get(part, 0.3)
    more = {"hue": 60.0, "spread": 0.5, "ground": 0.5} if part == "other" else {}
    assert (run(replace(NONE, **{part: strength}, **more)) - run(NONE)).abs().max() > 0.02


def test_laminar_keeps_the_pia_on_its_side() -> None:
    """Mirrored left to right and turned a little, never upside down: the dark corner stays in the upper half."""
    kept = replace(NONE, rotate=preset("strong", laminar=True).rotate, turnable=False, flips=0.5)
    out = torch.cat([run(kept, seed) for seed in range(8)]).mean(1)
    assert (out[:, :12].amin((1, 2)) < 0.25).all()
    assert (out[:, -8:].amin((1, 2)) > 0.25).all()


def test_stain_jitter_keeps_glass_clear() -> None:
    """Optical density of white is nought, so scaling a stain's density leaves it white up to the offset."""
    white = torch.full((2, 3, 16, 16), 255, dtype=torch.uint8)
    out = augmented(white, 16, replace(NONE, stain=0.3), torch.Generator().manual_seed(0))
    assert out.min() > 0.9


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_parts_that_were_drawn_apart_make_the_same_pictures_together(name: str) -> None:
    """As on a GPU, where a batch's parts are drawn one by one and then augmented at once."""
    strengths = preset(name)
    apart = torch.cat([run(strengths, seed) for seed in (5, 6)])
    draws = joined([draw(4, 40, strengths, torch.Generator().manual_seed(seed)) for seed in (5, 6)])
    together = applied(pictures(8), 40, strengths, draws)
    assert (together - apart).abs().max() < 1e-5


def test_auto_leaves_a_known_scale_alone() -> None:
    """Tiles that were cut at one scale in micrometres show it in use too."""
    tile = ImageRecord(path=Path("tile.png"), region="a", attributes={"side_px": "96"})
    assert of_known_scale([tile])
    assert not of_known_scale([tile, replace(tile, attributes={})])
    assert not of_known_scale([])
    free, cut = preset("auto"), preset("auto", measured=True)
    assert free == preset("strong")
    assert (cut.zoom, cut.close, cut.balanced) == (0.1, 0.0, False)
    assert replace(cut, zoom=free.zoom, close=free.close, balanced=True) == free
    assert preset("strong", measured=True) == free


def test_enlargement_alone_never_shrinks() -> None:
    scales = draw(400, 8, replace(NONE, close=0.7), torch.Generator().manual_seed(0)).scale
    assert math.exp(-0.7) - 1e-6 <= scales.min() < 0.6
    assert 0.9 < scales.max() <= 1 + 1e-6


def test_unknown_preset_is_named() -> None:
    with pytest.raises(InputError, match="unknown augmentation 'wild'"):
        preset("wild")
