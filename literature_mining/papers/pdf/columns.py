"""Columns and reading order of a page. All lengths are in points, y growing downwards."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cytoscribe.literature_mining.papers.pdf.layout import Line, Page

MAX_STRIPS = 3
MAX_WIDTH = 20_000.0
"""A wider sheet (7 m) is not a page of a paper; it is read as one column."""
_MIN_VOTES = 4
_SLACK = 4.0
"""A line may reach so far into a strip and still lie in its column."""


@dataclass(frozen=True)
class Zone:
    """A part of a page, down to `bottom`, with the white strips (x) between its columns; a page has one zone as a rule.

    An article's first page may have two: its summary beside a column of dates and keywords, then the text's own columns.
    """

    bottom: float
    strips: tuple[float, ...]


@dataclass(frozen=True)
class _Strip:
    x: float
    votes: int
    top: float
    bottom: float


def zones(lines: Sequence[Line], width: float) -> list[Zone]:
    """The zones of a page from top to bottom, with their strips; no strip means one column.

    A strip is voted for by pairs of lines that face each other across it.
    """
    wide = [l for l in lines if l.x1 - l.x0 > 0.11 * width and len(l.text) >= 12][:600]
    gaps = _gaps(wide, width) if len(wide) >= 6 and width < MAX_WIDTH else []
    found: list[_Strip] = []
    other: _Strip | None = None
    while len(found) < MAX_STRIPS and gaps:
        strip = _best(gaps, int(width) + 2)
        crossings = _crossings(wide, strip, found)
        few = strip.votes < _MIN_VOTES
        if few and not (crossings <= 2 and _flanked(wide, strip.x)):
            break
        if not found or crossings <= max(2, 0.15 * strip.votes):
            found.append(strip)
        elif other is None and not few and _crossings(wide, strip, found, strip.top, strip.bottom) <= 1 and _apart(strip, found):
            other = strip
        else:
            break
        gaps = [g for g in gaps if not g[0] - 2 <= strip.x <= g[1] + 2]
    return _zones(found, other)


def _gaps(lines: Sequence[Line], width: float) -> list[tuple[int, int, float]]:
    """White between facing lines: from x, to x, and the height at which they stand."""
    x0, y0, x1, y1 = np.array([l.box for l in lines]).T
    overlap = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
    beside = (overlap > 0.5 * np.minimum(y1 - y0, (y1 - y0)[:, None])) & (x0 > x1[:, None] - 1)
    to_right = np.where(beside, x0, np.inf).min(axis=1)
    return [(int(a), int(b), float(y)) for a, b, y in zip(x1, to_right, (y0 + y1) / 2, strict=True) if b < a + 0.2 * width]


def _best(gaps: Sequence[tuple[int, int, float]], width: int) -> _Strip:
    """The strip that lies in most gaps."""
    votes = np.zeros(width + 1, dtype=int)
    for start, end, _ in gaps:
        votes[min(max(start, 0), width)] += 1
        votes[min(max(end + 1, 0), width)] -= 1
    votes = votes.cumsum()
    best = int(votes.max())
    first = last = int(votes.argmax())
    while last + 1 <= width and votes[last + 1] == best:
        last += 1
    x = (first + last) / 2
    heights = [y for start, end, y in gaps if start <= x <= end + 1]
    return _Strip(x, best, min(heights, default=0.0), max(heights, default=0.0))


def _crossings(
    lines: Sequence[Line], strip: _Strip, others: Sequence[_Strip], top: float = -math.inf, bottom: float = math.inf
) -> int:
    """Lines between two heights that cross a strip but none of the others: they show that there is no strip."""
    x = strip.x
    return sum(
        l.x0 < x - _SLACK and l.x1 > x + _SLACK and top <= l.middle <= bottom and not any(l.x0 < o.x < l.x1 for o in others)
        for l in lines
    )


def _flanked(lines: Sequence[Line], x: float) -> bool:
    """Whether columns of lines end and begin beside `x`, though few face each other (one of them holds a figure)."""
    before = [l.x1 for l in lines if l.x1 < x]
    after = Counter(round(l.x0 / 3) for l in lines if l.x0 > x)
    return len(before) >= 3 and x - max(before) < 25 and bool(after) and max(after.values()) >= 3


def _apart(strip: _Strip, others: Sequence[_Strip]) -> bool:
    """Whether a strip's facing lines stand above or below those of all the others."""
    return all(strip.bottom < o.top for o in others) or all(strip.top > o.bottom for o in others)


