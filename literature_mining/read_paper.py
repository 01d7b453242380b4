"""One paper read from end to end, as rows that a shard can hold: the paper, its claims, its figures, its other sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cytoscribe.errors import CytoscribeError, InputError
from cytoscribe.plain_text import storable
from cytoscribe.records import Claim, Document
from literature_mining.claims.document import DocumentReader
from literature_mining.claims.lexicon import load_lexicon
from literature_mining.claims.llm import CLAIMS_SCHEMA, ModelExtractor, Served
from literature_mining.claims.rules import RuleExtractor
from literature_mining.papers.figures import extract_figures, save_images
from literature_mining.papers.open import read_document
from literature_mining.regions.table import RegionTable, read_regions
from literature_mining.report.html import Paper
from literature_mining.sandbox import allow

_AROUND = 240
"""Characters of context that the report shows on either side of a sentence."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A language model that is asked too: the server's address, the model's name, whether its claims stand alone, the seconds that
    one answer may take, and whether answers are asked for in a fixed form, which the server must bear."""

    server: str
    model: str
    alone: bool = False
    seconds: float = 120
    formed: bool = True

    def model_there(self) -> Served:
        """The model, which stops the clock of the paper's reader while it answers."""
        return Served(self.server, self.model, self.seconds, CLAIMS_SCHEMA if self.formed else None, before=allow)


@dataclass(frozen=True)
class Job:
    """One paper to read. `figures`: the run folder that takes its images, None for none; `others`: keep sentences that name a
    region and state no claim; `asked`: a language model beside the rules."""

    paper: Path
    regions: Path
    drop_shared: bool = False
    lexicon: Path | None = None
    figures: Path | None = None
    others: bool = False
    asked: Asked | None = None


def read_paper(job: Job) -> list[Row]:
    """Rows of one paper, each with its `kind`: "paper" first, then "claim", "figure" and "other".

    Raises InputError where the paper cannot be read.
    """
    document = replace(read_document(job.paper), name=storable(job.paper.name))
    extractor = _extractor(job.regions, job.drop_shared, job.lexicon)
    model = ModelExtractor(job.asked.model_there(), extractor.table) if job.asked else None
    reader = DocumentReader(document, extractor, model, alone=bool(job.asked and job.asked.alone))
    reading = reader.read()
    rows = [_row("paper", _paper(document))]
    rows += [{**_row("claim", c), **_around(document, c)} for c in reading.claims]
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
def _extractor(regions: Path, drop_shared: bool, lexicon: Path | None) -> RuleExtractor:
    table: RegionTable = read_regions(regions, drop_shared=drop_shared)
    return RuleExtractor(table, load_lexicon(lexicon))


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


def _row(kind: str, record: Any) -> Row:
    return {"kind": kind, **asdict(record)}


def _around(document: Document, claim: Claim) -> dict[str, str]:
    before = document.text[max(0, claim.sentence_start - _AROUND) : claim.sentence_start]
    after = document.text[claim.sentence_end : claim.sentence_end + _AROUND]
    return {"before": before.partition(" ")[2], "after": after.rpartition(" ")[0]}
