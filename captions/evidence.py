"""Evidence beside the captions: for every claim that a caption names, which paper says so and on which page. No quotations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cytoscribe.records import Caption, Claim
from cytoscribe.tables import write_records

EVIDENCE = "evidence.parquet"


@dataclass(frozen=True)
class Evidence:
    """Where a claim stands. The words of the paper are left out: their licence may not allow copies."""

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


def write_evidence(folder: Path, claims: Iterable[Claim], captions: Sequence[Caption]) -> None:
    """Write the evidence of all claims that the captions name."""
    named = {i for c in captions for i in c.claim_ids}
    rows = {
        c.claim_id: Evidence(
            c.claim_id, c.region, c.document, c.doi, c.page, c.layer, c.attribute, c.value, c.polarity, c.compared_to
        )
        for c in claims
        if c.claim_id in named
    }
    write_records(folder / EVIDENCE, Evidence, rows.values())


def sources_of(claims: Iterable[Claim]) -> list[str]:
    """Papers by name, with their doi where it is known."""
    return [f"{name} (doi:{doi})" if doi else name for name, doi in sorted({(c.document, c.doi) for c in claims if c.document})]
