"""Captions' own wording is known wholly; shuffled words are not."""

from __future__ import annotations

from cytoscribe.core.records import Caption
from cytoscribe.eval.captioner.texts import Wording


def _caption(text: str) -> Caption:
    return Caption("c", "a", text, text.replace("neuron", "cell"), "short", "own", "template", (), 8, 1.0)


def test_a_share_of_the_triples_of_words_is_known() -> None:
    wording = Wording([_caption("The neuron is small."), _caption("It is round.")])
    assert wording.share("The neuron is small.") == wording.share("the cell is small.") == 1.0
    assert wording.share("") == 0.0
    assert wording.share("Small is cell the.") == 0.0
    assert wording.share("The cell is round.") == 0.8
