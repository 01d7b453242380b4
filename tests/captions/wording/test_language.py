"""Words, masks and tokens: articles, names of layers, masked names, token counts that equal open_clip's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captions.masking import mask_for
from captions.tokens import count_tokens
from captions.wording.english import article, layer_name, listed, sentence
from captions.wording.image_attributes import Subject
from cytoscribe.records import Region

REGIONS = [Region("FG1", ("area FG1",), "fusiform gyrus"), Region("hOc3d"), Region("retrosplenial area", ("RSP",)), Region("4")]


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


@pytest.mark.parametrize(
    ("region", "text", "masked"),
    [
        ("FG1", "Area FG1 shows a thin layer IV.", "This area shows a thin layer IV."),
        (
            "FG1",
            "In FG1, on the fusiform gyrus, cells are larger than in hOc3d.",
            "In this area, on this area, cells are larger than in another area.",
        ),
        ("FG1", "Denser than in hOc3d or area 4; 4 cells in layer 4.", "Denser than in other areas; 4 cells in layer 4."),
        ("retrosplenial area", "The retrosplenial area (RSP) is thin.", "This area (this area) is thin."),
    ],
)
def test_masks(region: str, text: str, masked: str) -> None:
    mask = mask_for(region, REGIONS)
    assert mask.apply(text) == masked
    assert mask.leaks(masked) == []
    assert mask.leaks(text)


def test_masks_of_image_classes_keep_the_grammar() -> None:
    mask = mask_for("eosinophil", [Region("eosinophil"), Region("basophil")], Subject("cell", "cells", "blood cell"))
    assert mask.apply("An eosinophil with red granules.") == "A cell with red granules."
    assert mask.apply("Eosinophils are larger than the basophil.") == "Cells are larger than the cell."


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_token_counts_equal_those_of_open_clip(text: str) -> None:
    from open_clip.tokenizer import SimpleTokenizer

    assert count_tokens(text) == len(_reference(SimpleTokenizer).encode(text)) + 2


_made: dict[str, object] = {}


def _reference(kind: type) -> object:
    return _made.setdefault("one", kind())
