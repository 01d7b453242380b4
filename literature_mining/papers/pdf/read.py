"""PDF in, through PyMuPDF: lines off the page, then layout, roles and assembly."""

from __future__ import annotations

import math
import re
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pymupdf

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Document
from cytoscribe.literature_mining.papers.assemble import Metadata, Piece, assemble
from cytoscribe.literature_mining.papers.clean_text import clean, symbols, unspaced, vocabulary
from cytoscribe.literature_mining.papers.ligatures import LigatureMender
from cytoscribe.literature_mining.papers.metadata import licence_in, names_in, stated_metadata
from cytoscribe.literature_mining.papers.pdf import ocr
from cytoscribe.literature_mining.papers.pdf.blocks import LineGroup, body_style, groups
from cytoscribe.literature_mining.papers.pdf.columns import Zone, assign_columns, reading_order, usual_strips, zones
from cytoscribe.literature_mining.papers.pdf.floats import Float, take_floats
from cytoscribe.literature_mining.papers.pdf.layout import Line, Page, Turn, mark_furniture
from cytoscribe.literature_mining.papers.pdf.ocr import settle_scans
from cytoscribe.literature_mining.papers.pdf.roles import Flow
from cytoscribe.literature_mining.papers.superscripts import raised

FLAGS = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES
MAX_PAGES = 2_000
MAX_SECONDS = 120.0
MAX_LINES = 20_000
_MEANINGLESS = re.compile("[\ufffd\ue000-\uf8ff]")
_FAR = 1e6
_NO_BYLINE = re.compile(r"received|abstract|universit|institut|department|@|https?:|keywords|published|school of|©", re.IGNORECASE)
_BOLD = re.compile(r"bold|black|semibold|demi|heavy|TimesB$|-B$", re.IGNORECASE)


def read(path: Path) -> Document:
    """Read a PDF; scanned pages are recognised where the extra `ocr` is installed, and reported where it is not.

    Raises InputError where the file is encrypted, damaged beyond reading, or holds no text that can be read.
    """
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    with open_pdf(path) as pdf:
        pages, problems = _pages(pdf)
        broken = problems[:1]
        trust = settle_scans(pdf, pages, problems)
        if not any(page.lines for page in pages):
            raise _without_text(path, broken)
        pieces = _pieces(pages)
        metadata = _metadata(pdf, pages, pieces)
        return assemble(path, pieces, metadata, n_pages=len(pages), trust=trust, problems=tuple(problems))


def _pieces(pages: list[Page]) -> list[Piece]:
    mark_furniture(pages)
    style = body_style(pages)
    words = vocabulary(line.text for page in pages for line in page.lines if not line.furniture)
    mender = LigatureMender(words)
    for line in (line for page in pages for line in page.lines):
        line.text = mender.mend(line.text)
    found = [zones([l for l in page.lines if not l.furniture], page.width) for page in pages]
    usual = usual_strips(found)
    sheets: list[tuple[list[LineGroup], list[Float]]] = []
    before = ""
    for page, own in zip(pages, found, strict=True):
        assign_columns(page, own if any(zone.strips for zone in own) else [Zone(math.inf, usual)])
        floats, rest = take_floats(page, style, before)
        sheets.append((groups(reading_order(rest), style, page.height), floats))
        before = next((g.text for g in reversed(sheets[-1][0]) if g.kind == "body"), before)
    return [_as_printed(piece, pages) for piece in Flow(style, words).pieces(sheets)]


def _as_printed(piece: Piece, pages: list[Page]) -> Piece:
    """A piece with its box where the page has it, should its lines have been turned upright."""
    if piece.page is None or piece.bbox is None or pages[piece.page - 1].turn is Turn.NONE:
        return piece
    return replace(piece, bbox=pages[piece.page - 1].turned_back(piece.bbox))


def _without_text(path: Path, broken: list[str]) -> InputError:
    if broken:
        return InputError(f"no text could be read: {broken[0]}", where=path, fix="fetch the paper again")
    extra = "install the extra 'ocr' (pip install 'cytoscribe[ocr]') and run again"
    return InputError("holds no text layer (a scan)", where=path, fix="fetch another copy" if ocr.installed() else extra)


def open_pdf(path: Path) -> Any:
    """Open a PDF with PyMuPDF. Raises InputError where it is damaged, encrypted or without pages."""
    try:
        pdf = pymupdf.open(path, filetype="pdf")
        fault = _fault(pdf)
    except (pymupdf.FileDataError, pymupdf.EmptyFileError, RuntimeError, ValueError) as error:
        raise InputError("not a readable PDF (damaged or cut short)", where=path, fix="fetch the paper again") from error
    if fault:
        pdf.close()
        raise InputError(fault[0], where=path, fix=fault[1])
    return pdf


