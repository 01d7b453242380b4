"""What the captions of one run are about: the table of regions, and how images' attributes read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cytoscribe.captions.wording.english import area_names
from cytoscribe.captions.wording.facets import Facet, is_relative, literature_facet
from cytoscribe.captions.wording.image_attributes import PhraseBook, Subject, image_facets
from cytoscribe.core.records import Claim, Region
from cytoscribe.literature_mining.claims.kept_words import Words
from cytoscribe.literature_mining.claims.vocabulary import attribute_of


@dataclass(frozen=True)
class Scene:
    """regions: label to row of the table; image: True where the claims come from an images table; words: what the claims of papers
    were read with."""

    regions: dict[str, Region]
    subject: Subject
    book: PhraseBook
    image: bool
    words: Words = field(default_factory=Words)

    @property
    def of_cells(self) -> bool:
        """Whether a region is a kind of cell, told by papers or by a table, rather than an area of tissue."""
        return self.image or self.words.of_cells

    def facets(self, claims: Sequence[Claim]) -> list[Facet]:
        """One facet a statement that can be worded; claims of several papers that state the same share one."""
        if self.image:
            return image_facets(claims, self.book)
        groups: dict[tuple[object, ...], list[Claim]] = {}
        for claim in claims:
            groups.setdefault(statement(claim), []).append(claim)
        return [f for f in (self._literature(group) for group in groups.values()) if f.clauses]

    def _literature(self, claims: Sequence[Claim]) -> Facet:
        others = tuple(f"the {o}" if self.of_cells else area_names(self.regions.get(o), o)[0] for o in claims[0].compared_to)
        outright = [c for c in claims if not is_relative(c)] or claims[:1]  # a comparison with something unnamed is no witness
        one = literature_facet(outright[0], others, of_cells=self.of_cells)
        return Facet(tuple(outright), one.with_, one.clauses, one.terse, one.asks, one.adjectives, one.diffs, one.absent)


def statement(claim: Claim) -> tuple[object, ...]:
    """What the claim says of its region, whoever says it."""
    return (claim.layer, claim.attribute, claim.value, claim.polarity, claim.compared_to)


def contradicts(one: Claim, other: Claim) -> bool:
    """True where both speak of the same trait of the same layer, without or with the same comparison, and differ."""
    if (one.layer, one.attribute, one.compared_to) != (other.layer, other.attribute, other.compared_to):
        return False
    if one.value == other.value:
        return one.polarity != other.polarity
    return one.polarity and other.polarity and not attribute_of(one.attribute).free
