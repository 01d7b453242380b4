"""One paper read from end to end, as rows that a shard can hold: the paper, its claims, its figures, its other sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import CytoscribeError, InputError
from cytoscribe.core.plain_text import storable
from cytoscribe.core.records import Document
from cytoscribe.literature_mining.claims.document import DocumentReader
from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.llm.second_look import RULES
from cytoscribe.literature_mining.claims.llm.vocabulary import load_vocabulary
from cytoscribe.literature_mining.claims.llm.windows import Source, windows_of
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.claims.vocabulary import CORTEX, has_plural_names
from cytoscribe.literature_mining.papers.figures import extract_figures, save_images
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.regions.near_names import NearNames
from cytoscribe.literature_mining.regions.table import RegionTable, read_regions, with_plurals
from cytoscribe.literature_mining.report.html import Paper

_AROUND = 240
"""Characters of context that the report shows on either side of a sentence."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One paper to read. `figures`: the run folder that takes its images, None for none; `others`: keep sentences that name a
    region and state no claim; `windows`: keep the windows that a language model is to read;
    `vocabulary`: a shipped one by name, or a file."""

    paper: Path
    regions: Path
    drop_shared: bool = False
    lexicon: Path | None = None
    figures: Path | None = None
    others: bool = False
    windows: bool = False
    vocabulary: str = CORTEX


def read_paper(job: Job) -> list[Row]:
    """Rows of one paper, each with its `kind`: "paper" first, then "claim", "spelling", "window", "figure" and "other".

    Raises InputError where the paper cannot be read.
    """
    document = replace(read_document(job.paper), name=storable(job.paper.name))
    extractor = _extractor(job.regions, job.drop_shared, job.lexicon, job.vocabulary)
    reader = DocumentReader(document, extractor)
    reading = reader.read()
    named = bool(reading.claims or reader.regions_in(document.text))
    rows = [_row("paper", replace(_paper(document), names_regions=named))]
    rows += [
        {**_row("claim", replace(c, supported_by=(RULES,))), **_around(document, c.sentence_start, c.sentence_end)}
        for c in reading.claims
    ]
    rows += _spellings(document, extractor)
    if job.windows:
        rows += _windows(document, reader, extractor)
    if job.figures is not None:
        rows += _figures(job, document, reader)
    if job.others:
        rows += [{**_row("other", o), "document": document.name, "doi": document.doi} for o in reading.others]
    return rows


def unread(paper: Path, error: Exception) -> list[Row]:
    """The one row of a paper that could not be read."""
    fault = str(error) if isinstance(error, CytoscribeError) else repr(error)
    if isinstance(error, InputError):
        place = "" if Path(error.where).name in ("", paper.name) else f"{error.where}: "  # the paper is named beside it
        fault = f"{place}{error.what}; {error.fix}" if error.fix else f"{place}{error.what}"
    return [_row("paper", Paper(storable(paper.name), readable=False, problems=(fault,)))]


@lru_cache(maxsize=1)
def _extractor(regions: Path, drop_shared: bool, lexicon: Path | None, vocabulary: str) -> ClaimReader:
    table: RegionTable = read_regions(regions, drop_shared=drop_shared)
    if has_plural_names(vocabulary):
        table = with_plurals(table)
    return ClaimReader(table, load_lexicon(lexicon, vocabulary))


def _paper(document: Document) -> Paper:
    return Paper(
        document.name, document.title, document.authors, document.year, document.doi, document.licence, True, document.problems
    )


def _figures(job: Job, document: Document, reader: DocumentReader) -> Iterable[Row]:
    assert job.figures is not None
    try:
        found = extract_figures(job.paper, document)
    except InputError:  # the text was read: a paper's pictures are not worth its claims
        return []
    records = save_images(found, job.figures)
    return [_row("figure", replace(r, regions=reader.regions_in(r.caption))) for r in records]


def _spellings(document: Document, extractor: ClaimReader) -> Iterable[Row]:
    for region, written in NearNames(extractor.table.regions).find(document.text).items():
        yield {"kind": "spelling", "region": region, "written": dict(written)}


def _row(kind: str, record: Any) -> Row:
    return {"kind": kind, **asdict(record)}


def _windows(document: Document, reader: DocumentReader, extractor: ClaimReader) -> Iterable[Row]:
    windows, orders = windows_of(document, reader.regions_in, load_vocabulary(extractor.lexicon))
    source = Source(document.name, document.doi, document.trust)
    for window in windows:
        around = [_around(document, t.start, t.end) for t in window.targets]
        yield {"kind": "window", "source": asdict(source), "window": asdict(window), "around": around}
    if orders:
        yield {"kind": "problem", "problem": f"sentences that speak to a language model, and were not sent to it: {orders}"}


def _around(document: Document, start: int, end: int) -> dict[str, str]:
    before, after = document.text[max(0, start - _AROUND) : start], document.text[end : end + _AROUND]
    return {"before": before.partition(" ")[2], "after": after.rpartition(" ")[0]}
