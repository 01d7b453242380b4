"""What all papers together say of a region: equal claims merged with their sources counted, opposed claims weighed, one text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from cytoscribe.core.records import WHOLE, Claim, Description
from cytoscribe.literature_mining.claims.layers import ORDER, base
from cytoscribe.literature_mining.report.opposition import contradict, plain_value
from cytoscribe.literature_mining.report.wording import describe

CLEAR = 2.0
"""How many times the support of its opponents a statement needs to outvote them; below, both sides are disputed."""
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
    """Claims of one region in one species that say the same. `documents` are their papers, each once, in order."""

    region: str
    layer: str
    attribute: str
    value: str
    polarity: bool
    compared_to: tuple[str, ...]
    claims: tuple[Claim, ...]
    species: str = ""

    @cached_property
    def support(self) -> dict[str, float]:
        """Paper to the best score of its claims: a paper that says the same twice counts once."""
        best: dict[str, float] = {}
        for claim in self.claims:
            best[claim.document] = max(best.get(claim.document, 0.0), claim.score)
        return best

    @property
    def documents(self) -> tuple[str, ...]:
        """Papers that say so, each once."""
        return tuple(sorted({c.document for c in self.claims}))


@dataclass(frozen=True)
class Consensus:
    """The statements of one region in one species, weighed.

    `kept` contradict nothing; `set_aside` are disputed (neither side clearly wins) or outvoted; `clashes` are the pairs that cannot
    both hold, whatever became of them.
    """

    region: str
    species: str
    kept: tuple[MergedClaim, ...]
    set_aside: tuple[MergedClaim, ...]
    clashes: tuple[tuple[MergedClaim, MergedClaim], ...]


def merge(claims: Iterable[Claim], species: str = "") -> list[MergedClaim]:
    """Merge the claims of each region that agree, in the order type, lamination, then layer by layer from the surface."""
    groups: dict[tuple[object, ...], list[Claim]] = {}
    for claim in claims:
        value, polarity = plain_value(claim)
        key = (claim.region, claim.layer, claim.attribute, value, polarity, claim.compared_to)
        groups.setdefault(key, []).append(claim)
    merged = [
        MergedClaim(str(k[0]), str(k[1]), str(k[2]), str(k[3]), bool(k[4]), group[0].compared_to, tuple(group), species)
        for k, group in groups.items()
    ]
    return sorted(merged, key=_order)


def species_of(claims: Iterable[Claim]) -> list[str]:
    """Species that the claims name, the one with the most claims first; [""] where they name none."""
    counts = Counter(c.species for c in claims if c.species)
    return sorted(counts, key=lambda s: (-counts[s], s)) or [""]


def in_species(claims: Iterable[Claim], species: str) -> list[Claim]:
    """Claims of the species, and those of unknown species, which join any."""
    return [c for c in claims if c.species in ("", species)]


def weigh(claims: Sequence[Claim], species: str = "") -> Consensus:
    """Weigh the opposed claims of one region: each side has the scores of its distinct papers, added up.

    A statement is outvoted where its opponents together have `CLEAR` times its support. The most outvoted goes first and no longer
    counts against others. Whatever is still opposed then is disputed.
    """
    merged = merge(in_species(claims, species), species)
    clashes = contradictions(merged)
    rivals: dict[int, list[MergedClaim]] = {}
    for one, other in clashes:
        rivals.setdefault(id(one), []).append(other)
        rivals.setdefault(id(other), []).append(one)
    opposed = {id(m): m for pair in clashes for m in pair}
    outvoted: set[int] = set()
    while opposed:
        against = {i: _against(m, [r for r in rivals[i] if id(r) not in outvoted]) for i, m in opposed.items() if i not in outvoted}
        worst = max(against, key=lambda i: against[i], default=None)
        if worst is None or against[worst] < CLEAR:
            break
        outvoted.add(worst)
    lost = outvoted | {i for i in opposed if any(id(r) not in outvoted for r in rivals[i])}
    return Consensus(
        region=merged[0].region if merged else "",
        species=species,
        kept=tuple(m for m in merged if id(m) not in lost),
        set_aside=tuple(m for m in merged if id(m) in lost),
        clashes=tuple(clashes),
    )


def _against(statement: MergedClaim, rivals: Sequence[MergedClaim]) -> float:
    """Support of the opponents over the statement's own; a paper on their side counts once."""
    best: dict[str, float] = {}
    for rival in rivals:
        for paper, score in rival.support.items():
            best[paper] = max(best.get(paper, 0.0), score)
    return sum(best.values()) / max(sum(statement.support.values()), 1e-9)


def contradictions(merged: Sequence[MergedClaim]) -> list[tuple[MergedClaim, MergedClaim]]:
    """Pairs of merged claims that cannot both hold."""
    return [(one, other) for i, one in enumerate(merged) for other in merged[i + 1 :] if contradict(one, other)]


def consensus(claims: Iterable[Claim], species: str | None = None) -> list[Consensus]:
    """One consensus a region and species, regions in the order of names, the species with the most claims first.

    species: only that one; None: every species that the region's claims name.
    """
    groups: dict[str, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.region, []).append(claim)
    chosen = {r: species_of(group) if species is None else [species] for r, group in sorted(groups.items())}
    return settle_between([weigh(groups[region], one) for region, every in chosen.items() for one in every])


def settle_between(agreed: Sequence[Consensus]) -> list[Consensus]:
    """Set aside what two regions state against each other: "A is thinner than B" and "B is thinner than A"."""
    mutual: dict[tuple[object, ...], list[MergedClaim]] = {}
    for statement in (m for c in agreed for m in c.kept if len(m.compared_to) == 1):
        mutual.setdefault((statement.region, *statement.compared_to, statement.attribute, statement.layer), []).append(statement)
    clashes = [
        (one, other)
        for (region, partner, *trait), group in mutual.items()
        for one in group
        for other in mutual.get((partner, region, *trait), ())
        if contradict(one, other) and (one.species == other.species or "" in (one.species, other.species))
    ]
    lost = {id(one) for one, other in clashes if _against(one, [other]) > 1 / CLEAR}
    return [
        replace(
            c,
            kept=tuple(m for m in c.kept if id(m) not in lost),
            set_aside=c.set_aside + tuple(m for m in c.kept if id(m) in lost),
            clashes=c.clashes + tuple(pair for pair in clashes if pair[0].region == c.region and pair[0].species == c.species),
        )
        for c in agreed
    ]


def describe_regions(claims: Sequence[Claim]) -> list[Description]:
    """One description a region and species; `text` is composed from kept statements, never copied from papers."""
    return [_description(c) for c in consensus(claims)]


def _description(agreed: Consensus) -> Description:
    everything = [*agreed.kept, *agreed.set_aside]
    return Description(
        region=agreed.region,
        text=describe(agreed.region, agreed.kept),
        claim_ids=tuple(c.claim_id for m in agreed.kept for c in m.claims),
        documents=tuple(sorted({d for m in everything for d in m.documents})),
        agreement=round(sum(len(m.claims) for m in agreed.kept) / sum(len(m.claims) for m in everything), 3),
        contradictions=tuple(f"{short(a)} / {short(b)}" for a, b in agreed.clashes),
        species=agreed.species,
    )


def short(merged: MergedClaim) -> str:
    """The statement in a few words, with its papers."""
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
