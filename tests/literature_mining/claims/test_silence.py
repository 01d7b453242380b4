"""Sentences, and stretches of them, that state nothing about cytoarchitecture."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.silence import is_silent, other_stretches
from tests.literature_mining.claims.sentences import stated, tokens


@pytest.mark.parametrize(
    "text",
    [
        "If Qa1 were granular, layer IV would be broad.",
        "One might expect a thin layer IV in Qa1.",
        "It is unknown whether layer IV of Qa1 is thin.",
        "Earlier authors held that layer IV of Qa1 is broad, but we could not confirm this.",
        "The thin layer IV that was reported in Qa1 is not supported by our sections.",
        "Qa1 lies on the gyrus.",
    ],
)
def test_suppositions_rejected_reports_and_other_matters_are_silent(text: str) -> None:
    assert is_silent(tokens(text))
    assert stated(text) == []


@pytest.mark.parametrize(
    "text",
    ["Layer IV of Qa1 is thin.", "Earlier authors described a thin layer IV in Qa1.", "We could not find a layer IV in Qa1."],
)
def test_statements_and_reports_that_stand_are_not(text: str) -> None:
    assert not is_silent(tokens(text))


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("Acetylcholinesterase staining of layer IV is dense.", "Acetylcholinesterase staining of layer IV is dense."),
        ("Layer II is dense, whereas receptor density in layer V is high.", ", whereas receptor density in layer V is high."),
        ("Receptor density in layer V is high; layer II is dense.", "Receptor density in layer V is high"),
    ],
)
def test_other_stains_silence_their_own_stretch(text: str, about: str) -> None:
    assert [text[a:b] for a, b in other_stretches(text, load_lexicon())] == [about]


def test_what_stands_beside_another_stain_is_read() -> None:
    assert stated("Layer II of Qa1 is dense, whereas receptor density in layer V is high.") == ["Qa1 II high"]


def test_a_key_of_abbreviations_is_silent_as_a_whole() -> None:
    key = "gr: granular layer, mol: molecular layer, pyr: large pyramidal cells, or: broad oriens layer, Qa1: first area."
    assert other_stretches(key, load_lexicon()) == [(0, len(key))]
    key = (
        "alv alveus, Qa1 regions 1 to 4, diss dissecans layer, g granular layer, l-m lacunosum-molecular layer, mol molecular layer"
    )
    assert other_stretches(key, load_lexicon()) == [(0, len(key))]


@pytest.mark.parametrize(
    "text",
    [
        "Layer II is dense, layer III broad, layer IV thin, layer V pale, and layer VI blurred.",
        "The granular layer (gr), the molecular layer (mol), the pyramidal layer (pyr) and the oriens layer (or) are thin.",
    ],
)
def test_lists_that_describe_are_no_key(text: str) -> None:
    assert other_stretches(text, load_lexicon()) == []
