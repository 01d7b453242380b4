"""Merging, contradictions, and the text composed from claims."""

from __future__ import annotations

from itertools import count

from cytoscribe.records import Claim
from literature_mining.report.consensus import contradictions, describe_regions, merge

_NUMBERS = count()


def claim(
    layer: str, attribute: str, value: str, *, yes: bool = True, than: tuple[str, ...] = (), document: str = "a.pdf"
) -> Claim:
    number = next(_NUMBERS)
    return Claim(
        f"c{number}", "Aa1", document, "", 1, f"Sentence {number}.", 0, 9, "Sentence", layer, attribute, value, yes, than, 1.0
    )


def test_papers_that_agree_are_one_statement_with_two_sources() -> None:
    merged = merge([claim("IV", "layer_thickness", "thin"), claim("IV", "layer_thickness", "thin", document="b.pdf")])
    assert len(merged) == 1
    assert merged[0].documents == ("a.pdf", "b.pdf")


def test_a_denied_sharp_border_is_a_blurred_one() -> None:
    merged = merge([claim("V-VI", "border", "sharp", yes=False), claim("V-VI", "border", "blurred")])
    assert [(m.value, m.polarity, len(m.claims)) for m in merged] == [("blurred", True, 2)]


def test_contradictions_are_listed_and_left_out_of_the_text() -> None:
    claims = [
        claim("IV", "layer_thickness", "thin"),
        claim("IV", "layer_thickness", "broad", document="b.pdf"),
        claim("V", "cell_size", "large"),
    ]
    (description,) = describe_regions(claims)
    assert len(description.contradictions) == 1
    assert "b.pdf" in description.contradictions[0]
    assert description.text == "Layer V of Aa1 contains large cells."
    assert description.agreement == round(1 / 3, 3)
    assert set(description.claim_ids) == {c.claim_id for c in claims}


def test_comparisons_with_different_areas_do_not_contradict() -> None:
    merged = merge([claim("IV", "layer_thickness", "thin", than=("Bb1",)), claim("IV", "layer_thickness", "broad", than=("Bb2",))])
    assert contradictions(merged) == []


def test_text_goes_from_the_whole_to_the_depth() -> None:
    claims = [
        claim("VI-WM", "border", "sharp"),
        claim("IV", "cell_density", "high"),
        claim("IV", "layer_thickness", "broad", than=("Bb1",)),
        claim("all", "cortical_type", "granular"),
        claim("III", "size_gradient", "increases with depth", yes=False),
        claim("II", "arrangement", "columnar", yes=False),
    ]
    (description,) = describe_regions(claims)
    assert description.text == (
        "Aa1 is granular. Layer II of Aa1 shows no columnar arrangement of cells. Layer III of Aa1 shows no gradient of cell size. "
        "Layer IV of Aa1 is densely packed. Layer IV of Aa1 is broader than in Bb1. The border of Aa1 to the white matter is sharp."
    )
