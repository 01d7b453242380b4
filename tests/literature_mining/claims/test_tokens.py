"""A sentence as tokens: regions, strangers, layers, words, and what is skipped."""

from __future__ import annotations

import itertools

import pytest

from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.tokens import UNKNOWN, names_stranger, tokenize
from tests.literature_mining.claims.sentences import tokens


def regions(text: str) -> list[tuple[str, ...]]:
    return [t.names for t in tokens(text) if t.is_("region")]


@pytest.mark.parametrize("name", ["Area Zz7", "area 46v", "Zz7", "BA 23c", "field XK"])
def test_signs_that_the_table_lacks_are_strangers(name: str) -> None:
    found = [t for t in tokens(f"In {name} layer IV is thin.") if t.is_("stranger")]
    assert [(t.text, t.names) for t in found] == [(name, (UNKNOWN,))]


@pytest.mark.parametrize(
    "text",
    ["The GLI of layer IV.", "Neurons in NeuN sections.", "As Table 4b shows.", "Layers IIIa and VI.", "The cells are dense."],
)
def test_abbreviations_tables_and_layers_are_no_strangers(text: str) -> None:
    assert regions(text) == []


def test_without_strangers_a_sign_is_a_word() -> None:
    assert not any(t.is_("region") for t in tokenize("Zz7 is thin.", [], load_lexicon(), strangers=False))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qa1 and Qa2 are thin.", [("Qa1", "Qa2")]),
        ("Qa1, Qa2 and Rb3 are thin.", [("Qa1", "Qa2", "Rb3")]),
        ("Qa1 as well as Qa2 are thin.", [("Qa1", "Qa2")]),
        ("In Qa1, Qa2 is thin.", [("Qa1",), ("Qa2",)]),
        ("Denser than in Qa1 and Qa2 has a thin layer.", [("Qa1",), ("Qa2",)]),
        ("Qa1 and Zz7 are thin.", [("Qa1", UNKNOWN)]),
    ],
)
def test_coordinated_names_are_one_token(text: str, expected: list[tuple[str, ...]]) -> None:
    assert regions(text) == expected


@pytest.mark.parametrize(
    "aside", ["(Smith et al. 1999)", "(Fig. 3a, b)", "(see below)", "[12, 14]", "(p < 0.01)", "(n = 10)", "(a-c)", "(3)"]
)
def test_citations_and_figures_are_skipped(aside: str) -> None:
    plain = [t.text for t in tokens("Layer IV is thin .")]
    assert [t.text for t in tokens(f"Layer IV {aside} is thin .")] == plain


def test_an_aside_that_describes_is_kept() -> None:
    assert [t.text for t in tokens("Layer IV (thin) is granular.")][:4] == ["Layer IV", "(", "thin", ")"]


def test_the_possessive_is_a_token_of_its_own() -> None:
    area, mark, noun = tokens("Qa1's cortex")
    assert area.names == ("Qa1",)
    assert mark.is_("possessive")
    assert noun.noun == "area"


def test_the_longest_form_is_taken() -> None:
    found = tokens("denser in comparison with Qa2")
    assert [t.text for t in found if t.is_("partners")] == ["in comparison with"]


def test_the_border_to_the_white_matter_is_one_noun() -> None:
    border = next(t for t in tokens("The cortex/white matter border is sharp.") if t.noun == "border")
    assert border.names == ("VI-WM",)


def test_tokens_stand_at_their_places_and_in_order() -> None:
    text = "Qa1, unlike Qa2, has a broad (1.2 mm) layer III and densely-packed cells."
    found = tokens(text)
    assert all(text[t.start : t.end] == t.text for t in found if not t.is_("group"))
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


def test_a_heading_names_a_stranger_by_its_sign() -> None:
    assert names_stranger("Area Te9")
    assert not names_stranger("Materials and methods")
