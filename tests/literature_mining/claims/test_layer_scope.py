"""Layers of a phrase, where they were found, and borders between layers."""

from __future__ import annotations

import pytest

from cytoscribe.literature_mining.claims.context import Context
from cytoscribe.literature_mining.claims.layer_scope import joined
from cytoscribe.literature_mining.claims.scope_names import Scope
from tests.literature_mining.claims.sentences import node_of

SPOKEN = Context(topic=("Rb3",), layers=("II",), noun="layer")


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Layer IV of Qa1 is thin.", "layer iv", Scope(("IV",), "own")),
        ("The cells of layer V are large.", "the cells", Scope(("V",), "below")),
        ("Layer V contains large cells.", "large cells", Scope(("V",), "subject")),
        ("In layer V the cells are large.", "the cells", Scope(("V",), "front")),
        ("Large cells are found in layers III and V.", "large cells", Scope(("III", "V"), "place")),
        ("Layer V, which contains large cells, is thin.", "large cells", Scope(("V",), "antecedent")),
        ("They are large.", "they", Scope(("II",), "context")),
        ("This layer is thin.", "this layer", Scope(("II",), "pointed")),
        ("Qa1 has large cells.", "large cells", Scope(("all",), "none")),
    ],
)
def test_where_a_layer_is_found(text: str, words: str, expected: Scope) -> None:
    node, scopes = node_of(text, words, SPOKEN)
    assert scopes.layer(node) == expected


@pytest.mark.parametrize(
    ("text", "words", "layers"),
    [
        ("The border between layers II and III is sharp.", "the border", ("II-III",)),
        ("The border between layer III and layer II is sharp.", "the border", ("II-III",)),
        ("Layer VI has a sharp border to the white matter.", "a sharp border", ("VI-WM",)),
        ("Layer IV has a sharp border with layer V.", "a sharp border", ("IV-V",)),
    ],
)
def test_a_border_is_named_by_both_sides(text: str, words: str, layers: tuple[str, ...]) -> None:
    node, scopes = node_of(text, words)
    assert scopes.border(node).names == layers


@pytest.mark.parametrize(
    ("sources", "targets", "expected"),
    [
        (["IV"], ["III", "V"], ("III-IV", "IV-V")),
        (["VI"], ["WM"], ("VI-WM",)),
        ([], ["II", "III"], ("II-III",)),
        ([], ["IV"], ("IV",)),
        (["IV"], ["IV"], ()),
        ([], [], ()),
    ],
)
def test_joined(sources: list[str], targets: list[str], expected: tuple[str, ...]) -> None:
    assert joined(sources, targets) == expected
