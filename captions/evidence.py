"""Evidence that comes with the captions: for every claim that a caption names, which paper says so and on which page, and in which words
where the paper's licence lets them be copied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cytoscribe.core.records import Caption, Claim
from cytoscribe.core.tables import read_records, write_records
from cytoscribe.literature_mining.report.consensus import MergedClaim
from cytoscribe.literature_mining.report.html import Paper

EVIDENCE = "evidence.parquet"
PAPERS = "papers.parquet"
DISPUTED = "disputed.parquet"

_FREE = re.compile(r"CC0|CC BY(?:-SA)?|PUBLIC DOMAIN(?: MARK)?")
"""Licences under which anybody may copy a sentence for any use, with attribution. Papers under NC or ND terms are not quoted: whoever
takes the dataset would have to keep those terms."""


@dataclass(frozen=True)
class ClaimEvidence:
    """Where a claim comes from. quotation: the paper's sentence, "" unless quotations were requested and the licence allows them;
    licence: as the paper states it, "" where it is not known."""

    claim_id: str
    region: str
    document: str
    doi: str
    page: int | None
    layer: str
    attribute: str
    value: str
    polarity: bool
    compared_to: tuple[str, ...]
    licence: str = ""
    quotation: str = ""


@dataclass(frozen=True)
class Disputed:
    """A statement that no caption uses, since other papers contradict it. support: the scores of its papers, added up."""

    region: str
    species: str
    layer: str
    attribute: str
    value: str
    polarity: bool
    compared_to: tuple[str, ...]
    claim_ids: tuple[str, ...]
    documents: tuple[str, ...]
    support: float


@dataclass(frozen=True)
class CitedPaper:
    """A paper on the card. citation: "Caspers et al. 2013", or the file's name; quoted: its sentences stand in the evidence."""

    citation: str
    title: str
    doi: str
    licence: str
    quoted: bool


def read_papers(folder: Path) -> dict[str, Paper]:
    """Papers of a mining run by file name; {} for a run that did not list them."""
    path = folder / PAPERS
    return {p.name: p for p in read_records(path, Paper)} if path.exists() else {}


def quotable(licence: str) -> bool:
    """Whether a licence ("CC BY 4.0") lets anybody copy a paper's sentences; an unknown one does not."""
    return bool(_FREE.fullmatch(re.sub(r"\s+\d(?:\.\d)?$", "", licence.strip().upper())))


def write_evidence(
    folder: Path, claims: Iterable[Claim], captions: Sequence[Caption], papers: Mapping[str, Paper], *, quote: bool = False
) -> None:
    """Write the evidence of all claims that the captions name; with `quote`, in the words of papers whose licence allows it."""
    named = {i for c in captions for i in c.claim_ids}
    rows = {c.claim_id: _evidence(c, papers.get(c.document), quote) for c in claims if c.claim_id in named}
    write_records(folder / EVIDENCE, ClaimEvidence, rows.values())


def _evidence(claim: Claim, paper: Paper | None, quote: bool) -> ClaimEvidence:
    licence = paper.licence if paper else ""
    return ClaimEvidence(
        claim_id=claim.claim_id,
        region=claim.region,
        document=claim.document,
        doi=claim.doi,
        page=claim.page,
        layer=claim.layer,
        attribute=claim.attribute,
        value=claim.value,
        polarity=claim.polarity,
        compared_to=claim.compared_to,
        licence=licence,
        quotation=claim.sentence if quote and quotable(licence) else "",
    )


def write_disputed(folder: Path, set_aside: Sequence[MergedClaim]) -> None:
    """Write `disputed.parquet`: the statements that consensus set aside, each with its claims and papers."""
    rows = [
        Disputed(
            region=m.region,
            species=m.species,
            layer=m.layer,
            attribute=m.attribute,
            value=m.value,
            polarity=m.polarity,
            compared_to=m.compared_to,
            claim_ids=tuple(c.claim_id for c in m.claims),
            documents=m.documents,
            support=round(sum(m.support.values()), 3),
        )
        for m in set_aside
    ]
    write_records(folder / DISPUTED, Disputed, rows)


def cited_papers(claims: Iterable[Claim], papers: Mapping[str, Paper], *, quote: bool = False) -> list[CitedPaper]:
    """The papers behind the claims, by citation."""
    dois = {c.document: c.doi for c in claims if c.document}
    rows = []
    for name, doi in dois.items():
        paper = papers.get(name) or Paper(name)
        rows.append(CitedPaper(paper.citation, paper.title, doi or paper.doi, paper.licence, quote and quotable(paper.licence)))
    return sorted(rows, key=lambda s: (s.citation.casefold(), s.doi))