def _fault(pdf: Any) -> tuple[str, str] | None:
    """What keeps a PDF that opened from being read, and what to do; None where nothing does."""
    if not pdf.is_pdf:  # MuPDF opens web pages, books and pictures as well, whatever their name
        kind = (pdf.metadata or {}).get("format") or "another kind of file"
        return f"not a PDF ({kind}) in spite of its name", "fetch the paper again"
    if pdf.needs_pass:
        return "encrypted with a password", "save it without a password"
    return ("has no pages", "fetch the paper again") if pdf.page_count == 0 else None


def _pages(pdf: Any) -> tuple[list[Page], list[str]]:
    pages: list[Page] = []
    problems: list[str] = []
    until = time.monotonic() + MAX_SECONDS
    for number in range(1, pdf.page_count + 1):
        if number > MAX_PAGES or time.monotonic() > until:
            problems.append(f"read only the first {number - 1} of {pdf.page_count} pages (limit of pages or time)")
            break
        try:
            pages.append(_page(pdf[number - 1], number))
        except Exception as error:  # MuPDF raises many kinds for damaged pages; the other pages are still worth reading
            problems.append(f"page {number} could not be read ({error})")
            pages.append(Page(number, 1, 1))
    return pages, problems


def _page(page: Any, number: int) -> Page:
    found = page.get_text("dict", flags=FLAGS)
    by_turn: dict[Turn, list[Line]] = defaultdict(list)
    for block in found["blocks"]:
        for line in block.get("lines", ()):
            made = _line(line, block["number"], number)
            if made is not None:
                by_turn[Turn.of(line["dir"])].append(made)
    if _is_garbage(by_turn):
        return Page(number, found["width"], found["height"])
    turn = max(by_turn, key=lambda t: sum(len(l.text) for l in by_turn[t]), default=Turn.NONE)
    return Page.turned(number, found["width"], found["height"], by_turn[turn][:MAX_LINES], turn)


def _is_garbage(by_turn: dict[Turn, list[Line]]) -> bool:
    """Whether most characters have no meaning, as where fonts carry no encoding: such a page is as good as a scan."""
    text = "".join(l.text for lines in by_turn.values() for l in lines)
    return len(text) > 200 and not text.isascii() and len(_MEANINGLESS.findall(text)) > 0.5 * len(text)


def _line(line: dict[str, Any], block: int, page: int) -> Line | None:
    texts: list[str] = []
    main = line["spans"][0]
    for span in line["spans"]:
        text = span["text"]
        if len(text) > len(main["text"]):
            main = span
        if span["flags"] & 1 and texts:
            text = raised("".join(texts[-3:]), text)
        texts.append(symbols(span["font"], text) if len(text) < 4 else text)
    text = unspaced(clean("".join(texts)).strip())
    if not text:
        return None
    x0, y0, x1, y1 = line["bbox"]
    if not all(-_FAR < v < _FAR for v in (x0, y0, x1, y1)):
        return None
    bold = bool(main["flags"] & 16 or _BOLD.search(main["font"]))
    return Line(x0, y0, x1, y1, text, main["size"], bold, main["font"], block, page, hidden=main["alpha"] == 0)


def _metadata(pdf: Any, pages: list[Page], pieces: list[Piece]) -> Metadata:
    info = {k: clean(str(v or "")).strip() for k, v in (pdf.metadata or {}).items()}
    opening = [l.text for p in pages[:2] for l in p.lines]
    title = _title(info.get("title", ""), pages[0].lines)
    stated = stated_metadata(
        "\n".join([*opening, info.get("subject", "")]), title, _authors(info.get("author", ""), title, opening)
    )
    if stated.licence:
        return stated
    return replace(stated, licence=next(filter(None, (licence_in(p.text) for p in pieces)), ""))


def _title(named: str, lines: list[Line]) -> str:
    """The title that the file's properties name, where the first page bears it out; else its largest type of title's length."""
    first = _squeezed(" ".join(l.text for l in lines))
    if len(named.split()) >= 3 and _squeezed(named)[:25] in first:
        return named
    for size in sorted({round(l.size, 1) for l in lines}, reverse=True):
        text = " ".join(l.text for l in lines if abs(l.size - size) < 0.15)
        if len(text.split()) >= 4 and 20 < len(text) < 400:
            return text
    return ""


def _authors(named: str, title: str, opening: list[str]) -> tuple[str, ...]:
    """Names under the title, else those that the file's properties give (often the first author alone)."""
    after = next(
        (i for i, line in enumerate(opening) if title and _squeezed(title).endswith(_squeezed(line)) and len(line) > 5), -1
    )
    byline: list[str] = []
    for line in opening[after + 1 : after + 12] if after >= 0 else ():
        if _NO_BYLINE.search(line):
            break
        byline.append(line)
    names = tuple(a.strip() for a in re.split(r"[;,]| and ", named) if a.strip())
    return max(names_in(byline), names, key=len)


def _squeezed(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())