def _zones(found: Sequence[_Strip], other: _Strip | None) -> list[Zone]:
    strips = tuple(sorted(s.x for s in found))
    if other is None:
        return [Zone(math.inf, strips)]
    if other.bottom < min(s.top for s in found):
        return [Zone((other.bottom + min(s.top for s in found)) / 2, (other.x,)), Zone(math.inf, strips)]
    return [Zone((other.top + max(s.bottom for s in found)) / 2, strips), Zone(math.inf, (other.x,))]


def usual_strips(pages: Sequence[Sequence[Zone]]) -> tuple[float, ...]:
    """The strips that most of a paper's pages have: for the page that holds too little text to show its own."""
    kinds: dict[tuple[int, ...], list[tuple[float, ...]]] = defaultdict(list)
    for page in pages:
        for zone in page:
            if zone.strips:
                kinds[tuple(round(x / 12) for x in zone.strips)].append(zone.strips)
    alike = max(kinds.values(), key=len, default=[])
    return tuple(sum(column) / len(alike) for column in zip(*alike, strict=True)) if len(alike) >= 2 else ()


def assign_columns(page: Page, zones: Sequence[Zone]) -> None:
    """Give every line its zone and its column, both counted from 0; column -1 for a line across columns.

    A line too long for its column (an address, a formula) is distinguished from a line across columns by its neighbours.
    """
    crossing: list[tuple[Line, tuple[float, ...]]] = []
    for line in page.lines:
        line.zone = sum(line.middle > zone.bottom for zone in zones)
        strips = zones[line.zone].strips
        line.column = sum(line.x0 + line.x1 > 2 * x for x in strips)
        if any(line.x0 < x - _SLACK and line.x1 > x + _SLACK for x in strips):
            crossing.append((line, strips))
    for line, strips in crossing:
        first = next(x for x in strips if line.x0 < x - _SLACK and line.x1 > x + _SLACK)
        beside = any(
            other.x0 > first - _SLACK and min(other.y1, line.y1) - max(other.y0, line.y0) > 0.5 * (other.y1 - other.y0)
            for other in page.lines
            if not other.furniture and other is not line
        )
        line.column = sum(line.x0 > x - _SLACK for x in strips) if beside else -1


def reading_order(lines: Sequence[Line]) -> list[Line]:
    """Lines in reading order, those of one row joined: bands between lines that cross columns, in each band column by column."""
    bands: list[list[Line]] = []
    for line in sorted(lines, key=lambda l: (l.zone, l.y0, l.x0)):
        last = bands[-1][0] if bands else None
        if last is None or last.zone != line.zone or (line.column == -1) != (last.column == -1):
            bands.append([])
        bands[-1].append(line)
    ordered: list[Line] = []
    for band in bands:
        columns: dict[int, list[Line]] = defaultdict(list)
        for line in band:
            columns[line.column].append(line)
        for _, column in sorted(columns.items()):
            ordered += rows(column)
    return ordered


def rows(lines: Sequence[Line], between: str = " ") -> list[Line]:
    """Join the stretches of one row, from left to right; `between` parts those that a wide gap parts."""
    out: list[Line] = []
    for line in sorted(lines, key=lambda l: l.middle):
        last = out[-1] if out else None
        if last is not None and min(last.y1, line.y1) - max(last.y0, line.y0) > 0.55 * min(last.y1 - last.y0, line.y1 - line.y0):
            out[-1] = _merge(last, line, between)
        else:
            out.append(line)
    return out


def _merge(a: Line, b: Line, between: str) -> Line:
    left, right = (a, b) if a.x0 <= b.x0 else (b, a)
    main = left if len(left.text) >= len(right.text) else right
    gap = right.x0 - left.x1
    space = between if gap > 1.4 * main.size else " " if gap > 0.12 * main.size else ""
    return Line(
        left.x0,
        min(a.y0, b.y0),
        max(a.x1, b.x1),
        max(a.y1, b.y1),
        left.text + space + right.text,
        main.size,
        left.bold and right.bold,
        main.font,
        left.block,
        a.page,
        left.cells + right.cells if gap > 1.4 * main.size else max(left.cells, right.cells),
        a.column,
        a.zone,
    )
