"""Words, masks and tokens: articles, names of layers, masked names, token counts that equal open_clip's."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytoscribe.captions.tokens import count_tokens
from cytoscribe.captions.wording.english import article, layer_name, listed, sentence


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("eosinophil", "an"),
        ("unsegmented", "an"),
        ("uniform", "a"),
        ("horseshoe", "a"),
        ("N:C", "an"),
        ("FG1", "an"),
        ("layer", "a"),
    ],
)
def test_articles(word: str, expected: str) -> None:
    assert article(word) == expected


@pytest.mark.parametrize(
    ("layer", "noun", "border"),
    [
        ("IV", "layer IV", "border of layer IV"),
        ("II-III", "layers II and III", "border between layers II and III"),
        ("VI-WM", "layer VI and the white matter", "border between layer VI and the white matter"),
        ("III-V", "layers III to V", "border between layers III and V"),
        ("pyramidal layer", "the pyramidal layer", "border of the pyramidal layer"),
    ],
)
def test_names_of_layers(layer: str, noun: str, border: str) -> None:
    assert layer_name(layer).noun == noun
    assert layer_name(layer).border == border


def test_sentences_and_lists() -> None:
    assert sentence("hOc3d shows a thin layer IV") == "hOc3d shows a thin layer IV."
    assert sentence("in area 4 , all is well") == "In area 4, all is well."
    assert listed(["a", "b", "c"]) == "a, b, and c"
    assert listed(["a, x", "b", "c"]) == "a, x; b; and c"


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Co", "Cn")), max_size=80))
def test_token_counts_equal_those_of_open_clip(text: str) -> None:
    """Code points that are not assigned are left out: the two engines for regular expressions disagree on whether they are letters."""
    assert count_tokens(text) == len(_reference().encode(text)) + 2


@cache
def _reference() -> Any:
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer()
