"""Whose trait it is: regions of a phrase, where they were found, and what a sentence then states."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.scope_names import Scope, effective_subjects
from tests.literature_mining.claims.sentences import node_of, parsed, stated, texts

SPOKEN = Context(topic=("Rb3",), layers=("II",), noun="layer")


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Qa1 is thin.", "qa1", Scope(("Qa1",), "own")),
        ("Layer IV of Qa1 is thin.", "layer iv", Scope(("Qa1",), "below")),
        ("The cells of layer V in Qa1 are large.", "the cells", Scope(("Qa1",), "below")),
        ("The cells of layer V in Qa1 are large.", "layer v", Scope(("Qa1",), "subject")),
        ("The cells of Qa1 in layer V are large.", "layer v", Scope(("Qa1",), "subject")),
        ("Qa1 has a thin layer IV.", "a thin layer iv", Scope(("Qa1",), "subject")),
        ("In Qa1 layer IV is thin.", "layer iv", Scope(("Qa1",), "front")),
        ("Layer V is thin and layer III broad in Qa1.", "layer v", Scope(("Qa1",), "later")),
        ("Layer V is thin and layer III broad.", "layer v", Scope(("Rb3",), "context")),
        ("Qa1 adjoins Qa2, which has a thin layer IV.", "a thin layer iv", Scope(("Qa2",), "antecedent")),
        ("Qa1: layer IV is thin.", "layer iv", Scope(("Qa1",), "label")),
        ("Qa1 has a wide layer II and layer V is thin.", "layer v", Scope(("Qa1",), "before")),
        ("Qa1 has a wide layer II, and its layer V is thin.", "its layer v", Scope(("Qa1",), "subject")),
        ("Qa1 and Qa2 have thin layers.", "qa1 and qa2", Scope(("Qa1", "Qa2"), "own")),
    ],
)
def test_where_a_region_is_found(text: str, words: str, expected: Scope) -> None:
    node, scopes = node_of(text, words, SPOKEN)
    assert scopes.region(node) == expected


@pytest.mark.parametrize(
    "text", ["Zz9 has a thin layer IV.", "In Zz9 a thin layer IV is seen.", "The neighbouring cortex has a thin layer IV."]
)
def test_an_area_that_the_table_lacks_stops_the_topic(text: str) -> None:
    node, scopes = node_of(text, "a thin layer iv", SPOKEN)
    assert not scopes.region(node).known


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qa1 is a granular field in Rb3.", ["Qa1 all granular"]),
        ("Qa1 lies in Rb3 and is granular.", ["Qa1 all granular"]),
        ("Qa1 lies in the pons and has large cells.", ["Qa1 all large"]),
        ("Large cells are found in layer V of Qa1.", ["Qa1 V large"]),
        ("Qa1, which abuts the third ventricle, is granular.", ["Qa1 all granular"]),
    ],
)
def test_a_container_bears_no_trait_of_its_subject(text: str, expected: list[str]) -> None:
    assert stated(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qa1 and Qa2 meet. The former is granular.", ["Qa1 all granular"]),
        ("Qa1 and Qa2 meet. The latter is granular.", ["Qa2 all granular"]),
        ("Qa1 and Qa2 adjoin; the former is granular and the latter is agranular.", ["Qa1 all granular", "Qa2 all agranular"]),
        ("Qa1 has layers III and V; the latter is broad.", ["Qa1 V broad"]),
        ("Qa1 and Qa2 adjoin; the former is granular, the latter agranular.", ["Qa1 all granular", "Qa2 all agranular"]),
    ],
)
def test_the_former_and_the_latter(text: str, expected: list[str]) -> None:
    assert stated(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Layer V is denser in Qa1 than in Qa2 and Rb3.", ["Qa1 V high > Qa2 Rb3"]),
        ("Compared to Qa2, layer V of Qa1 is denser.", ["Qa1 V high > Qa2"]),
        ("Layer V of Qa1 is as dense as that of Qa2.", []),
        ("Like Qa2, Qa1 has a thin layer IV.", ["Qa1 IV thin", "Qa2 IV thin"]),
        ("Layer IV is thin in Qa1 but broad in Qa2.", ["Qa1 IV thin", "Qa2 IV broad"]),
        ("The cells of layer V are larger than those of layer III in Qa1.", ["Qa1 V large"]),
        ("Layer V of Qa1 is denser than in Qa2, but not than in Rb3.", ["Qa1 V high > Qa2", "Qa1 V -high > Rb3"]),
    ],
)
def test_partners_take_no_claim(text: str, expected: list[str]) -> None:
    assert stated(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Layers III and V of Qa1 are broad and thin, respectively.", ["Qa1 III broad", "Qa1 V thin"]),
        ("Qa1 and Qa2 are granular and agranular, respectively.", ["Qa1 all granular", "Qa2 all agranular"]),
        (
            "In Qa1 and Qa2 layers III and V are, respectively, broad and thin.",
            ["Qa1 III broad", "Qa1 V thin", "Qa2 III broad", "Qa2 V thin"],
        ),
    ],
)
def test_respectively(text: str, expected: list[str]) -> None:
    assert sorted(stated(text)) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qa1 has a dense layer III, and a thin one in Qa2.", ["Qa1 III high", "Qa2 III thin"]),
        ("Qa1 has a dense sublayer in layer III, and a thin one in layer V.", ["Qa1 III high", "Qa1 V thin"]),
        ("Layer II of Qa1 is thin, and so is that of Qa2.", ["Qa1 II thin", "Qa2 II thin"]),
        ("Layer IV of Qa1 is thin, as is layer II.", ["Qa1 II thin", "Qa1 IV thin"]),
        ("Layer III of Qa1 has pyramidal cells. They are large.", ["Qa1 III large"]),
    ],
)
def test_ellipses_and_pro_forms_that_lose_their_place(text: str, expected: list[str]) -> None:
    assert sorted(stated(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qa1 has a thin layer IV, while in Qa2 this layer is broad.", ["Qa1 IV thin", "Qa2 IV broad"]),
        ("Qa1 has a thin layer IV, while in Qa2 it is broad.", ["Qa1 IV thin", "Qa2 IV broad"]),
        ("Qa1 has a thin layer IV, in contrast to the neighbouring cortex, where it is broad.", ["Qa1 IV thin"]),
        ("Qa1 has a layer IV, but here it is thin.", ["Qa1 IV thin"]),
        ("Qa1 possesses a fourth layer; it is narrow.", ["Qa1 IV thin"]),
        ("Qa1 shows a broad layer III, and it is granular.", ["Qa1 III broad", "Qa1 all granular"]),
        ("Qa1 lacks layer IV, and layers II and III cannot be told apart.", ["Qa1 II-III blurred", "Qa1 IV absent"]),
        ("A sharp border separates layers III and IV of Qa1.", ["Qa1 III-IV sharp"]),
        ("In Qa1 a blurred boundary divides layer V from layer VI.", ["Qa1 V-VI blurred"]),
        ("A sharp border separates Qa1 from Qa2.", []),
    ],
)
def test_layers_that_a_clause_speaks_of_without_being_their_subject(text: str, expected: list[str]) -> None:
    assert sorted(stated(text)) == sorted(expected)


def test_a_shared_subject_is_effective() -> None:
    _, second = parsed("Qa1 lies in Rb3 and is granular.").clauses
    assert texts(effective_subjects(second)) == ["qa1"]
