"""Merging, contradictions, and the text composed from claims."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from itertools import count

from cytoscribe.core.records import Claim
from cytoscribe.literature_mining.report.consensus import MergedClaim, consensus, contradictions, describe_regions, merge, weigh

_NUMBERS = count()


def claim(
    layer: str,
    attribute: str,
    value: str,
    *,
    yes: bool = True,
    than: tuple[str, ...] = (),
    document: str = "a.pdf",
    region: str = "Aa1",
    score: float = 1.0,
    species: str = "",
) -> Claim:
    number = next(_NUMBERS)
    sentence = f"Sentence {number}."
    return Claim(
        f"c{number}", region, document, "", 1, sentence, 0, 9, "Sentence", layer, attribute, value, yes, than, score, species
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
    assert description.claim_ids == (claims[2].claim_id,)


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


def said(statements: Sequence[MergedClaim]) -> set[tuple[str, str]]:
    return {(m.layer, m.value) for m in statements}


def test_two_papers_outvote_one() -> None:
    agreed = weigh(
        [
            claim("IV", "layer_thickness", "thin"),
            claim("IV", "layer_thickness", "thin", document="b.pdf"),
            claim("IV", "layer_thickness", "broad", document="c.pdf"),
        ]
    )
    assert said(agreed.kept) == {("IV", "thin")}
    assert said(agreed.set_aside) == {("IV", "broad")}


def test_a_paper_that_says_it_twice_counts_once() -> None:
    agreed = weigh(
        [
            claim("IV", "layer_thickness", "thin"),
            claim("IV", "layer_thickness", "thin"),
            claim("IV", "layer_thickness", "broad", document="c.pdf"),
        ]
    )
    assert agreed.kept == ()


def test_a_score_of_half_is_outvoted() -> None:
    agreed = weigh(
        [claim("IV", "layer_thickness", "thin", score=0.9), claim("IV", "layer_thickness", "broad", document="b.pdf", score=0.4)]
    )
    assert said(agreed.kept) == {("IV", "thin")}


def test_several_traits_of_a_layer_together_outvote_its_absence() -> None:
    agreed = weigh(
        [
            claim("IV", "layer_visibility", "absent"),
            claim("IV", "layer_thickness", "thin", document="b.pdf"),
            claim("IVc", "cell_density", "high", document="c.pdf"),
        ]
    )
    assert said(agreed.set_aside) == {("IV", "absent")}


def test_what_is_outvoted_disputes_nothing_else() -> None:
    agreed = weigh(
        [
            *(claim("all", "cortical_type", "granular", document=f"{d}.pdf") for d in "abc"),
            claim("all", "cortical_type", "dysgranular", document="d.pdf"),
            claim("IV", "layer_visibility", "prominent", document="e.pdf"),
        ]
    )
    assert said(agreed.kept) == {("all", "granular"), ("IV", "prominent")}


def test_species_are_described_apart_and_unknown_joins_any() -> None:
    claims = [
        claim("IV", "layer_thickness", "thin", species="human"),
        claim("IV", "layer_thickness", "broad", species="macaque", document="b.pdf"),
        claim("V", "cell_size", "large", species="human"),
        claim("III", "cell_density", "low", document="c.pdf"),
    ]
    human, macaque = describe_regions(claims)
    assert (human.species, macaque.species) == ("human", "macaque")
    assert human.contradictions == macaque.contradictions == ()
    assert human.claim_ids == (claims[3].claim_id, claims[0].claim_id, claims[2].claim_id)
    assert macaque.claim_ids == (claims[3].claim_id, claims[1].claim_id)


def test_areas_that_are_each_thinner_than_the_other_are_both_disputed() -> None:
    one, other = consensus(
        [
            claim("IV", "layer_thickness", "thin", than=("Bb1",)),
            claim("IV", "layer_thickness", "thin", than=("Aa1",), region="Bb1", document="b.pdf"),
        ]
    )
    assert one.kept == other.kept == ()
    assert len(one.clashes) == len(other.clashes) == 1


def test_nothing_that_is_kept_contradicts_anything_kept() -> None:
    rng = random.Random(0)
    pool = [
        *itertools.product(("IV", "IVc", "III", "II-III"), ("cell_density",), ("low", "high")),
        *itertools.product(("IV", "III"), ("layer_visibility",), ("absent", "visible", "prominent")),
        *itertools.product(("all",), ("cortical_type",), ("granular", "dysgranular", "agranular")),
    ]
    for _ in range(200):
        drawn = [rng.choice(pool) for _ in range(8)]
        agreed = weigh([claim(*d, yes=rng.random() < 0.8, document=f"{rng.randrange(5)}.pdf", score=rng.random()) for d in drawn])
        assert contradictions(agreed.kept) == []
        assert sum(len(m.claims) for m in (*agreed.kept, *agreed.set_aside)) == 8
