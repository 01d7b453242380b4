"""Shapes of known size, and lobes that can be counted by eye."""

from __future__ import annotations

import numpy as np
import pytest

from cytoscribe.captions.morphology.shapes import lobes_of, shape_of

from .drawn import disk


def drawn(*disks: tuple[float, float, float]) -> np.ndarray:
    canvas = np.zeros((100, 100, 3), np.uint8)
    return np.any([disk(canvas, *d, (1, 1, 1)) for d in disks], axis=0)


def test_a_disk_is_round() -> None:
    shape = shape_of(drawn((50, 50, 30)))
    assert shape["area"] == pytest.approx(np.pi * 900, rel=0.02)
    assert shape["perimeter"] == pytest.approx(2 * np.pi * 30, rel=0.03)
    assert shape["circularity"] > 0.95
    assert shape["eccentricity"] < 0.1


def test_a_bar_is_long_and_solid() -> None:
    mask = np.zeros((60, 60), bool)
    mask[28:32, 5:55] = True
    shape = shape_of(mask)
    assert shape["eccentricity"] > 0.98
    assert shape["solidity"] == pytest.approx(1.0)


def test_nothing_has_no_shape() -> None:
    with pytest.raises(ValueError, match="empty"):
        shape_of(np.zeros((5, 5), bool))


@pytest.mark.parametrize(
    ("disks", "lobes"),
    [
        ([(50, 50, 25)], 1),
        ([(50, 30, 15), (50, 56, 15)], 2),
        ([(50, 25, 12), (50, 75, 12)], 2),
        ([(30, 30, 12), (30, 52, 12), (50, 41, 12)], 3),
    ],
)
def test_lobes_are_counted(disks: list[tuple[float, float, float]], lobes: int) -> None:
    assert lobes_of(drawn(*disks))[0] == lobes


def test_a_narrower_neck_is_a_deeper_constriction() -> None:
    depths = [lobes_of(drawn((50, 50 - d, 15), (50, 50 + d, 15)))[1] for d in (9, 13, 30)]
    assert depths[0] < depths[1] < depths[2] == 1.0
