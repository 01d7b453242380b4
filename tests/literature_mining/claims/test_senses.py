"""What a trait says of the noun that bears it."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.model import Trait
from cytoscribe.literature_mining.claims.phrases import chunk
from cytoscribe.literature_mining.claims.senses import Meaning, meaning_of
from tests.literature_mining.claims.sentences import tokens

LEXICON = load_lexicon()


def trait(words: str) -> Trait:
    return next(t for p in chunk(tokens(words)) for t in p.traits)


def meaning(words: str, noun: str, *needs: str, deeper: bool = False) -> Meaning | None:
    return meaning_of(trait(words), noun, {noun, *needs}, LEXICON, deeper=deeper)


@pytest.mark.parametrize(
    ("words", "noun", "expected"),
    [
        ("dense", "layer", Meaning("cell_density", "high")),
        ("broad", "layer", Meaning("layer_thickness", "broad")),
        ("large", "cells", Meaning("cell_size", "large")),
        ("low", "density", Meaning("cell_density", "low")),
        ("granular", "area", Meaning("cortical_type", "granular")),
        ("sharp", "border", Meaning("border", "sharp")),
    ],
)
def test_a_word_is_read_by_what_it_is_said_of(words: str, noun: str, expected: Meaning) -> None:
    assert meaning(words, noun) == expected


@pytest.mark.parametrize(("words", "noun"), [("granular", "cells"), ("dense", "other"), ("dense", ""), ("as dense as", "layer")])
def test_nothing_is_said_of_what_cannot_bear_it(words: str, noun: str) -> None:
    assert meaning(words, noun) is None


def test_a_comparative_is_relative_and_less_turns_it_round() -> None:
    assert meaning("thinner", "layer") == Meaning("layer_thickness", "thin", relative=True)
    assert meaning("less dense", "layer") == Meaning("cell_density", "low", relative=True)


def test_less_of_a_value_without_an_opposite_denies_it() -> None:
    assert meaning("less columnar", "arrangement") == Meaning("arrangement", "columnar", polarity=False, relative=True)


@pytest.mark.parametrize(("words", "value"), [("larger", "increases with depth"), ("smaller", "decreases with depth")])
def test_a_change_with_depth_is_a_gradient(words: str, value: str) -> None:
    assert meaning(words, "cells", deeper=True) == Meaning("size_gradient", value)
