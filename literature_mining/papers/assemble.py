"""Assembly of a document: pieces of text with roles, put one after another, with offsets for blocks and pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from cytoscribe.core.records import Block, BlockKind, CellSpan, Document

BETWEEN = "\n\n"
"""What separates two blocks in a document's text; a block itself holds a line feed only where it is a table."""

CELL = " | "
"""What separates the cells of a table's row; the rows of a table are parted by line feeds."""


@dataclass(frozen=True)
class Piece:
    """One block before it has offsets. `breaks` are (offset in `text`, page) where the piece runs on over a page's end; `cells`
    count in `text`."""

    text: str
    kind: BlockKind
    page: int | None = None
    headings: tuple[str, ...] = ()
    bbox: tuple[float, float, float, float] | None = None
    breaks: tuple[tuple[int, int], ...] = ()
    cells: tuple[CellSpan, ...] = ()


@dataclass(frozen=True)
class Metadata:
    """What a file states about itself; empty or None where it does not."""

    title: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    doi: str = ""
    licence: str = ""


@dataclass
class _Offsets:
    length: int = 0
    pages: list[int] = field(default_factory=list)

    def reach(self, page: int | None, offset: int) -> None:
        """Pages up to `page` begin at `offset` unless they have begun already."""
        while page is not None and len(self.pages) < page:
            self.pages.append(offset)


def assemble(
    path: Path, pieces: Iterable[Piece], metadata: Metadata, *, n_pages: int = 0, trust: float = 1.0, problems: tuple[str, ...] = ()
) -> Document:
    """Put the pieces together, in the order given, as a Document. n_pages: 0 for a format without pages."""
    texts: list[str] = []
    blocks: list[Block] = []
    at = _Offsets()
    for piece in pieces:
        if not piece.text:
            continue
        start = at.length + (len(BETWEEN) if texts else 0)
        at.reach(piece.page, start)
        for offset, page in piece.breaks:
            at.reach(page, start + offset)
        texts.append(piece.text)
        at.length = start + len(piece.text)
        cells = tuple(replace(c, start=c.start + start, end=c.end + start) for c in piece.cells)
        blocks.append(Block(start, at.length, piece.kind, piece.page, piece.headings, piece.bbox, cells))
    at.reach(n_pages or None, at.length)
    return Document(
        name=path.name,
        text=BETWEEN.join(texts),
        blocks=tuple(blocks),
        path=path,
        page_starts=tuple(at.pages) if n_pages else (),
        title=metadata.title,
        authors=metadata.authors,
        year=metadata.year,
        doi=metadata.doi,
        licence=metadata.licence,
        trust=trust,
        problems=problems,
    )
