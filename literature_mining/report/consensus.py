"""What all papers together say of a region: equal claims merged with their sources counted, contradictions listed, one text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cytoscribe.records import WHOLE, Claim, Description
from literature_mining.claims.layers import ORDER, base
from literature_mining.report.wording import describe

OPPOSED = {
    frozenset(pair)
    for pair in (
        ("low", "high"),
        ("small", "large"),
        ("small", "giant"),
        ("thin", "broad"),
        ("absent", "prominent"),
        ("absent", "visible"),
        ("inconspicuous", "prominent"),
        ("poor", "clear"),
        ("sharp", "blurred"),
        ("agranular", "granular"),
        ("agranular", "dysgranular"),
        ("dark", "pale"),
        ("homogeneous", "heterogeneous"),
        ("homogeneous", "clustered"),
    )
}
"""Pairs of values that cannot both hold of one trait of one layer."""
_ORDERED = (
    "cortical_type",
    "lamination",
    "staining",
    "layer_visibility",
    "layer_thickness",
    "cell_density",
    "cell_size",
    "size_gradient",
    "cell_type",
    "arrangement",
    "border",
)


@dataclass(frozen=True)
class MergedClaim:
    """Claims of one region that say the same. `documents` are their papers, each once, in order."""

    region: str
    layer: str
    attribute: str
    value: str
    polarity: bool
    compared_to: tuple[str, ...]
    claims: tuple[Claim, ...]

    @property
    def documents(self) -> tuple[str, ...]:
        """Papers that say so, each once."""
        return tuple(sorted({c.document for c in self.claims}))


def merge(claims: Iterable[Claim]) -> list[MergedClaim]:
    """Merge the claims of each region that agree, in the order type, lamination, then layer by layer from the surface."""
    groups: dict[tuple[object, ...], list[Claim]] = {}
    for claim in claims:
        value, polarity = plain_value(claim)
        key = (claim.region, claim.layer, claim.attribute, value, polarity, claim.compared_to)
        groups.setdefault(key, []).append(claim)
    merged = [
        MergedClaim(str(k[0]), str(k[1]), str(k[2]), str(k[3]), bool(k[4]), group[0].compared_to, tuple(group))
        for k, group in groups.items()
    ]
    return sorted(merged, key=_order)


def plain_value(claim: Claim) -> tuple[str, bool]:
    """A claim's value and polarity with denials that have a word of their own resolved: "not sharp" is blurred."""
    folded = {("sharp", False): "blurred", ("visible", False): "absent", ("clear", False): "poor", ("blurred", False): "sharp"}
    value = folded.get((claim.value, claim.polarity)) if claim.attribute in {"border", "layer_visibility", "lamination"} else None
    return (value, True) if value else (claim.value, claim.polarity)


def contradictions(merged: Sequence[MergedClaim]) -> list[tuple[MergedClaim, MergedClaim]]:
    """Pairs of one region's merged claims that cannot both hold: opposite values of one layer, or one denied.

    Comparisons say which of two areas has more, not how much, so they contradict only a comparison with the same area.
    """
    pairs = []
    for i, one in enumerate(merged):
        for other in merged[i + 1 :]:
            if (one.region, one.layer, one.attribute, one.compared_to) != (
                other.region,
                other.layer,
                other.attribute,
                other.compared_to,
            ):
                continue
            if (one.value == other.value and one.polarity != other.polarity) or (
                one.polarity and other.polarity and frozenset((one.value, other.value)) in OPPOSED and not _within(one, other)
            ):
                pairs.append((one, other))
    return pairs


def _within(one: MergedClaim, other: MergedClaim) -> bool:
    """Two layers' worth of cells may differ inside one sentence ("smaller than in layer III"): that is no contradiction."""
    return bool({c.sentence for c in one.claims} & {c.sentence for c in other.claims})


def describe_regions(claims: Sequence[Claim]) -> list[Description]:
    """One description a region, in the order of names; `text` is composed from merged claims, never copied from papers."""
    descriptions = []
    regions = sorted({c.region for c in claims})
    everything = merge(claims)
    for region in regions:
        merged = [m for m in everything if m.region == region]
        clashes = contradictions(merged)
        disputed = {id(m) for pair in clashes for m in pair}
        descriptions.append(
            Description(
                region=region,
                text=describe(region, [m for m in merged if id(m) not in disputed]),
                claim_ids=tuple(c.claim_id for m in merged for c in m.claims),
                documents=tuple(sorted({d for m in merged for d in m.documents})),
                agreement=round(
                    1 - sum(len(m.claims) for m in merged if id(m) in disputed) / sum(len(m.claims) for m in merged), 3
                ),
                contradictions=tuple(f"{_short(a)} / {_short(b)}" for a, b in clashes),
            )
        )
    return descriptions


def _short(merged: MergedClaim) -> str:
    place = "" if merged.layer == WHOLE else f"layer {merged.layer}: "
    against = f" than {', '.join(merged.compared_to)}" if merged.compared_to else ""
    papers = ", ".join(merged.documents)
    return f"{place}{merged.attribute.replace('_', ' ')} {'' if merged.polarity else 'not '}{merged.value}{against} ({papers})"


def _order(merged: MergedClaim) -> tuple[object, ...]:
    rank = _ORDERED.index(merged.attribute) if merged.attribute in _ORDERED else len(_ORDERED)
    return (merged.region, layer_rank(merged.layer), rank, merged.value, merged.polarity, merged.compared_to)


def layer_rank(layer: str) -> tuple[int, str]:
    """Sort key of layers: the whole depth first, then from the surface to the white matter, then layers that have names."""
    if layer == WHOLE:
        return (-1, "")
    top = base(layer.split("-")[0])
    return (ORDER.index(top), layer) if top else (len(ORDER), layer)
