"""Words that compare, by the vocabulary."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.comparatives import compares


@pytest.mark.parametrize(
    "words", ["thinner layer V", "more densely packed", "decrease in the width of layer V", "less broad layer V"]
)
def test_comparatives_compare(words: str) -> None:
    assert compares(words)


@pytest.mark.parametrize("words", ["thin layer V", "densely packed cells", "lower layer V is thin", "layer IV is absent", ""])
def test_positives_do_not(words: str) -> None:
    assert not compares(words)
