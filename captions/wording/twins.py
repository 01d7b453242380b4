"""Twins: a masked caption of true claims and one of the same claims with one made false, worded as alike as can be.

Both are composed, even where a language model wrote the captions of the dataset: beside a caption of another hand, a composed one could be told to be
false by its style alone.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cytoscribe.captions.masking import Mask, mask_for
from cytoscribe.captions.wording.compose import compose
from cytoscribe.captions.wording.corruption import Corruption, image_corruptions, region_corruptions
from cytoscribe.captions.wording.facets import Facet, literature_facet
from cytoscribe.captions.wording.image_attributes import image_facets, read_phrases, subject_of
from cytoscribe.captions.wording.scene import statement
from cytoscribe.captions.wording.voice import area_voice, image_voice
from cytoscribe.core.records import IMAGE_CLAIM, Claim, Region

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
        self._subject = subject_of(self._book, list(values))
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
        return [c for c in {statement(c): c for c in reversed(read_off)}.values() if _area_facet(c).clauses][::-1]

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
        return image_facets(claims, self._book) if image else [_area_facet(c) for c in claims]

    def _text(self, facets: Sequence[Facet], seed: int, *, image: bool) -> str:
        rng = _Aligned(seed)
        style = rng.choice(STYLES)
        voice = image_voice("", self._subject, rng, named=False) if image else area_voice("", None, rng, named=False)
        return compose(style, facets, voice, rng).text

    def _mask(self, region: str, *, image: bool) -> Mask:
        if (region, image) not in self._masks:
            self._masks[region, image] = mask_for(region, self._table, self._subject if image else None)
        return self._masks[region, image]


def _area_facet(claim: Claim) -> Facet:
    others = () if not claim.compared_to else ("another area",) if len(claim.compared_to) == 1 else ("other areas",)
    return literature_facet(claim, others)


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
