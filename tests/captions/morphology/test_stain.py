"""What lies on a dark ground, and what is only stained all over."""

from __future__ import annotations

import numpy as np

from cytoscribe.captions.morphology.stain import looks_dark_ground


def _field(ground: tuple[int, int, int], things: tuple[int, int, int], share: float) -> np.ndarray:
    image = np.full((100, 100, 3), ground, np.uint8)
    image[: round(100 * share)] = things
    noise = np.random.default_rng(0).integers(-8, 9, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def test_bright_cells_on_black_lie_on_a_dark_ground_whatever_their_colour() -> None:
    for colour in ((230, 230, 230), (20, 240, 30), (60, 80, 250)):
        assert looks_dark_ground(_field((15, 15, 15), colour, 0.1))


def test_tissue_that_fills_the_picture_is_no_dark_ground_though_glass_shows_at_its_edge() -> None:
    for stain in ((160, 100, 58), (95, 70, 150)):
        assert not looks_dark_ground(_field(stain, (250, 250, 250), 0.06))
