"""Metamorphic relations: how a reading must change, or not, when the sentence changes in a known way.

Each relation takes a filled sentence and returns a pair: the changed sentence, and what makes the reading of the first one into the
reading of the second. None where the relation does not apply to the frame.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from .frames import LAYERS, REGIONS, TRAITS
from .generate import Claim, Sentence, fill, with_denial
from .words import MAIN

Change = Callable[[frozenset[Claim]], frozenset[Claim]]


@dataclass(frozen=True)
class Changed:
    """A changed sentence. `expected` turns the reading of the original into that of the changed one; `added` are layers about which
    the change itself says something, so that claims about them are left out of the comparison."""

    before: Sentence
    after: Sentence
    expected: Change
    added: frozenset[str] = frozenset()


Relation = Callable[[Sentence, Random], "Changed | None"]


def _same(claims: frozenset[Claim]) -> frozenset[Claim]:
    return claims


def _unused_layer(sentence: Sentence, random: Random) -> str | None:
    used = {n for names in sentence.binding.layers.values() for n in names} | {c[1] for c in sentence.claims}
    free = [m for m in MAIN if not any(part.rstrip("abc") == m for u in used for part in u.split("-"))]
    return random.choice(free) if free and "all" not in used else None


def _ended(sentence: Sentence, tail: str) -> Sentence | None:
    if not sentence.text.endswith("."):
        return None
    return replace(sentence, text=sentence.text[:-1] + tail)


_OTHER_LAYER = (
    "; layer {layer} is {word}.",
    ", and layer {layer} is {word}.",
    ", while layer {layer} is {word}.",
    "; {word} layer {layer}.",
)
_OTHER_WORDS = ("thin", "broad", "prominent", "dense", "sparse")


def other_layer(sentence: Sentence, random: Random) -> Changed | None:
    """A clause about another layer is added: what was read before is still read, and nothing else but of that layer."""
    layer = _unused_layer(sentence, random)
    if layer is None:
        return None
    tail = random.choice(_OTHER_LAYER).format(layer=layer, word=random.choice(_OTHER_WORDS))
    after = _ended(sentence, tail)
    return Changed(sentence, after, _same, frozenset({layer})) if after else None


_STRANGER_TAILS = (
    ", whereas in {other} layer {layer} is {word}.",
    "; in {other} layer {layer} is {word}.",
    ". In {other}, layer {layer} is {word}.",
    ". {other} has a {word} layer {layer}.",
    ", while {other} has large cells.",
    ". {other} is composed of small, pale cells.",
)


_LOWERED = ("Layer ", "The ", "In ", "There ")
"""First words of sentences that may follow a subordinate clause, and then start with a small letter."""


def stranger(sentence: Sentence, random: Random) -> Changed | None:
    """A clause about an area outside the table, a nucleus or a species is added: nothing changes."""
    names = (*sentence.binding.family.strangers, "the claustrum", "the pulvinar", "the hedgehog", "the red nucleus", "the macaque")
    other, tail = random.choice(names), random.choice(_STRANGER_TAILS)
    if sentence.topic is None and sentence.text.startswith(_LOWERED) and random.random() < 0.3:
        text = sentence.text[0].lower() + sentence.text[1:]
        return Changed(sentence, replace(sentence, text=f"While layer {random.choice(MAIN)} of {other} is broad, {text}"), _same)
    if tail.startswith(". {"):
        other = other[0].upper() + other[1:]
    after = _ended(sentence, tail.format(other=other, layer=random.choice(MAIN), word=random.choice(_OTHER_WORDS)))
    return Changed(sentence, after, _same) if after else None


def swapped_layers(sentence: Sentence, random: Random) -> Changed | None:
    """The layers of two slots change places: so do the layers of the claims."""
    letters = [x for x in sentence.frame.letters(LAYERS) if len(sentence.binding.layers[x]) == 1]
    literal = any("|" in layer or layer[0] in "IV" for c in sentence.frame.claims for layer in c.layers)
    if len(letters) < 2 or literal:
        return None
    one, other = random.sample(letters, 2)
    layers = dict(sentence.binding.layers)
    layers[one], layers[other] = layers[other], layers[one]
    swap = {layers[one][0]: layers[other][0], layers[other][0]: layers[one][0]}
    after = fill(sentence.frame, replace(sentence.binding, layers=layers))
    return Changed(sentence, after, lambda claims: frozenset((c[0], swap.get(c[1], c[1]), *c[2:]) for c in claims))


def negated(sentence: Sentence, random: Random) -> Changed | None:
    """The deniable verb is denied: the polarity of its claims turns, all others stay."""
    slots = [slot for slot in sentence.frame.slots if "~" in slot]
    if not slots:
        return None
    governed = {x for slot in slots for x in slot.partition("~")[2] if x in TRAITS}
    traits = [sentence.binding.traits[x] for x in governed]
    said = {(t.attribute, v) for t in traits for v in (t.value, t.opposite)} | {
        tuple(x.split("=")) for slot in slots for x in slot.partition("~")[2].split(",") if "=" in x
    }
    before, after = with_denial(sentence, False), with_denial(sentence, True)
    return Changed(before, after, lambda claims: frozenset((*c[:4], c[4] ^ ((c[2], c[3]) in said), c[5]) for c in claims))


def renamed_regions(sentence: Sentence, random: Random) -> Changed | None:
    """Fill the slots with other regions of the same table; the claims are then about those."""
    letters = sentence.frame.letters(REGIONS)
    if not letters:
        return None
    drawn = random.sample(sentence.binding.family.codes, len(letters))
    names: Mapping[str, str] = {sentence.binding.regions[x]: new for x, new in zip(letters, drawn, strict=True)}
    after = fill(sentence.frame, replace(sentence.binding, regions=dict(zip(letters, drawn, strict=True))))
    return Changed(
        sentence,
        after,
        lambda claims: frozenset((names.get(c[0], c[0]), *c[1:5], frozenset(names.get(r, r) for r in c[5])) for c in claims),
    )


_ASIDES = (
    " (Fig. 3)",
    " (Figure 3A, B)",
    " [12]",
    " (Vogt and Vogt, 1919)",
    " (see also Rose 1927; Table 2)",
    " (arrowheads in Fig. 2c)",
)


def aside(sentence: Sentence, random: Random) -> Changed | None:
    """A citation or a reference to a figure is added behind a region's name or at the end: nothing changes."""
    words = random.choice(_ASIDES)
    label = next(iter(sentence.binding.regions.values()), "")
    named = re.search(rf"(?<![\w.(]){re.escape(label)}(?= (?:has|is|shows|and)\b)", sentence.text) if label else None
    if named and random.random() < 0.5:
        return Changed(sentence, replace(sentence, text=sentence.text[: named.end()] + words + sentence.text[named.end() :]), _same)
    after = _ended(sentence, words + ".")
    return Changed(sentence, after, _same) if after else None


RELATIONS: dict[str, Relation] = {
    "a clause about another layer": other_layer,
    "a clause about a stranger": stranger,
    "two layers swapped": swapped_layers,
    "negated": negated,
    "regions renamed": renamed_regions,
    "citation or figure added": aside,
}
