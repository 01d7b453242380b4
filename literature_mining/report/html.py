"""report.html: per region the claims by layer, each opening its sentence with paper and page. One file, works offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cytoscribe import __version__
from cytoscribe.core.records import WHOLE, Claim, Description
from cytoscribe.core.rendering import render
from cytoscribe.core.runs import write_text
from cytoscribe.literature_mining.papers.figures import FigureRecord
from cytoscribe.literature_mining.regions.table import RegionTable
from cytoscribe.literature_mining.report.consensus import Consensus, MergedClaim, consensus, layer_rank
from cytoscribe.literature_mining.report.wording import name_layer

Surroundings = Mapping[str, tuple[str, str]]
"""Claim id to the text just before and just after its sentence."""


@dataclass(frozen=True)
class Paper:
    """What is known of one paper, and what went wrong with it. `names_regions`: it names a region of the table."""

    name: str
    title: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    doi: str = ""
    licence: str = ""
    readable: bool = True
    problems: tuple[str, ...] = ()
    names_regions: bool = False

    @property
    def citation(self) -> str:
        """`Caspers et al. 2013`, or the file's name where the authors are not known."""
        names = self.authors[0].split(",")[0].split() if self.authors else []
        if not names or not self.year:
            return self.name
        family = names[-1]
        return f"{family}{' et al.' if len(self.authors) > 1 else ''} {self.year}"


def write_report(
    path: Path,
    table: RegionTable,
    claims: Sequence[Claim],
    descriptions: Sequence[Description],
    papers: Sequence[Paper],
    surroundings: Surroundings | None = None,
    figures: Sequence[FigureRecord] = (),
    respelled: Mapping[str, str] | None = None,
) -> None:
    """Write the report. respelled: regions without a claim to the papers' spelling of their names. All text of papers and tables is escaped; a region's sentences are drawn when it is opened."""
    by_name = {p.name: p for p in papers}
    texts = {(d.region, d.species): d for d in descriptions}
    agreed = consensus(claims)
    regions = [_region(c, texts[c.region, c.species], table, by_name, surroundings or {}) for c in agreed]
    showcase = max(regions, key=lambda r: (not r["description"].contradictions, r["claims"])) if regions else None
    regions.sort(key=lambda r: r is not showcase)
    described = {d.region for d in descriptions}
    content = {
        "regions": regions,
        "described": len(described),
        "silent": [r.name for r in table.regions if r.name not in described],
        "respelled": respelled or {},
        "papers": sorted(papers, key=lambda p: p.name),
        "counts": _per_paper(claims),
        "problems": [p for p in papers if p.problems],
        "total": len(claims),
        "notes": table.notes,
        "shared": sum(len(m.documents) > 1 for c in agreed for m in (*c.kept, *c.set_aside)),
        "clashes": sum(len(d.contradictions) for d in descriptions),
        "showcase": showcase,
        "figures": sorted(figures, key=lambda f: (not f.regions, f.document, f.page or 0, f.figure_id)),
        "version": __version__,
    }
    write_text(path, render("cytoscribe.literature_mining", "data/report.html.jinja", content))


def _per_paper(claims: Sequence[Claim]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for claim in claims:
        counts[claim.document] = counts.get(claim.document, 0) + 1
    return counts


def _region(
    agreed: Consensus,
    description: Description,
    table: RegionTable,
    papers: Mapping[str, Paper],
    surroundings: Surroundings,
) -> dict[str, Any]:
    record = table.find(agreed.region)
    return {
        "name": agreed.region,
        "species": agreed.species,
        "parent": record.parent if record else "",
        "unseen": bool(record and record.unseen),
        "description": description,
        "claims": sum(len(m.claims) for m in (*agreed.kept, *agreed.set_aside)),
        "documents": len(description.documents),
        "layers": _by_layer(agreed.kept, papers, surroundings),
        "disputed": _by_layer(agreed.set_aside, papers, surroundings),
    }


def _by_layer(merged: Sequence[MergedClaim], papers: Mapping[str, Paper], surroundings: Surroundings) -> list[dict[str, Any]]:
    return [
        {
            "name": "whole depth" if layer == WHOLE else name_layer(layer).removeprefix("the "),
            "claims": [_claim(m, papers, surroundings) for m in merged if m.layer == layer],
        }
        for layer in sorted({m.layer for m in merged}, key=layer_rank)
    ]


def _claim(merged: MergedClaim, papers: Mapping[str, Paper], surroundings: Surroundings) -> dict[str, Any]:
    return {
        "attribute": merged.attribute,
        "label": merged.attribute.replace("_", " "),
        "value": merged.value,
        "denied": not merged.polarity,
        "compared_to": ", ".join(merged.compared_to),
        "documents": len(merged.documents),
        "score": max(c.score for c in merged.claims),
        "evidence": [_evidence(c, papers, surroundings) for c in merged.claims],
    }


def _evidence(claim: Claim, papers: Mapping[str, Paper], surroundings: Surroundings) -> dict[str, Any]:
    at = claim.sentence.find(claim.span)
    end = at + len(claim.span)
    before, after = surroundings.get(claim.claim_id, ("", ""))
    paper = papers.get(claim.document)
    return {
        "context_before": before,
        "before": claim.sentence[:at] if at >= 0 else claim.sentence,
        "span": claim.span if at >= 0 else "",
        "after": claim.sentence[end:] if at >= 0 else "",
        "context_after": after,
        "document": claim.document,
        "citation": paper.citation if paper else claim.document,
        "doi": claim.doi,
        "page": claim.page,
        "score": claim.score,
        "id": claim.claim_id,
    }
