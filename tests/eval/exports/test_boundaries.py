"""Rings around cells enclose exactly these cells, whatever their shape."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytoscribe.eval.exports.boundaries import lines_between, polygons_of, ring_area, rings_of

MASKS = arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 7)))


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_rings_hold_as_much_as_the_cells(mask: np.ndarray) -> None:
    assert sum(ring_area(r) for r in rings_of(mask)) == mask.sum()
    for outer, *holes in polygons_of(mask):
        assert ring_area(outer) > 0
        assert all(ring_area(h) < 0 for h in holes)


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_no_ring_passes_a_point_twice(mask: np.ndarray) -> None:
    """QuPath, shapely and geopandas call other polygons invalid."""
    for rings in polygons_of(mask):
        assert all(len({tuple(p) for p in ring[:-1].tolist()}) == len(ring) - 1 for ring in rings)


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_lines_are_as_long_as_the_border(mask: np.ndarray) -> None:
    labels = mask.astype(int) + 1
    edges = int((mask[:-1] != mask[1:]).sum() + (mask[:, :-1] != mask[:, 1:]).sum())
    assert sum(len(line) - 1 for line in lines_between(labels, 1, 2)) == edges
