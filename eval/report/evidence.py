"""What is known of a region and from where: its description with papers and pages, for readers of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Claim, Description
from cytoscribe.core.tables import read_records

DESCRIPTIONS_FILE = "descriptions.parquet"
CLAIMS_FILE = "claims.parquet"


@dataclass(frozen=True)
class PaperPages:
    """One paper behind a description. pages: ascending, empty where the format has none."""

    document: str
    doi: str
    pages: tuple[int, ...]

    def __str__(self) -> str:
        pages = f", p. {', '.join(map(str, self.pages))}" if self.pages else ""
        return f"{self.document}{pages}{f' (doi:{self.doi})' if self.doi else ''}"

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {"document": self.document, "doi": self.doi, "pages": list(self.pages)}


@dataclass(frozen=True)
class RegionEvidence:
    """`text` describes the region; `sources` are the papers it rests on, empty where only captions are known; `origin` says which;
    claims: what the papers state, with their sentences."""

    text: str
    sources: tuple[PaperPages, ...]
    origin: str
    claims: tuple[Claim, ...] = ()

    def quotes(self, most: int) -> list[str]:
        """Up to `most` different sentences with paper and page, those with the surest claims first."""
        ordered = sorted(self.claims, key=lambda c: -c.score)
        found = dict.fromkeys(f"“{' '.join(c.sentence.split())}” ({_place(c)})" for c in ordered if c.sentence)
        return list(found)[:most]


def region_evidence(
    folder: Path | None, model_folder: Path, class_captions: Mapping[str, Sequence[str]]
) -> dict[str, RegionEvidence]:
    """Evidence of each region: from `folder` (a mine-descriptions run), else from the model folder's copy, else its shortest class caption.

    Raises InputError where `folder` is given and holds no descriptions.
    """
    found = {r: RegionEvidence(min(texts, key=len), (), "class captions") for r, texts in class_captions.items() if texts}
    for place in (folder, model_folder):
        if place is None:
            continue
        if (place / DESCRIPTIONS_FILE).is_file():
            return found | _from_tables(place)
        if place is folder:
            raise InputError("holds no descriptions.parquet", where=place, fix="give the --out folder of mine-descriptions")
    return found


def _from_tables(folder: Path) -> dict[str, RegionEvidence]:
    claims = read_claims(folder)
    descriptions = read_records(folder / DESCRIPTIONS_FILE, Description)
    return {
        d.region: _evidence(d, [claims[i] for i in d.claim_ids if i in claims]) for d in reversed(descriptions) if d.text
    }  # the species with the most claims wins


def read_claims(folder: Path | None) -> dict[str, Claim]:
    """Claims of a mine-descriptions folder by id; none where there is no such file."""
    if folder is None or not (folder / CLAIMS_FILE).is_file():
        return {}
    return {c.claim_id: c for c in read_records(folder / CLAIMS_FILE, Claim)}


def _evidence(description: Description, claims: Sequence[Claim]) -> RegionEvidence:
    return RegionEvidence(description.text, papers_behind(claims, description.documents), "papers", tuple(claims))


def _place(claim: Claim) -> str:
    return claim.document + (f", p. {claim.page}" if claim.page is not None else "")


def papers_behind(claims: Sequence[Claim], documents: Sequence[str] = ()) -> tuple[PaperPages, ...]:
    """Papers and pages of claims, by name; `documents` are papers that are named even where no claim of theirs is at hand."""
    pages: dict[tuple[str, str], set[int]] = {}
    for claim in claims:
        pages.setdefault((claim.document, claim.doi), set()).update([claim.page] if claim.page is not None else [])
    named = {document for document, _ in pages}
    pages |= {(document, ""): set() for document in documents if document not in named}
    return tuple(PaperPages(document, doi, tuple(sorted(those))) for (document, doi), those in sorted(pages.items()))
