"""Another stain on another background: what is glass stays glass, and what is not asked for does not change."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cytoscribe.training.data.staining import WHITE, Recolouring, balanced, ground_of, recoloured, restained


def smear(background: tuple[float, float, float] = (0.95, 0.9, 0.8), side: int = 32) -> Tensor:
    """A violet square on glass of one colour, (1, 3, side, side) in [0, 1]."""
    image = torch.tensor(background)[:, None, None].expand(3, side, side).clone()
    image[:, 8:20, 8:20] = torch.tensor([0.35, 0.2, 0.5])[:, None, None]
    return image[None]


def unchanged(count: int = 1) -> Recolouring:
    return Recolouring(torch.eye(3).repeat(count, 1, 1), torch.ones(count, 3), torch.zeros(count, 3), torch.ones(count).bool())


def test_the_background_is_read_from_the_lightest_part() -> None:
    assert torch.allclose(ground_of(smear()), torch.tensor([[0.95, 0.9, 0.8]]), atol=1e-5)


def test_single_bright_pixels_do_not_decide() -> None:
    glaring = smear((0.6, 0.6, 0.5))
    glaring[0, :, 30, 30] = 1
    assert float(ground_of(glaring).max()) < 0.7


def test_the_same_stain_on_the_same_background_is_the_same_image() -> None:
    assert torch.allclose(recoloured(smear(), unchanged()), smear(), atol=2e-3)


def test_the_new_background_is_the_one_drawn() -> None:
    yellow = torch.tensor([[0.1, 0.2, 0.7]])
    out = recoloured(smear(), Recolouring(torch.eye(3)[None], torch.ones(1, 3), yellow, torch.zeros(1).bool()))
    assert torch.allclose(out[0, :, 0, 0], torch.exp(-yellow[0]), atol=2e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 180), st.floats(0, 1.2), st.floats(0, 1))
def test_whatever_is_drawn_gives_images_with_dark_nuclei(seed: int, hue: float, spread: float, ground: float) -> None:
    drawn = Recolouring.drawn(4, hue, spread, ground, torch.Generator().manual_seed(seed))
    out = recoloured(smear().repeat(4, 1, 1, 1), drawn)
    assert torch.isfinite(out).all()
    assert (out >= 0).all()
    assert (out <= 1).all()
    assert (out[:, :, 14, 14].mean(1) < out[:, :, 1, 1].mean(1)).all()


@pytest.mark.parametrize("hue", [30.0, 120.0])
def test_a_turn_of_hue_keeps_the_mean_density(hue: float) -> None:
    matrix = Recolouring.drawn(5, hue, 0.0, 0.0, torch.Generator().manual_seed(1)).matrix
    assert torch.allclose(matrix.sum(1), torch.ones(5, 3), atol=1e-5)
    assert torch.allclose(matrix @ matrix.transpose(1, 2), torch.eye(3).expand(5, 3, 3), atol=1e-5)


def test_stains_off_by_nothing_leave_the_image() -> None:
    assert torch.allclose(restained(smear(), torch.ones(1, 3), torch.zeros(1, 3)), smear(), atol=1e-4)


@pytest.mark.parametrize("lamp", [(0.9, 0.8, 0.45), (0.6, 0.7, 0.9)])
def test_the_lamp_falls_away(lamp: tuple[float, float, float]) -> None:
    """The same cells under another light are the same once their background is white."""
    plain = smear((1.0, 1.0, 1.0))
    lit = plain * torch.tensor(lamp)[:, None, None]
    assert torch.allclose(balanced(lit), balanced(plain), atol=1e-5)
    assert torch.allclose(ground_of(balanced(lit)), torch.full((1, 3), WHITE), atol=1e-5)


def test_darkness_is_not_blown_up() -> None:
    assert float(balanced(torch.full((1, 3, 32, 32), 0.02)).max()) < 0.1
