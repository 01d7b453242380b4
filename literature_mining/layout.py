"""Page geometry: lines, running heads, columns and reading order. All lengths are in points, y growing downwards."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

Box = tuple[float, float, float, float]

EDGE = 0.105
"""Share of a page's height, at its top and at its bottom, where running heads and page numbers stand."""
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"[^\w]*(?:page\s*)?(?:[A-Za-z]{0,2}\d{1,5}|[ivxlc]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?[^\w]*$", re.IGNORECASE)


@dataclass(slots=True)
class Line:
    """One typeset line, upright. `size` is that of most of its characters, in points; `block` is PyMuPDF's paragraph number.

    `cells` counts the stretches of text that wide gaps part (a table's row has several); `column` is -1 for a line across columns.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    text: str
    size: float
    bold: bool
    font: str
    block: int
    page: int
    cells: int = 1
    column: int = 0
    furniture: bool = False

    @property
    def box(self) -> Box:
        return (self.x0, self.y0, self.x1, self.y1)

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


class Turn(Enum):
    """The way a page's text runs: upright, or read from below, from above, or upside down."""

    NONE = (1, 0)
    UP = (0, -1)
    DOWN = (0, 1)
    OVER = (-1, 0)

    @classmethod
    def of(cls, direction: tuple[float, float]) -> Turn:
        """The nearest of the four to a writing direction (x, y), y growing downwards."""
        x, y = direction
        return (cls.NONE if x > 0 else cls.OVER) if abs(x) >= abs(y) else (cls.DOWN if y > 0 else cls.UP)

    def upright(self, box: Box, width: float, height: float) -> Box:
        """Where a box of a page of this size lies once the page is turned so that its text stands upright."""
        x0, y0, x1, y1 = box
        if self is Turn.UP:
            return (height - y1, x0, height - y0, x1)
        if self is Turn.DOWN:
            return (y0, width - x1, y1, width - x0)
        return box if self is Turn.NONE else (width - x1, height - y1, width - x0, height - y0)

    @property
    def back(self) -> Turn:
        """The turn that undoes this one."""
        return {Turn.UP: Turn.DOWN, Turn.DOWN: Turn.UP}.get(self, self)


@dataclass(slots=True)
class Page:
    """One page's lines, turned upright; width and height as the turned lines count them."""

    number: int
    width: float
    height: float
    lines: list[Line] = field(default_factory=list)
    turn: Turn = Turn.NONE

    @classmethod
    def turned(cls, number: int, width: float, height: float, lines: list[Line], turn: Turn) -> Page:
        """A page from lines as printed, all of which run the way of `turn`."""
        if turn is not Turn.NONE:
            for line in lines:
                line.x0, line.y0, line.x1, line.y1 = turn.upright(line.box, width, height)
        size = (height, width) if turn in (Turn.UP, Turn.DOWN) else (width, height)
        return cls(number, *size, lines, turn)

    def turned_back(self, box: Box) -> Box:
        """Where an upright box lies on the page as printed."""
        return self.turn.back.upright(box, self.width, self.height)


def mark_furniture(pages: Sequence[Page]) -> None:
    """Mark running heads, page numbers and line numbers.

    A running head returns, but for its digits, at the same height of several pages, and stands in no paragraph.
    """
    seen: dict[tuple[str, int], set[int]] = defaultdict(set)
    edges: list[tuple[Line, tuple[str, int]]] = []
    for page in pages:
        blocks = Counter(line.block for line in page.lines)
        for line in page.lines:
            at_edge = line.y1 < EDGE * page.height or line.y0 > (1 - EDGE) * page.height
            if at_edge and blocks[line.block] <= 4:
                key = (_DIGITS.sub("#", line.text.lower()), round(line.y0 / 4))
                edges.append((line, key))
                seen[key].add(page.number)
    often = 2 if len(pages) < 12 else 3
    for line, key in edges:
        if len(seen[key]) >= often or _NUMBER.fullmatch(line.text):
            line.furniture = True
    _mark_line_numbers(pages)


def _mark_line_numbers(pages: Sequence[Page]) -> None:
    """Manuscripts number their lines: a column of rising integers beside the text, at the same place of every page."""
    columns: dict[tuple[int, int], list[Line]] = defaultdict(list)
    for page in pages:
        for line in page.lines:
            if line.text.isdigit() and len(line.text) <= 4 and (line.x1 < 0.17 * page.width or line.x0 > 0.85 * page.width):
                columns[page.number, round(line.x1 / 4)].append(line)
    places = {place for (_, place), lines in columns.items() if _rises(lines)}
    for (_, place), lines in columns.items():
        if place in places:
            for line in lines:
                line.furniture = True


