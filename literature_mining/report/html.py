"""report.html: per region the claims by layer, each opening its sentence with paper and page. One file, works offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from cytoscribe import __version__
from cytoscribe.records import WHOLE, Claim, Description
from cytoscribe.runs import write_text
from literature_mining.regions.table import RegionTable
from literature_mining.report.consensus import MergedClaim, contradictions, layer_rank, merge
from literature_mining.report.wording import name_layer

Surroundings = Mapping[str, tuple[str, str]]
"""Claim id to the text just before and just after its sentence."""


@dataclass(frozen=True)
class Paper:
    """What is known of one paper, and what went wrong with it."""

    name: str
    title: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    doi: str = ""
    licence: str = ""
    readable: bool = True
    problems: tuple[str, ...] = ()

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
) -> None:
    """Write the report. All text of papers and tables is escaped; a region's sentences are drawn when it is opened."""
    environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = resources.files("literature_mining").joinpath("data/report.html.jinja").read_text(encoding="utf-8")
    by_name = {p.name: p for p in papers}
    texts = {d.region: d for d in descriptions}
    merged = merge(claims)
    regions = [_region(name, group, texts[name], table, by_name, surroundings or {}) for name, group in _grouped(merged).items()]
    showcase = max(regions, key=lambda r: (not r["description"].contradictions, r["claims"]))["name"] if regions else ""
    regions.sort(key=lambda r: r["name"] != showcase)
    html = environment.from_string(source).render(
        regions=regions,
        silent=[r.name for r in table.regions if r.name not in texts],
        papers=sorted(papers, key=lambda p: p.name),
        counts=_per_paper(claims),
        problems=[p for p in papers if p.problems],
        total=len(claims),
        notes=table.notes,
        shared=sum(len(m.documents) > 1 for m in merged),
        clashes=sum(len(d.contradictions) for d in descriptions),
        showcase=showcase,
        version=__version__,
    )
    write_text(path, html)


def _grouped(merged: Sequence[MergedClaim]) -> dict[str, list[MergedClaim]]:
    groups: dict[str, list[MergedClaim]] = {}
    for claim in merged:
        groups.setdefault(claim.region, []).append(claim)
    return groups


def _per_paper(claims: Sequence[Claim]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for claim in claims:
        counts[claim.document] = counts.get(claim.document, 0) + 1
    return counts


def _region(
    name: str,
    merged: list[MergedClaim],
    description: Description,
    table: RegionTable,
    papers: Mapping[str, Paper],
    surroundings: Surroundings,
) -> dict[str, Any]:
    clashes = contradictions(merged)
    disputed = {id(m) for pair in clashes for m in pair}
    record = table.find(name)
    layers = sorted({m.layer for m in merged}, key=layer_rank)
    return {
        "name": name,
        "parent": record.parent if record else "",
        "unseen": bool(record and record.unseen),
        "description": description,
        "claims": sum(len(m.claims) for m in merged),
        "documents": len(description.documents),
        "layers": [
            {
                "name": "whole depth" if layer == WHOLE else name_layer(layer).removeprefix("the "),
                "claims": [_claim(m, id(m) in disputed, papers, surroundings) for m in merged if m.layer == layer],
            }
            for layer in layers
        ],
    }


def _claim(merged: MergedClaim, disputed: bool, papers: Mapping[str, Paper], surroundings: Surroundings) -> dict[str, Any]:
    return {
        "attribute": merged.attribute,
        "label": merged.attribute.replace("_", " "),
        "value": merged.value,
        "denied": not merged.polarity,
        "compared_to": ", ".join(merged.compared_to),
        "disputed": disputed,
        "documents": len(merged.documents),
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
