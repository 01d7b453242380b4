"""Cells of tables as sentences: of which regions a cell speaks, and what it says under its headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cytoscribe.literature_mining.papers.tables import Cell, Row, Table

_NUMERAL = re.compile(r"(?:III|II|IV|VI|V|I)[abc]?(?:\s?[-/]\s?(?:III|II|IV|VI|V|I)[abc]?)?")
_ARABIC = re.compile(r"[1-6][abc]?(?:\s?[-/]\s?[1-6][abc]?)?")
_LAYERS = re.compile(r"(?:cortical\s+)?(?:layers?|laminae?|strat(?:um|a))\.?", re.IGNORECASE)
_AREAS = re.compile(r"(?:\w+\s+)?(?:areas?|regions?|fields?|nucle(?:us|i)|subfields?|subdivisions?|names?)", re.IGNORECASE)
RegionsIn = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class Statement:
    """What a cell says: a sentence's subject and complement, about these regions."""

    regions: tuple[str, ...]
    subject: str
    complement: str
    cell: Cell


def statements(table: Table, row: Row, regions_in: RegionsIn) -> Iterable[Statement]:
    """Statements of the cells of one row: of a region that the row names, or of those that head the columns."""
    headers = [" ".join(c.text for c in column) for column in table.columns]
    cells = list(zip(headers, row.cells, strict=False))
    named = _region_column(cells, regions_in)
    if named is None and not (row.cells and row.cells[0]):
        return
    group = regions_in(row.group.text) if row.group is not None else ()
    labels = [i for i, (header, cell) in enumerate(cells) if cell and i != named and _LAYERS.fullmatch(header.strip())]
    if named is None and not labels:
        labels = [0]
    label = _as_layer(cells[labels[0]][1], cells[labels[0]][0]) if labels else ""
    for column, (header, cell) in enumerate(cells):
        if cell is None or column == named or column in labels or not row.start <= cell.start < cell.end <= row.end:
            continue
        own = cells[named][1] if named is not None else None
        regions = regions_in(own.text) if own is not None else group or regions_in(header)
        said = header if own is not None or group else ""
        subject = _numbered(said) or said
        if label:
            subject = f"{subject} of {label}" if subject else label
        if regions and subject:
            yield Statement(regions, subject, cell.text, cell)


def _region_column(cells: list[tuple[str, Cell | None]], regions_in: RegionsIn) -> int | None:
    """The column whose cell names the row's region: the first, or a later one that is headed "Area"."""
    for column, (header, cell) in enumerate(cells):
        if cell is not None and (column == 0 or _AREAS.fullmatch(header.strip())) and regions_in(cell.text):
            return column
    return None


def _as_layer(cell: Cell | None, header: str) -> str:
    """`layer IV` for "IV", and for "4" below "Layer"; other labels as they are."""
    text = cell.text.strip() if cell is not None else ""
    bare = _NUMERAL.fullmatch(text) or (_LAYERS.fullmatch(header.strip()) and _ARABIC.fullmatch(text))
    return f"layer {text}" if bare else text


def _numbered(header: str) -> str:
    return f"layer {header.strip()}" if _NUMERAL.fullmatch(header.strip()) else ""
