"""Twins: a masked caption of true claims and one of the same claims with one made false, worded as alike as can be.

Both are composed, even where a language model wrote the captions of the dataset: beside a caption of another hand, a composed one could be told to be
false by its style alone.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cytoscribe.captions.gate.entailment import bears_out
from cytoscribe.captions.masking import Mask, mask_for
from cytoscribe.captions.wording.compose import compose
from cytoscribe.captions.wording.facets import Facet, literature_facet, speaks_of_cells
from cytoscribe.captions.wording.image_attributes import PhraseBook, image_claim, image_facets, read_phrases, subject_of
from cytoscribe.captions.wording.scene import contradicts, statement
from cytoscribe.captions.wording.voice import area_voice, image_voice
from cytoscribe.core.records import IMAGE_CLAIM, Claim, Region
from cytoscribe.literature_mining.claims.vocabulary import attribute_of
from cytoscribe.literature_mining.report.opposition import compatible

STYLES = ("textbook", "microscope", "terse", "short")
"""Styles that carry any claims."""
_TRIES = 6


@dataclass(frozen=True)
class Twins:
    """true and false: texts without a region's name, that differ in one claim; kind: of the corruption."""

    true: str
    false: str
    kind: str


class TwinWriter:
    """Writes twins of captions. known: region to all claims that papers make of it; values: column of images to its values;
    regions: every label, none of which a text may name."""

    def __init__(self, known: Mapping[str, Sequence[Claim]], values: Mapping[str, Sequence[str]], regions: Sequence[str]) -> None:
        self._known, self._values = known, values
        self._table = [Region(name) for name in regions]
        self._book = read_phrases()
        self._of_cells = any(speaks_of_cells(c) for claims in known.values() for c in claims)
        self._subject = self._book.subject if self._of_cells else subject_of(self._book, list(values))
        self._masks: dict[tuple[str, bool], Mask] = {}

    def write(self, claims: Sequence[Claim], most: int, seed: str) -> list[Twins]:
        """At most `most` twins of a caption of one region or image that states these claims; kinds of corruption take turns.

        [] where nothing about the claims can be made false, or put into words.
        """
        image = all(c.claim_id.startswith(IMAGE_CLAIM) for c in claims)
        own = self._distinct(claims, image=image)
        rng = random.Random(seed)
        if image:
            found = list(image_corruptions(own, self._values, self._book))
        else:
            found = list(region_corruptions(own, self._known.get(own[0].region, own))) if own else []
        rng.shuffle(found)
        written: dict[str, Twins] = {}
        for corruption in _in_turn(found):
            if len(written) == most:
                break
            twins = self._compose(own, corruption, rng.getrandbits(32), image=image)
            if twins is not None:
                written.setdefault(twins.false, twins)
        return list(written.values())

    def _distinct(self, claims: Sequence[Claim], *, image: bool) -> list[Claim]:
        """One claim a statement that can be put into words; of papers that say the same, the first."""
        if image:
            return [f.claims[0] for f in image_facets(claims, self._book)]
        read_off = [c for c in claims if not c.claim_id.startswith(IMAGE_CLAIM)]
        return [c for c in {statement(c): c for c in reversed(read_off)}.values() if self._facet(c).clauses][::-1]

    def _compose(self, own: Sequence[Claim], corruption: Corruption, seed: int, *, image: bool) -> Twins | None:
        """The most alike of a few pairs of texts; None where the two read the same, or the false claim has no wording."""
        true, false = self._facets(own, image=image), self._facets(corruption.claims, image=image)
        if len(true) != len(false) or not all(f.clauses for f in (*true, *false)):
            return None
        mask = self._mask(own[0].region, image=image)
        order = list(range(len(true)))
        random.Random(seed).shuffle(order)
        tries = []
        for attempt in range(_TRIES):
            one, other = (self._text([facets[i] for i in order], seed + attempt, image=image) for facets in (true, false))
            tries.append((_words_apart(one, other), one, other))
        _, one, other = min(tries)
        twins = Twins(mask.apply(one), mask.apply(other), corruption.kind)
        return None if twins.true == twins.false or mask.leaks(twins.true) or mask.leaks(twins.false) else twins

    def _facets(self, claims: Sequence[Claim], *, image: bool) -> list[Facet]:
        return image_facets(claims, self._book) if image else [self._facet(c) for c in claims]

    def _facet(self, claim: Claim) -> Facet:
        one, more = ("another cell", "other cells") if self._of_cells else ("another area", "other areas")
        others = () if not claim.compared_to else (one,) if len(claim.compared_to) == 1 else (more,)
        return literature_facet(claim, others, of_cells=self._of_cells)

    def _text(self, facets: Sequence[Facet], seed: int, *, image: bool) -> str:
        rng = _Aligned(seed)
        style = rng.choice(STYLES)
        cell = image or self._of_cells
        voice = image_voice("", self._subject, rng, named=False) if cell else area_voice("", None, rng, named=False)
        return compose(style, facets, voice, rng).text

    def _mask(self, region: str, *, image: bool) -> Mask:
        if (region, image) not in self._masks:
            self._masks[region, image] = mask_for(region, self._table, self._subject if image or self._of_cells else None)
        return self._masks[region, image]


def _in_turn(found: Iterable[Corruption]) -> list[Corruption]:
    """The first of each kind, then the second of each."""
    seen: Counter[str] = Counter()
    ranked = []
    for corruption in found:
        ranked.append((seen[corruption.kind], corruption))
        seen[corruption.kind] += 1
    return [c for _, c in sorted(ranked, key=lambda pair: pair[0])]


def _words_apart(one: str, other: str) -> int:
    first, second = Counter(one.lower().split()), Counter(other.lower().split())
    return ((first - second) + (second - first)).total()


class _Aligned(random.Random):
    """Every draw uses up one number, however many there are to choose from, so that like facets get like words in both texts."""

    def choice(self, seq: Any) -> Any:
        return seq[int(self.random() * len(seq))]

    def randint(self, a: int, b: int) -> int:
        return a + int(self.random() * (b - a + 1))


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
