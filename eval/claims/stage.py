"""The stage `compare-claims`: mined claims and measured layers in; verdicts, a picture, a page and captions out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from cytoscribe.captions.card import CardFacts, write_card
from cytoscribe.captions.dataset import write_dataset
from cytoscribe.captions.evidence import write_evidence
from cytoscribe.captions.masking import mask_for
from cytoscribe.captions.settings import CLIP_CONTEXT
from cytoscribe.captions.tokens import count_tokens
from cytoscribe.captions.wording.english import area_names, layer_name, sentence
from cytoscribe.captions.wording.facets import literature_facet
from cytoscribe.core.digests import file_digest, fingerprint
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import WHOLE, Caption, Claim, Region
from cytoscribe.core.runs import RunFolder, write_text
from cytoscribe.core.tables import read_records, write_csv, write_records
from cytoscribe.eval.claims.measured import LAYERS, LayerMeasures, read_measured
from cytoscribe.eval.claims.page import claims_page, forest
from cytoscribe.eval.claims.verdicts import VERDICTS, ClaimJudge, Verdict, table
from cytoscribe.literature_mining.regions.table import read_regions

TABLE, PARQUET, PAGE, PICTURE, CAPTIONS = "verdicts.csv", "verdicts.parquet", "claims.html", "claims.png", "captions"
STAINS = ("cells", "other")


@dataclass(frozen=True)
class CompareClaimsSettings:
    """claims: folder of mine-descriptions; measured: folder of measure-layers; stain: "cells" where the sections show cell bodies, so
    that darkness counts cells, else "other"; min_score: least probability of a claim that is judged, 0 for all."""

    claims: Path
    measured: Path
    out: Path
    stain: str = "cells"
    min_score: float = 0.0
    overwrite: bool = False


@dataclass(frozen=True)
class ClaimComparison:
    """The results of a run. faint: claims left out for their score."""

    verdicts: tuple[Verdict, ...]
    captions: tuple[Caption, ...]
    measured: LayerMeasures
    faint: int

    @property
    def counts(self) -> dict[str, int]:
        """Verdict to number of claims, every verdict named."""
        found = Counter(v.verdict for v in self.verdicts)
        return {word: found[word] for word in VERDICTS}


def compare_claims(settings: CompareClaimsSettings) -> ClaimComparison:
    """Judge every claim; writes verdicts.csv, verdicts.parquet, claims.html, claims.png and captions/ into `settings.out`.

    Raises InputError where a table cannot be used, or no claimed region was measured.
    """
    if settings.stain not in STAINS:
        raise InputError(f"unknown stain '{settings.stain}'", where="--stain", fix=f"use {' or '.join(STAINS)}")
    path = settings.claims / "claims.parquet"
    every = read_records(path, Claim)
    claims = [c for c in every if c.score >= settings.min_score]
    if not claims:
        raise InputError("no claim is left", where=path, fix="lower --min-score, or mine again")
    measured = read_measured(settings.measured)
    regions = _regions(settings.claims)
    names = _names(regions, measured)
    if not any(names.get(c.region.casefold(), c.region) in measured.rows for c in claims):
        shown = ", ".join(list(measured.rows)[:5])
        raise InputError(
            f"no region of the claims was measured (measured: {shown})", where=path, fix="use the same region names in both"
        )
    verdicts = ClaimJudge(measured, names, settings.stain == "cells").judge(claims)
    by_id = {c.claim_id: c for c in claims}
    captions = joint_captions(by_id, verdicts, regions)
    found = ClaimComparison(tuple(verdicts), tuple(captions), measured, len(every) - len(claims))
    told = {"stain": settings.stain, "min_score": settings.min_score}
    inputs = {"claims": file_digest(path), "measured": file_digest(settings.measured / LAYERS)}
    with RunFolder(settings.out, "compare-claims", told, inputs, overwrite=settings.overwrite) as run:
        _write(settings, found, claims)
        run.finish(found.counts)
    return found


def _regions(folder: Path) -> dict[str, Region]:
    table = folder / "regions.csv"
    return {r.name: r for r in read_regions(table, drop_shared=True).regions} if table.is_file() else {}


def _names(regions: dict[str, Region], measured: LayerMeasures) -> dict[str, str]:
    """Any name of a region, folded, to the name under which it was measured."""
    there = {name.casefold(): name for name in measured.rows}
    names = dict(there)
    for row in regions.values():
        found = next((there[n.casefold()] for n in row.names if n.casefold() in there), None)
        if found:
            names[row.name.casefold()] = found
    return names


def _write(settings: CompareClaimsSettings, found: ClaimComparison, claims: list[Claim]) -> None:
    out = settings.out
    columns = [f.name for f in fields(Verdict)]
    write_csv(out / TABLE, columns, ([_cell(v) for v in astuple(verdict)] for verdict in found.verdicts))
    write_records(out / PARQUET, Verdict, found.verdicts)
    forest(found.verdicts, out / PICTURE)
    write_text(out / PAGE, claims_page(found.verdicts, found.counts, found.measured, settings.stain, PICTURE))
    if not found.captions:
        return
    facts = CardFacts(
        source=settings.claims.name,
        models=(MODEL,),
        seed=0,
        max_tokens=CLIP_CONTEXT,
        rejected={},
        unseen=(),
        shortages={},
        image=False,
    )
    write_evidence(out / CAPTIONS, claims, list(found.captions), {}, quote=False)
    write_dataset(out / CAPTIONS, found.captions, (), (), write_card(found.captions, (), facts))


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.4g}" if value == value else ""
    return "; ".join(value) if isinstance(value, tuple) else value


STYLE, MODEL = "measured", "template"


def joint_captions(claims: Mapping[str, Claim], verdicts: Sequence[Verdict], regions: Mapping[str, Region]) -> list[Caption]:
    """One caption a claim that measurement supports or refutes; claims that read alike share one, and unseen regions get none.

    claims: by id. The words of the paper come first, then the ratio with its interval. `faithfulness` is 1.0 by construction.
    """
    found: dict[str, Caption] = {}
    for verdict in verdicts:
        claim, row = claims[verdict.claim_id], regions.get(verdict.region)
        if (
            verdict.verdict not in ("supported", "refuted")
            or not verdict.measure
            or verdict.reading == "its sublayers"
            or (row and row.unseen)
        ):
            continue
        text = caption_text(claim, verdict, regions)
        if not text or text in found:
            continue
        masked = mask_for(claim.region, regions.values()).apply(text)
        tokens = count_tokens(text)
        if tokens <= CLIP_CONTEXT:
            key = fingerprint([claim.region, text])[:16]
            found[text] = Caption(key, claim.region, text, masked, STYLE, STYLE, MODEL, (claim.claim_id,), tokens, 1.0)
    return list(found.values())


def caption_text(claim: Claim, verdict: Verdict, regions: Mapping[str, Region]) -> str:
    """ "In area X layer IV is densely packed; its measured cell density is 1.4 times (1.2 to 1.7) that of the other regions." """
    others = tuple(area_names(regions.get(o), o)[0] for o in claim.compared_to)
    clauses = literature_facet(claim, others).clauses
    if not clauses:
        return ""
    area = area_names(regions.get(claim.region), claim.region)[0]
    words = table()[claim.attribute]["words"]
    interval = f"{verdict.low:.2f} to {verdict.high:.2f}"
    joint = "; measured, its" if verdict.verdict == "supported" else ", papers say, but its measured"
    ending = f"{joint} {words} is {verdict.ratio:.2f} times ({interval}) {_that_of(claim, verdict, others)}"
    return sentence(f"in {area} {clauses[0].replace('{s}', 'it')}{ending}")


def _that_of(claim: Claim, verdict: Verdict, others: Sequence[str]) -> str:
    if verdict.reading == "other layers":
        return "that of its other layers"
    if others:
        return f"that of {' and '.join(others)}"
    return "that of other regions" if claim.layer == WHOLE else f"that of {layer_name(claim.layer).bare} elsewhere"