def _rises(lines: Sequence[Line]) -> bool:
    values = [int(line.text) for line in sorted(lines, key=lambda l: l.y0)]
    steps = Counter(b - a for a, b in itertools.pairwise(values)).most_common(1)
    return len(values) >= 8 and steps[0][0] in (1, 5) and steps[0][1] > 0.7 * (len(values) - 1)


def gutters(lines: Sequence[Line], width: float) -> list[float]:
    """Where the white strips between columns lie (x), from left to right: none for one column, at most three.

    A strip is voted for by pairs of lines that face each other across it.
    """
    wide = [l for l in lines if l.x1 - l.x0 > 0.11 * width and len(l.text) >= 12][:600]
    if len(wide) < 6:
        return []
    x0, y0, x1, y1 = np.array([l.box for l in wide]).T
    overlap = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
    beside = (overlap > 0.5 * np.minimum(y1 - y0, (y1 - y0)[:, None])) & (x0 > x1[:, None] - 1)
    to_right = np.where(beside, x0, np.inf).min(axis=1)
    gaps = [(int(a), int(b)) for a, b in zip(x1, to_right, strict=True) if b < a + 0.2 * width]
    found: list[float] = []
    while len(found) < 3:
        strip, votes = _strip(gaps, int(width) + 2)
        crossings = _crossings(wide, strip, found)
        if votes < 1 or (found and crossings > 2) or (votes < 4 and not (crossings <= 2 and _flanked(wide, strip))):
            break
        found.append(strip)
        gaps = [g for g in gaps if not g[0] - 2 <= strip <= g[1] + 2]
    return sorted(found)


def usual_gutters(pages: Sequence[Sequence[float]]) -> list[float]:
    """The strips that most of a paper's pages have: for the page that holds too little text to show its own."""
    kinds = Counter(tuple(round(s / 12) for s in strips) for strips in pages if strips)
    if not kinds:
        return []
    usual, count = kinds.most_common(1)[0]
    alike = [strips for strips in pages if tuple(round(s / 12) for s in strips) == usual]
    return [sum(column) / len(alike) for column in zip(*alike, strict=True)] if count >= 2 else []


def _strip(gaps: Sequence[tuple[int, int]], width: int) -> tuple[float, int]:
    """The place that lies in most gaps, and in how many."""
    votes = np.zeros(width + 1, dtype=int)
    for start, end in gaps:
        votes[max(start, 0)] += 1
        votes[min(end + 1, width)] -= 1
    votes = votes.cumsum()
    best = int(votes.max())
    first = last = int(votes.argmax())
    while last + 1 <= width and votes[last + 1] == best:
        last += 1
    return (first + last) / 2, best


def _crossings(lines: Sequence[Line], x: float, others: Sequence[float]) -> int:
    """Lines that cross `x` but none of the other strips: they show that no strip is at `x`."""
    return sum(l.x0 < x - 4 and l.x1 > x + 4 and not any(l.x0 < o < l.x1 for o in others) for l in lines)


def _flanked(lines: Sequence[Line], x: float) -> bool:
    """Whether columns of lines end and begin beside `x`, though few face each other (a figure stands in one of them)."""
    before = [l.x1 for l in lines if l.x1 < x]
    after = Counter(round(l.x0 / 3) for l in lines if l.x0 > x)
    return len(before) >= 3 and x - max(before) < 25 and bool(after) and max(after.values()) >= 3


def assign_columns(page: Page, strips: Sequence[float]) -> None:
    """Give every line its column, counted from 0, or -1 where it crosses a strip.

    A line too long for its column (an address, a formula) is told from a line across columns by what stands beside it.
    """
    crossing: list[Line] = []
    for line in page.lines:
        line.column = sum(line.x0 + line.x1 > 2 * s for s in strips)
        if any(line.x0 < s - 4 and line.x1 > s + 4 for s in strips):
            crossing.append(line)
    for line in crossing:
        first = next(s for s in strips if line.x0 < s - 4 and line.x1 > s + 4)
        beside = any(
            other.x0 > first - 4 and min(other.y1, line.y1) - max(other.y0, line.y0) > 0.5 * (other.y1 - other.y0)
            for other in page.lines
            if not other.furniture and other is not line
        )
        line.column = sum(line.x0 > s - 4 for s in strips) if beside else -1


def reading_order(lines: Sequence[Line]) -> list[Line]:
    """Lines in reading order, those of one row joined: bands between lines that cross columns, in each band column by column."""
    bands: list[list[Line]] = []
    for line in sorted(lines, key=lambda l: (l.y0, l.x0)):
        if not bands or (line.column == -1) != (bands[-1][0].column == -1):
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
    )
