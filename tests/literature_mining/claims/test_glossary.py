"""Lists of abbreviations are told from descriptions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from literature_mining.claims.glossary import is_glossary


@pytest.mark.parametrize(
    "text",
    [
        "gr granular layer, mol molecular layer, or oriens layer, pyr pyramidal layer (small cells), Sub subiculum.",
        "PMC = primary motor cortex; SMA = supplementary motor area; V1 = visual area 1; FG = fusiform gyrus.",
    ],
)
def test_lists_of_abbreviations(text: str) -> None:
    assert is_glossary(text)


@pytest.mark.parametrize(
    "text",
    [
        "Layer II is dense, layer III broad, layer IV thin, layer V pale, and layer VI blurred.",
        "BA4: giant Betz cells, a broad layer V, no layer IV, large pyramids in layer III, a blurred border to the white matter.",
        "The granular layer (gr), the molecular layer (mol), the pyramidal layer (pyr) and the oriens layer (or) are thin.",
        "Small, sparse, slender, scattered cells, spread thinly, seen in sections stained for cell bodies.",
    ],
)
def test_descriptions_are_none(text: str) -> None:
    assert not is_glossary(text)


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    assert is_glossary(text) in (True, False)
