"""What is known of a region and from where: its description with papers and pages, for whoever reads an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cytoscribe.errors import InputError
from cytoscribe.records import Claim, Description
from cytoscribe.tables import read_records

DESCRIPTIONS_FILE = "descriptions.parquet"
CLAIMS_FILE = "claims.parquet"
SHOWN_CAPTIONS = 3
"""Class captions that stand in for a description where there is none."""


@dataclass(frozen=True)
class Source:
    """One paper behind a description. pages: ascending, empty where the format has none."""

    document: str
    doi: str
    pages: tuple[int, ...]

    def __str__(self) -> str:
        pages = f", p. {', '.join(map(str, self.pages))}" if self.pages else ""
        return f"{self.document}{pages}{f' (doi:{self.doi})' if self.doi else ''}"


@dataclass(frozen=True)
class Evidence:
    """`text` describes the region; `sources` are the papers it rests on, empty where only captions are known; `origin` says which."""

    text: str
    sources: tuple[Source, ...]
    origin: str


def read_evidence(folder: Path | None, model_folder: Path, class_captions: Mapping[str, Sequence[str]]) -> dict[str, Evidence]:
    """Evidence of each region: from `folder` (a mine-descriptions run), else from the model folder's copy, else class captions.

    Raises InputError where `folder` is given and holds no descriptions.
    """
    found = {r: Evidence(" ".join(texts[:SHOWN_CAPTIONS]), (), "class captions") for r, texts in class_captions.items() if texts}
    for place in (folder, model_folder):
        if place is None:
            continue
        if (place / DESCRIPTIONS_FILE).is_file():
            return found | _from_tables(place)
        if place is folder:
            raise InputError("holds no descriptions.parquet", where=place, fix="give the --out folder of mine-descriptions")
    return found


def _from_tables(folder: Path) -> dict[str, Evidence]:
    claims: dict[str, Claim] = {}
    if (folder / CLAIMS_FILE).is_file():
        claims = {c.claim_id: c for c in read_records(folder / CLAIMS_FILE, Claim)}
    descriptions = read_records(folder / DESCRIPTIONS_FILE, Description)
    return {d.region: Evidence(d.text, _sources(d, claims), "papers") for d in descriptions if d.text}


def _sources(description: Description, claims: Mapping[str, Claim]) -> tuple[Source, ...]:
    pages: dict[tuple[str, str], set[int]] = {}
    for claim in (claims[i] for i in description.claim_ids if i in claims):
        pages.setdefault((claim.document, claim.doi), set()).update([claim.page] if claim.page is not None else [])
    named = {document for document, _ in pages}
    pages |= {(document, ""): set() for document in description.documents if document not in named}
    return tuple(Source(document, doi, tuple(sorted(those))) for (document, doi), those in sorted(pages.items()))
