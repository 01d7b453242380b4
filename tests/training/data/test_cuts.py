"""Where to cut, on grids so large that pieces are found on a thinned one."""

from __future__ import annotations

import numpy as np
import pytest

from cytoscribe.training.data import cuts
from cytoscribe.training.data.cuts import Cut, find_regions, find_tiles

NAMES = ("a", "b")


def two_pieces() -> np.ndarray:
    """160 x 240 cells: two pieces of a, one of b between them."""
    numbers = np.zeros((160, 240), np.uint8)
    numbers[20:140, 16:80], numbers[20:140, 80:160], numbers[20:140, 160:224] = 1, 2, 1
    return numbers


def found(numbers: np.ndarray) -> tuple[list[Cut], list[Cut]]:
    return list(find_tiles(numbers, NAMES, 64, 32, 0.9, step=4)), list(find_regions(numbers, NAMES, 100, 0.1, step=4))


def test_a_thinned_grid_finds_the_same_tiles_and_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found(two_pieces())
    monkeypatch.setattr(cuts, "MOST_JOINED", two_pieces().size // 16)
    thin = found(two_pieces())
    assert thin[0] == whole[0]
    assert {(c.region, c.piece) for c in thin[1]} == {(c.region, c.piece) for c in whole[1]} == {("a", 1), ("b", 2), ("a", 3)}
    for one, other in zip(*(sorted(side[1], key=lambda c: c.x) for side in (thin, whole)), strict=True):
        assert max(abs(one.x - other.x), abs(one.y - other.y), abs(one.side - other.side)) <= 2 * 4 * 4


def test_a_tile_between_the_cells_of_a_thinned_grid_has_no_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "MOST_JOINED", 4)
    tiles = list(find_tiles(np.ones((8, 8), np.uint8), ("a",), 4, 4, 0.9))
    assert {c.piece for c in tiles} <= {0, 1}
    assert len(tiles) == 4
