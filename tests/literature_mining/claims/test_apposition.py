from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.apposition import renamed
from tests.literature_mining.claims.sentences import stated, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The locus primus (Qa1) has large cells.", ["Qa1 all large"]),
        ("The former area, Qa1, has a thin layer I; the latter, Qa2, a broad one.", ["Qa1 I thin", "Qa2 I broad"]),
        ("Layer VI - as a rule sparse in Qa1 - contains large cells.", ["Qa1 VI low", "Qa1 VI large"]),
        ("Qa1: IV thin, V broad.", ["Qa1 IV thin", "Qa1 V broad"]),
        ("Qa1 (left panel) shows a broad layer V, Qa2 (right panel) a thin one.", ["Qa1 V broad", "Qa2 V thin"]),
        ("Qa1 (agranular) and Qa2 (dysgranular) share this gyrus.", ["Qa1 all agranular", "Qa2 all dysgranular"]),
    ],
)
def test_what_is_renamed_keeps_its_traits(text: str, expected: list[str]) -> None:
    assert stated(text) == expected


def test_a_label_in_brackets_behind_a_known_area_stays_an_aside() -> None:
    assert [t.names for t in renamed(tokens("Qa1 (Qa2) is thin.")) if t.is_("region")] == [("Qa1",), ("Qa2",)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qa1 has a thin and Qa2 a broad layer II.", ["Qa1 II thin", "Qa2 II broad"]),
        ("In Va of Qa1 the pyramids are large, in Vb small.", ["Qa1 Va large", "Qa1 Vb small"]),
        ("Qa1 has its largest cells in layer V and its smallest in layer II.", ["Qa1 V large", "Qa1 II small"]),
        ("Layer III has large cells; so has layer V, in Qa1.", ["Qa1 III large", "Qa1 V large"]),
    ],
)
def test_gaps_are_filled_from_the_clause_beside(text: str, expected: list[str]) -> None:
    assert sorted(stated(text)) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        "Qa1 covers a thin strip of cortex below Rb3.",
        "The neighbouring temporal cortex, lying below Qa1, contains small cells.",
        "Qa1 is less granular than Qa2.",
        "Qa1 is followed by the indusium, whose layers are thin.",
        "The caudate nucleus consists of large cells.",
    ],
)
def test_neighbours_and_strangers_give_no_claim(text: str) -> None:
    assert stated(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The molecular layer of Qa1 is thin.", ["Qa1 I thin"]),
        ("Layer III of Qa1 is dense, particularly in layer IIIc.", ["Qa1 III high"]),
        ("A small number of cells is found in layer I of Qa1.", ["Qa1 I low"]),
        ("Layers V and VI of Qa1 have a distinct mutual boundary.", ["Qa1 V-VI sharp"]),
        ("Large cells lie in the depth of layer III in Qa1.", ["Qa1 IIIc large"]),
        ("Qa1 differs from Qa2 by the absence of a layer IV.", ["Qa1 IV absent"]),
    ],
)
def test_layers_and_borders(text: str, expected: list[str]) -> None:
    assert stated(text) == expected
