"""Layer names in running text."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.layers import between, find_layers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("layers V and VI", [("V", "VI")]),
        ("sublayers IIIa and b", [("IIIa", "IIIb")]),
        ("layer 2/3", [("II-III",)]),
        ("layers 5a, 5b and 6", [("Va", "Vb", "VI")]),
        ("lower part of layer III", [("IIIc",)]),
        ("the deeper layers III and V", [("III", "V")]),
        ("between II and III", [("II", "III")]),
        ("the external granular layer (layer II)", [("II",)]),
        ("the oriens, pyramidal, and radiatum layers", [("oriens layer", "pyramidal layer", "radiatum layer")]),
        ("stratum lacunosum-moleculare", [("stratum lacunosum-moleculare",)]),
        ("supragranular layers", [("II-III",)]),
        ("L2/3 and L5", [("II-III",), ("V",)]),
        ("the white matter", [("WM",)]),
        ("a player of level V chess", []),
        ("Fig. 4a of type II collagen", []),
    ],
)
def test_layers_are_found(text: str, expected: list[tuple[str, ...]]) -> None:
    assert [m.layers for m in find_layers(text)] == expected


def test_this_layer_points_back() -> None:
    assert [m.back for m in find_layers("this layer and the latter layers")] == [True, True]


def test_border_is_named_from_the_surface() -> None:
    assert between("IV", "IIIc") == "IIIc-IV"
    assert between("WM", "VI") == "VI-WM"
