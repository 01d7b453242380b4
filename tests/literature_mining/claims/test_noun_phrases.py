"""Noun phrases: their traits, heads and names."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.model import Phrase
from cytoscribe.literature_mining.claims.phrases import chunk
from tests.literature_mining.claims.sentences import tokens


def phrases(text: str, kind: str) -> list[Phrase]:
    return [p for p in chunk(tokens(text)) if p.kind == kind]


def noun_phrase(text: str) -> Phrase:
    return phrases(text, "np")[0]


def traits(phrase: Phrase) -> list[str]:
    return [t.token.lower for t in phrase.traits]


def test_a_noun_phrase_has_its_traits_its_head_and_its_names() -> None:
    phrase = noun_phrase("a thin, sparsely populated layer IV")
    assert phrase.noun == "layer"
    assert phrase.layers == ("IV",)
    assert traits(phrase)[0] == "thin"
    assert phrase.determined


@pytest.mark.parametrize(
    ("text", "noun", "layers"),
    [
        ("the large layer V pyramids", "cells", ("V",)),
        ("the low cell density", "density", ()),
        ("the sharp border", "border", ()),
        ("the granular cortex", "area", ()),
        ("Qa1", "region", ()),
        ("they", "pronoun", ()),
    ],
)
def test_kind_of_a_noun_phrase(text: str, noun: str, layers: tuple[str, ...]) -> None:
    phrase = noun_phrase(text)
    assert (phrase.noun, phrase.layers) == (noun, layers)


def test_alternatives_of_one_noun_are_counted() -> None:
    phrase = noun_phrase("a dense and a loose layer II")
    assert [(t.token.lower, t.group) for t in phrase.traits] == [("dense", 0), ("loose", 1)]


def test_modifiers_joined_by_but_are_one_phrase_and_end_a_denial() -> None:
    phrase = noun_phrase("a thin but dense layer II")
    assert [(t.token.lower, t.contrasted) for t in phrase.traits] == [("thin", False), ("dense", True)]


@pytest.mark.parametrize(
    ("text", "compares"),
    [
        ("a dense layer II", ""),
        ("a denser layer II", "more"),
        ("a more prominent layer II", "more"),
        ("a less prominent layer II", "less"),
    ],
)
def test_degree_of_a_trait(text: str, compares: str) -> None:
    assert [t.compares for t in noun_phrase(text).traits] == [compares]


def test_as_makes_a_predicate_an_equal() -> None:
    described = phrases("Layer II is as dense as in Qa2.", "adj")
    assert [t.compares for p in described for t in p.traits] == ["equal"]


def test_no_denies_the_noun_phrase_and_rather_hedges_the_trait() -> None:
    assert noun_phrase("no large cells").negated
    assert not noun_phrase("the large cells").negated
    assert [t.hedged for t in noun_phrase("a rather thin layer IV").traits] == [True]


def test_one_stands_for_a_noun_named_before() -> None:
    phrase = noun_phrase("a thin one")
    assert (phrase.back, phrase.noun, traits(phrase)) == ("one", "pronoun", ["thin"])


def test_the_latter_points_back() -> None:
    assert noun_phrase("the latter is thin").back == "pointed"


@pytest.mark.parametrize(
    ("text", "foreign"), [("the neighbouring cortex", True), ("this cortical area", False), ("the cortex", False)]
)
def test_areas_that_are_not_the_one_spoken_of_are_foreign(text: str, foreign: bool) -> None:
    assert noun_phrase(f"{text} is thin").foreign is foreign
