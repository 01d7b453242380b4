"""Outlines of regions on a grid of labels, along the edges of its cells: rings of polygons, and lines between two regions."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

Point = tuple[int, int]


def rings_of(mask: np.ndarray) -> list[np.ndarray]:
    """Closed rings (N, 2) of x and y in cells around the True cells of a mask, the first point repeated at the end.

    Outer rings run clockwise as seen on the screen (area positive by `ring_area`), holes the other way. The rings of one piece (cells
    joined along edges) touch at points alone, as the OGC's valid polygons do.
    """
    padded = np.pad(mask.astype(bool), 1)
    following: dict[Point, list[Point]] = defaultdict(list)
    inside = padded[1:-1, 1:-1]
    for (dy, dx), start, end in (
        ((-1, 0), (0, 0), (1, 0)),
        ((0, 1), (1, 0), (1, 1)),
        ((1, 0), (1, 1), (0, 1)),
        ((0, -1), (0, 1), (0, 0)),
    ):
        beside = padded[1 + dy : padded.shape[0] - 1 + dy, 1 + dx : padded.shape[1] - 1 + dx]
        for y, x in np.argwhere(inside & ~beside).tolist():
            following[x + start[0], y + start[1]].append((x + end[0], y + end[1]))
    rings = []
    while following:
        rings.append(_loop(following))
    return rings


def _loop(following: dict[Point, list[Point]]) -> np.ndarray:
    """One ring, taken out of the edges: at a corner of two cells it turns left and so stays beside the same cell outside. Turning right,
    it would pass the corner twice where a hole touches the outer ring."""
    start = next(iter(following))
    points, here, before = [start], start, None
    while True:
        choices = following[here]
        chosen = choices[0] if before is None or len(choices) == 1 else max(choices, key=lambda p: _left_turn(before, here, p))  # type: ignore[arg-type]
        choices.remove(chosen)
        if not choices:
            del following[here]
        before, here = here, chosen
        points.append(here)
        if here == start:
            return _straightened(np.array(points))


def _left_turn(before: Point, here: Point, after: Point) -> int:
    """Negative where the way turns right on the screen, positive where it turns left."""
    (ax, ay), (bx, by) = (here[0] - before[0], here[1] - before[1]), (after[0] - here[0], after[1] - here[1])
    return -(ax * by - ay * bx)


def _straightened(points: np.ndarray) -> np.ndarray:
    """The ring without points in the middle of a straight stretch."""
    steps = np.diff(points, axis=0)
    turns = (steps != np.roll(steps, 1, axis=0)).any(1)
    kept = points[:-1][turns]
    return np.concatenate([kept, kept[:1]])


def ring_area(ring: np.ndarray) -> float:
    """Cells within a ring, negative for a hole."""
    x, y = ring[:-1, 0].astype(float), ring[:-1, 1].astype(float)
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def polygons_of(mask: np.ndarray) -> list[list[np.ndarray]]:
    """Polygons of a mask's connected pieces (cells joined along edges): each an outer ring and its holes."""
    from skimage.measure import label

    pieces = np.asarray(label(mask, connectivity=1))
    count = int(pieces.max(initial=0))
    polygons = []
    for piece in range(1, count + 1):
        rings = sorted(rings_of(pieces == piece), key=ring_area, reverse=True)
        polygons.append(rings)
    return polygons


def lines_between(labels: np.ndarray, one: int, other: int) -> list[np.ndarray]:
    """Lines (N, 2) of x and y in cells along which cells of two labels touch."""
    beside: dict[Point, set[Point]] = defaultdict(set)
    for axis in (0, 1):
        first, second = (labels[:-1], labels[1:]) if axis == 0 else (labels[:, :-1], labels[:, 1:])
        touching = ((first == one) & (second == other)) | ((first == other) & (second == one))
        for y, x in np.argwhere(touching).tolist():
            start, end = ((x, y + 1), (x + 1, y + 1)) if axis == 0 else ((x + 1, y), (x + 1, y + 1))
            beside[start].add(end)
            beside[end].add(start)
    lines = []
    while beside:
        ends = [p for p, near in beside.items() if len(near) != 2]
        lines.append(_walk(beside, ends[0] if ends else next(iter(beside))))
    return lines


def _walk(beside: dict[Point, set[Point]], here: Point) -> np.ndarray:
    points = [here]
    while beside.get(here):
        after = min(beside[here])
        for a, b in ((here, after), (after, here)):
            beside[a].discard(b)
            if not beside[a]:
                del beside[a]
        points.append(after)
        here = after
    return np.array(points)
