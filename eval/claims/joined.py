"""Captions that join both: what papers say of a layer, and what was measured of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cytoscribe.captions.masking import mask_for
from cytoscribe.captions.settings import CLIP_CONTEXT
from cytoscribe.captions.tokens import count_tokens
from cytoscribe.captions.wording.english import area_names, layer_name, sentence
from cytoscribe.captions.wording.facets import literature_facet
from cytoscribe.core.records import WHOLE, Caption, Claim, Region
from cytoscribe.core.runs import fingerprint
from cytoscribe.eval.claims.verdicts import Verdict, table

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
