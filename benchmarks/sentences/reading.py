"""Readings of generated sentences: the reader's claims in the generator's form, and what counts as equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from cytoscribe.literature_mining.regions.table import RegionTable

from .generate import Claim, Sentence
from .words import load_words

Reader = Callable[[Sentence], frozenset[Claim]]
_FOLDED = {"sharp": "blurred", "absent": "visible", "clear": "poor"}
"""Pairs whose one denied is the other stated."""
_FLIPPED = _FOLDED | {v: k for k, v in _FOLDED.items()}
_SUBLAYERED = {"sublayers": "sublaminated", "subdivided": "sublaminated", "bipartite": "sublaminated", "sublayered": "sublaminated"}


def claim_reader(table: RegionTable) -> Callable[[str, str | None], Iterable]:
    """The project's reader of claims over a table: text and topic to claims."""
    from cytoscribe.literature_mining.claims.reader import ClaimReader

    return ClaimReader(table).read


def project_reader() -> Reader:
    """Reads each sentence with the table of its family; a comparison with an area outside the table compares with none."""
    readers = {family.codes: claim_reader(family.table) for family in load_words().families}
    known = {family.codes: frozenset(family.codes) for family in load_words().families}

    def read(sentence: Sentence) -> frozenset[Claim]:
        codes = sentence.binding.family.codes
        claims = readers[codes](sentence.text, sentence.topic)
        return frozenset(
            (c.region, c.layer, c.attribute, c.value, bool(c.polarity), known[codes] & set(c.compared_to)) for c in claims
        )

    return read


def folded(claims: Iterable[Claim]) -> frozenset[Claim]:
    """Claims with equal ones made alike: a denied value of a pair is its opposite stated, words for sublayers are one."""
    return frozenset(_folded(c) for c in claims)


@cache
def _folded(claim: Claim) -> Claim:
    region, layer, attribute, value, polarity, compared = claim
    value = _SUBLAYERED.get(value, value)
    if not polarity and value in _FLIPPED:
        value, polarity = _FLIPPED[value], True
    return region, layer.replace("/", "-"), attribute, value, polarity, compared
