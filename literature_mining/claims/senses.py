"""What a trait says of the noun that bears it: the attribute, the value, stated or denied, absolute or relative."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cytoscribe.literature_mining.claims.lexicon import Lexicon, Word
from cytoscribe.literature_mining.claims.model import Trait

_LOOKUP = {
    "zone": ("zone", "layer", "cells"),
    "nominal": ("nominal", "any", "layer"),
    "cells": ("cells",),
    "layer": ("layer",),
    "area": ("area",),
}


@dataclass(frozen=True)
class Meaning:
    """An attribute with its value. `relative`: the value is the pole that a comparison moves towards."""

    attribute: str
    value: str
    polarity: bool = True
    relative: bool = False


def meaning_of(trait: Trait, noun: str, needs: AbstractSet[str], lexicon: Lexicon, *, deeper: bool = False) -> Meaning | None:
    """What `trait` says of a noun of this kind; None where it says nothing of it, or only that two things are equal."""
    if trait.compares == "equal" or noun in ("other", ""):
        return None
    for word in trait.words:
        if deeper and noun in ("size", "cells", "nominal") and "size" in word.senses:
            grows = (word.senses["size"][1] == "large") != (trait.compares == "less")
            return Meaning("size_gradient", "increases with depth" if grows else "decreases with depth")
        if word.needs and word.needs not in needs:
            continue
        sense = _sense(word, noun)
        if sense is not None:
            return _poled(sense, trait, word, lexicon)
    return None


def _sense(word: Word, noun: str) -> tuple[str, str] | None:
    for key in (*_LOOKUP.get(noun, (noun,)), "any"):
        if key in word.senses:
            return word.senses[key]
    return None


def _poled(sense: tuple[str, str], trait: Trait, word: Word, lexicon: Lexicon) -> Meaning | None:
    attribute, value = sense
    if value == "*":
        return None  # the kinds of cells are read as such
    relative = bool(trait.compares) or word.compares
    if trait.compares == "less":
        opposite = lexicon.poles.get(value)
        return Meaning(attribute, opposite, True, True) if opposite else Meaning(attribute, value, False, True)
    return Meaning(attribute, value, True, relative)
