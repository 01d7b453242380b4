"""Text recognition for scanned pages, through the optional extra `ocr` (rapidocr, whose weights come with the package)."""

from __future__ import annotations

import importlib.util
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import Any

import numpy as np

from cytoscribe.literature_mining.papers.clean_text import clean
from cytoscribe.literature_mining.papers.pdf import ocr
from cytoscribe.literature_mining.papers.pdf.layout import Box, Line, Page

DPI = 200
MAX_PIXELS = 12_000_000
MAX_PAGES = 100
"""Recognition takes seconds a page on a processor; what lies beyond is reported, not read."""
MIN_SCORE = 0.5
TRUST = 0.9
"""Recognised text is trusted by so much of the recogniser's own mean score, since a misread digit scores well too."""


@dataclass(frozen=True)
class RecognisedLine:
    """One recognised line: its box in pixels, its text, and the recogniser's score in [0, 1]."""

    box: Box
    text: str
    score: float


Recogniser = Callable[[np.ndarray], list[RecognisedLine]]


def installed() -> bool:
    """Whether the extra is there; nothing is imported."""
    return all(importlib.util.find_spec(name) is not None for name in ("rapidocr", "onnxruntime"))


@cache
def recogniser() -> Recogniser:
    """The recogniser: (H, W, 3) uint8 RGB in, lines out. Made once a process, since loading its weights takes a second."""
    from rapidocr import RapidOCR  # pyright: ignore[reportMissingImports]

    engine = RapidOCR(params={"Global.log_level": "error"})

    def read(image: np.ndarray) -> list[RecognisedLine]:
        found = engine(np.ascontiguousarray(image[:, :, ::-1]))  # it expects BGR
        if found.boxes is None:
            return []
        return [
            RecognisedLine(
                (float(b[:, 0].min()), float(b[:, 1].min()), float(b[:, 0].max()), float(b[:, 1].max())), text, float(score)
            )
            for b, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        ]

    return read


def recognise(page: Any, number: int) -> tuple[Page, float]:
    """A scanned page (PyMuPDF's) as lines in points, and the mean score of its characters (0.0 where nothing was found)."""
    width, height = page.rect.width, page.rect.height
    scale = min(DPI / 72, (MAX_PIXELS / max(width * height, 1)) ** 0.5)
    image = _image(page, scale)
    readings = [r for r in recogniser()(image) if r.score >= MIN_SCORE and r.text.strip()]
    letters = sum(len(r.text) for r in readings)
    lines = [_line(r, scale, number) for r in readings]
    _number_blocks(lines)
    return Page(number, width, height, lines), sum(r.score * len(r.text) for r in readings) / max(letters, 1)


def _image(page: Any, scale: float) -> np.ndarray:
    import pymupdf

    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False, colorspace=pymupdf.csRGB)
    return np.frombuffer(pixmap.samples, dtype=np.uint8).reshape(pixmap.height, pixmap.width, 3)


def _line(reading: RecognisedLine, scale: float, page: int) -> Line:
    x0, y0, x1, y1 = (v / scale for v in reading.box)
    return Line(x0, y0, x1, y1, clean(reading.text).strip(), 0.8 * (y1 - y0), False, "recognised", 0, page)


def _number_blocks(lines: Sequence[Line]) -> None:
    """Give lines that stand right below each other the number of one paragraph."""
    last: list[Line] = []
    number = 0
    for line in sorted(lines, key=lambda l: l.y0):
        above = [l for l in last if min(l.x1, line.x1) - max(l.x0, line.x0) > 0.5 * min(l.x1 - l.x0, line.x1 - line.x0)]
        near = max(above, key=lambda l: l.y1, default=None)
        if near is not None and line.y0 - near.y1 < 0.5 * (line.y1 - line.y0):
            line.block = near.block
        else:
            number += 1
            line.block = number
        last = [l for l in last if l is not near and line.y0 - l.y1 < 40] + [line]


def even_sizes(pages: Sequence[Page]) -> None:
    """Type sizes from boxes waver with each line's letters: a paragraph gets its median, and the body of all pages one size."""
    lines = [line for page in pages for line in page.lines]
    blocks: dict[tuple[int, int], list[Line]] = {}
    for line in lines:
        blocks.setdefault((line.page, line.block), []).append(line)
    for block in blocks.values():
        size = median(l.size for l in block)
        for line in block:
            line.size = size
    counts: Counter[float] = Counter()
    for line in lines:
        counts[round(line.size)] += len(line.text)
    usual = counts.most_common(1)[0][0] if counts else 10.0
    for line in lines:
        if abs(line.size - usual) < 0.18 * usual:
            line.size = usual


HIDDEN_TRUST = 0.85
"""Trust in the invisible text that a scanner's software laid behind its pictures; how well it read, nobody knows."""
MAX_SECONDS = 90.0
"""Time for recognising one paper; pages that are left over are reported."""


def settle_scans(pdf: Any, pages: list[Page], problems: list[str]) -> float:
    """Recognise in place the pages that are pictures, drop or trust hidden text, and report both in `problems`.

    Returns the trust in the whole text: 1.0 where nothing was recognised, by us or before us.
    """
    hidden = _settle_hidden(pages, problems)
    scans = [page for page in pages if not page.lines]
    if len(scans) <= len(pages) / 2:
        return hidden  # a page without text in a paper that has text is a plate: it stays as it is
    if not ocr.installed():
        problems.append(f"{len(scans)} of {len(pages)} pages are scans without text: install the extra 'ocr' to read them")
        return hidden
    weights = [(_letters(page), hidden) for page in pages if page.lines]
    until = time.monotonic() + MAX_SECONDS
    done: list[Page] = []
    for page in scans[: ocr.MAX_PAGES]:
        if time.monotonic() > until:
            break
        found, score = ocr.recognise(pdf[page.number - 1], page.number)
        pages[page.number - 1] = found
        done.append(found)
        weights.append((_letters(found), ocr.TRUST * score))
    ocr.even_sizes(done)
    rest = len(scans) - len(done)
    problems.append(
        f"the text of {len(done)} of {len(pages)} pages was recognised from scans"
        + (f", {rest} more were not read" if rest else "")
    )
    return round(sum(n * trust for n, trust in weights) / max(sum(n for n, _ in weights), 1), 3)


def _settle_hidden(pages: list[Page], problems: list[str]) -> float:
    """Invisible text is what a scanner read where it is most of a paper, and not meant to be read where it is not."""
    hidden = sum(len(line.text) for page in pages for line in page.lines if line.hidden)
    if not hidden:
        return 1.0
    if hidden > 0.5 * sum(_letters(page) for page in pages):
        problems.append("the text is the invisible layer that a scanner's software laid behind its pictures")
        return HIDDEN_TRUST
    for page in pages:
        page.lines = [line for line in page.lines if not line.hidden]
    return 1.0


def _letters(page: Page) -> int:
    return sum(len(line.text) for line in page.lines)
