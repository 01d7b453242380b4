"""Traits that are not those of the whole area: of its parts, of zones without a name, of a direction, of less of a thing."""

from __future__ import annotations

import pytest

from tests.literature_mining.claims.sentences import stated


@pytest.mark.parametrize(
    "text",
    [
        "In its caudal part, Qa1 has large cells.",
        "The rostral part of Qa1 is granular.",
        "Large cells are present in the medial and lateral parts of Qa1.",
        "In Qa1 a narrow zone beside the ventricle is poor in cells.",
        "A dense strip of small cells marks the end of Qa1.",
        "The cells of Qa1 become smaller towards the surface.",
        "In Qa1 the cell density increases towards the midline.",
        "Qa1 shows visible or not visible columns of cells.",
        "Grid cells are numerous in Qa1.",
    ],
)
def test_what_holds_of_a_part_is_not_said_of_the_whole(text: str) -> None:
    assert stated(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Located in the posterior part of the insula, Qa1 has a thin layer I.", ["Qa1 I thin"]),
        ("Qa1 forms a dense band of small cells.", ["Qa1 all high", "Qa1 all small"]),
        ("Qa1 shows a less prominent columnar arrangement than Qa2 and a thin layer II.", ["Qa1 II thin"]),
        ("Qa1 has a few giant cells in layer V.", ["Qa1 V giant"]),
        ("In Qa1 layer V is poor in large cells and layer VI is dense.", ["Qa1 VI high"]),
        ("Qa1 has a layer III rich in spindle cells.", ["Qa1 III spindle"]),
    ],
)
def test_the_rest_is_said_of_the_area(text: str, expected: list[str]) -> None:
    assert stated(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In Qa1 the dense cell layer is thin.", ["Qa1 cell layer high", "Qa1 cell layer thin"]),
        ("In Qa1 the marginal zone contains large cells.", ["Qa1 marginal zone large"]),
        ("In Qa1 layer IV is parted by a pale stripe, the layer IVb.", ["Qa1 IVb pale"]),
        ("In Qa1 lies the lamina dissecans, a thin stripe.", ["Qa1 lamina dissecans thin"]),
        ("The layer of small cells seen in Qa1 is layer II.", ["Qa1 II small"]),
        ("Layer III of Qa1 is thin. Its layers are well defined.", ["Qa1 III thin", "Qa1 all clear"]),
        ("Qa1 has five layers. 1, A thin layer of small cells.", ["Qa1 all five-layered", "Qa1 I thin", "Qa1 I small"]),
        ("The second layer of Qa1 is dense, giant cells of Betz lie in the fifth.", ["Qa1 II high", "Qa1 V giant", "Qa1 V Betz"]),
    ],
)
def test_layers_without_a_number_have_their_own_name(text: str, expected: list[str]) -> None:
    assert sorted(stated(text)) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In contrast to Qa1, the Qa2 is granular.", ["Qa2 all granular"]),
        ("Large cells are found in layer III of Qa1 and in layer V of Qa2.", ["Qa1 III large", "Qa2 V large"]),
        ("Qa1 shows a columnar arrangement, which is missing in Qa2.", ["Qa1 all columnar", "Qa2 all -columnar"]),
        ("The border between Qa1 and Qa2 is marked by a thin layer IV in Qa1.", ["Qa1 IV thin"]),
        ("Neither in Qa1 nor in Qa2 does layer V contain giant cells.", ["Qa1 V -giant", "Qa2 V -giant"]),
        (
            "Qa1 has a broad lamina dissecans, while that of Qa2 is thin.",
            ["Qa1 lamina dissecans broad", "Qa2 lamina dissecans thin"],
        ),
        ("Areas around the sulcus, that is, Qa1 and Qa2, are granular.", ["Qa1 all granular", "Qa2 all granular"]),
        ("Layers II and III of Qa1 contain small and large cells, respectively.", ["Qa1 II small", "Qa1 III large"]),
        ("As one goes from Qa1 to Qa2, layer III becomes thinner.", ["Qa2 III thin > Qa1"]),
        ("Layer III of Qa1 is thin and composed of small cells.", ["Qa1 III thin", "Qa1 III small"]),
        ("Layer V of Qa1 has large cells, but smaller than those of layer III.", ["Qa1 V large", "Qa1 V small"]),
    ],
)
def test_each_trait_goes_to_its_own_area(text: str, expected: list[str]) -> None:
    assert sorted(stated(text)) == sorted(expected)
