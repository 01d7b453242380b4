"""Tables of papers by structure: which cell is in which row and under which headers, each at its place in the text."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cytoscribe.core.records import Block, CellSpan, Document
from cytoscribe.literature_mining.papers.assemble import CELL

MAX_CELLS = 20_000
"""A table of more cells is kept as text, without its structure."""
_MAX_SPAN = 200


@dataclass(frozen=True)
class SourceCell:
    """A cell as a file states it: `height` rows (0: all that are left) by `width` columns; `header` where it is marked as one."""

    text: str
    height: int = 1
    width: int = 1
    header: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell's words: `document.text[start:end] == text`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Row:
    """One body row, `document.text[start:end]`. `cells` has one entry a column, None where it is empty.

    A cell that reaches over several rows or columns is an entry of each. `group` is the line across the table above the row
    ("Human areas") that its rows come under, None where there is none.
    """

    start: int
    end: int
    cells: tuple[Cell | None, ...]
    group: Cell | None = None


@dataclass(frozen=True)
class Table:
    """A table's columns, each with its header cells from the top down, and its body rows. Both are empty where a table's
    structure is not stated or is at odds with itself."""

    columns: tuple[tuple[Cell, ...], ...] = ()
    rows: tuple[Row, ...] = ()

    def records(self) -> list[dict[str, Cell]]:
        """Each row's cells by their column's header ("Layers IV", several header cells joined; "" for a column without one).

        Columns whose headers read alike are left out, since a name must mean one of them.
        """
        names = [" ".join(dict.fromkeys(cell.text for cell in column)) for column in self.columns]
        return [
            {name: cell for name, cell in zip(names, row.cells, strict=True) if cell and names.count(name) == 1}
            for row in self.rows
        ]


def read_table(document: Document, block: Block) -> Table:
    """The table that a block of kind "table" holds; an empty one where no structure is known (PDF, or spans that collide)."""
    spans = block.cells
    if not spans:
        return Table()
    height, width = max(s.row + s.height for s in spans), max(s.column + s.width for s in spans)
    cells = {id(s): Cell(document.text[s.start : s.end], s.start, s.end) for s in spans}
    grid: list[list[CellSpan | None]] = [[None] * width for _ in range(height)]
    for span in spans:
        for row, column in itertools.product(range(span.row, span.row + span.height), range(span.column, span.column + span.width)):
            grid[row][column] = span
    head = next((i for i, row in enumerate(grid) if not any(s and s.header for s in row)), height)
    columns = tuple(_distinct(cells[id(row[c])] for row in grid[:head] if (s := row[c]) and s.end > s.start) for c in range(width))
    return Table(columns, tuple(_body(document, grid[head:], cells)))


def _distinct(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    return tuple(dict.fromkeys(cells))


def _body(document: Document, grid: Sequence[Sequence[CellSpan | None]], cells: dict[int, Cell]) -> Iterable[Row]:
    group: Cell | None = None
    for row in grid:
        filled = [s if s and s.end > s.start else None for s in row]
        own = {id(s) for s in filled if s}
        if not own:
            continue
        first = next(s for s in filled if s)
        if len(row) > 1 and len(own) == 1 and first.height == 1 and (first.width == len(row) or filled[0] is first):
            group = cells[id(first)]
            continue
        start = document.text.rfind("\n", 0, max(s.start for s in filled if s)) + 1
        end = document.text.find("\n", start)
        yield Row(start, end if end >= 0 else len(document.text), tuple(cells[id(s)] if s else None for s in filled), group)


def lay_out(rows: Sequence[Sequence[SourceCell]]) -> tuple[str, tuple[CellSpan, ...]]:
    """The text of a table, a line a row, empty cells left out, and where its cells stand in it.

    No cells where the structure is at odds with itself: cells that overlap, rows of different widths, no body or a single column.
    """
    lines: list[str] = []
    places: list[list[tuple[int, int]]] = []
    at = 0
    for row in rows:
        words, here = "", []
        for cell in row:
            gap = CELL if words and cell.text else ""
            here.append((at + len(words) + len(gap), at + len(words) + len(gap) + len(cell.text)))
            words += gap + cell.text
        places.append(here)
        if words:
            lines.append(words)
            at += len(words) + 1
    return "\n".join(lines), _spans(rows, places)


def _spans(rows: Sequence[Sequence[SourceCell]], places: Sequence[Sequence[tuple[int, int]]]) -> tuple[CellSpan, ...]:
    taken: set[tuple[int, int]] = set()
    spans: list[CellSpan] = []
    heads = _header_rows(rows)
    for r, row in enumerate(rows):
        column = 0
        for cell, (start, end) in zip(row, places[r], strict=True):
            while (r, column) in taken:
                column += 1
            height = min(cell.height or len(rows), len(rows) - r)
            width = min(max(cell.width, 1), _MAX_SPAN)
            covered = set(itertools.product(range(r, r + height), range(column, column + width)))
            if covered & taken or len(taken) + len(covered) > MAX_CELLS or (r < heads < r + height):
                return ()
            taken |= covered
            spans.append(CellSpan(start, end, r, column, height, width, r < heads))
    return tuple(spans) if _is_sound(rows, taken, heads) else ()


def _header_rows(rows: Sequence[Sequence[SourceCell]]) -> int:
    """How many rows at the top are headers: those marked so, else the first with the rows that it reaches over."""
    marked = 0
    while marked < len(rows) and rows[marked] and all(c.header for c in rows[marked]):
        marked += 1
    if marked or not rows or not rows[0]:
        return marked
    tallest = max(c.height for c in rows[0])
    spread = len(rows) > 1 and any(c.width > 1 for c in rows[0]) and len(rows[0]) > 1
    return min(max(tallest, 2 if spread else 1), len(rows))


def _is_sound(rows: Sequence[Sequence[SourceCell]], taken: set[tuple[int, int]], heads: int) -> bool:
    """Whether every row is as wide as the table, but for lines of a single cell across it."""
    width = max((column for _, column in taken), default=0) + 1
    if width < 2 or heads >= len(rows):
        return False
    for r, row in enumerate(rows):
        covered = sum((r, column) in taken for column in range(width))
        if covered != width and not (len(row) == 1 and covered == 1 and r >= heads):
            return False
    return True
