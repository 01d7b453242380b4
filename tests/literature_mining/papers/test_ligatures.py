"""Lost ligatures: a sign in their place, a blank, or nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from cytoscribe.literature_mining.papers.ligatures import LigatureMender


@pytest.mark.parametrize(
    ("lost", "whole"),
    [
        ("a well-de\ufffdned layer", "a well-defined layer"),
        ("a well-dened layer", "a well-defined layer"),
        ("De\u00aened by in\u00afuence", "Defined by influence"),
        ("a signi cant di erence", "a significant difference"),
        ("Dierent cells", "Different cells"),
        ("the cornier\ufffd", "the cornier\ufffd"),
        ("many species on the arm", "many species on the arm"),
        ("an eld", "an eld"),
    ],
)
def test_words(lost: str, whole: str) -> None:
    assert LigatureMender(Counter()).mend(lost) == whole


def test_words_that_the_text_spells_whole_are_known() -> None:
    words = Counter({"multiform": 2, "fimbrioid": 3})
    assert LigatureMender(words).mend("a \ufffdmbrioid cell") == "a fimbrioid cell"


def test_short_rests_are_mended_where_many_are_lost() -> None:
    words = Counter({"dened": 2, "dierent": 1, "eld": 3})
    assert LigatureMender(words).mend("the visual eld is dened") == "the visual field is defined"
