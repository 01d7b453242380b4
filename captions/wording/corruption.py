"""Sets of claims of which one is false: another value, another layer, or the claim denied, and nothing else changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cytoscribe.captions.gate.entailment import bears_out
from cytoscribe.captions.wording.image_attributes import PhraseBook, image_claim
from cytoscribe.captions.wording.scene import contradicts
from cytoscribe.core.records import Claim
from cytoscribe.literature_mining.claims.vocabulary import attribute_of
from cytoscribe.literature_mining.report.opposition import compatible

_SINGLE = re.compile(r"(?:VI|IV|V|I{1,3})[a-c]?")


@dataclass(frozen=True)
class Corruption:
    """claims: the true ones, in their order, but for the one at `at`, which is false and has no id; kind: what was changed, `value`,
    `layer` or `negation`."""

    kind: str
    claims: tuple[Claim, ...]
    at: int


def region_corruptions(claims: Sequence[Claim], known: Sequence[Claim]) -> Iterator[Corruption]:
    """Every edit of one of `claims` that is false of a region of which papers say `known`.

    claims: those of a caption, no two with the same statement. An edit is refused where a known claim bears it out, or might,
    and where it would clash with the caption's other claims, so that a caption is never false for what it says alone.
    """
    for at, claim in enumerate(claims):
        others = [*claims[:at], *claims[at + 1 :]]
        for kind, edited in _edits(claim, known):
            if not any(_may_bear_out(k, edited) for k in known) and not any(_clash(edited, other) for other in others):
                yield Corruption(kind, (*claims[:at], edited, *claims[at + 1 :]), at)


def image_corruptions(claims: Sequence[Claim], values: Mapping[str, Sequence[str]], book: PhraseBook) -> Iterator[Corruption]:
    """Every set with another value in one column, which is false of any image of which `claims` are true.

    values: those that each column is known to have. Refused are values that read as another column's ("no granules" for a colour
    that is nil), and those that the caption's other claims speak against.
    """
    for at, claim in enumerate(claims):
        others = [*claims[:at], *claims[at + 1 :]]
        true = book.canonical(claim.attribute, claim.value)
        for value in values.get(claim.attribute, ()):
            said = book.canonical(claim.attribute, value)
            if said != true and said[0] == claim.attribute and not any(_excludes(other, said, book) for other in others):
                edited = replace(image_claim(claim.attribute, value, claim.region, ""), claim_id="")
                yield Corruption("value", (*claims[:at], edited, *claims[at + 1 :]), at)


def _edits(claim: Claim, known: Sequence[Claim]) -> Iterator[tuple[str, Claim]]:
    bare = replace(claim, claim_id="", document="", doi="", page=None, sentence="", span="")
    if claim.polarity:  # where a value is denied, its opposite may be wrong too
        for value in attribute_of(claim.attribute).opposites(claim.value):
            yield "value", replace(bare, value=value)
    for layer in _other_layers(bare, known):
        yield "layer", replace(bare, layer=layer)
    yield "negation", replace(bare, polarity=not claim.polarity)


def _other_layers(claim: Claim, known: Sequence[Claim]) -> list[str]:
    """Layers of the region for which papers say otherwise; where there are none, those for which they do not say so."""
    if not _SINGLE.fullmatch(claim.layer) or (claim.attribute, claim.value) == ("layer_visibility", "visible"):
        return []
    spoken = dict.fromkeys(k.layer for k in known if _SINGLE.fullmatch(k.layer) and not compatible(k.layer, claim.layer))
    denied = [layer for layer in spoken if any(contradicts(k, replace(claim, layer=layer)) for k in known)]
    return denied or ([] if claim.compared_to else list(spoken))


def _may_bear_out(claim: Claim, edited: Claim) -> bool:
    """Whether the claim says, implies or leaves open to suppose what the edited one says of the same place."""
    if claim.attribute != edited.attribute or not compatible(claim.layer, edited.layer) or not _same_partners(claim, edited):
        return False
    if bears_out(claim, edited.attribute, edited.value, edited.polarity):
        return True
    return claim.polarity != edited.polarity and claim.value != edited.value and not attribute_of(edited.attribute).free


def _same_partners(one: Claim, other: Claim) -> bool:
    return bool(set(one.compared_to) & set(other.compared_to)) or not (one.compared_to or other.compared_to)


def _clash(one: Claim, other: Claim) -> bool:
    """Whether one caption cannot say both: they contradict each other, or one speaks of a layer that the other calls absent."""
    gone = any(c.attribute == "layer_visibility" and (c.value == "absent") == c.polarity for c in (one, other))
    same_trait = one.attribute == other.attribute and not attribute_of(one.attribute).free and _same_partners(one, other)
    return contradicts(one, other) or (compatible(one.layer, other.layer) and (gone or same_trait))


def _excludes(claim: Claim, said: tuple[str, str], book: PhraseBook) -> bool:
    """Whether another column's claim speaks against a value that some value of that column reads as."""
    entry = book.columns.get(claim.attribute, {}).get("values", {})
    alike = any(book.canonical(claim.attribute, value) == said for value in entry)
    return alike and book.canonical(claim.attribute, claim.value) != said
