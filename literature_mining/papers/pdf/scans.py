"""Scanned papers: which pages are pictures of text, who read them, and how far their text is to be trusted."""

from __future__ import annotations

import time
from typing import Any

from cytoscribe.literature_mining.papers.pdf import ocr
from cytoscribe.literature_mining.papers.pdf.layout import Page

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
