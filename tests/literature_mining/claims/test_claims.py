"""Claims out of sentences of our own that state plain anatomy."""

from __future__ import annotations

import pytest

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.regions.table import RegionTable
from tests.literature_mining.claims.sentences import not_yet

TABLE = RegionTable(tuple(Region(n) for n in ("Aa1", "Aa2", "Bb3", "Bb4")))
Said = tuple[str, str, str, str, bool]


def said(claims: list[FoundClaim]) -> set[Said]:
    return {(c.region, c.layer, c.attribute, c.value, c.polarity) for c in claims}


@pytest.fixture(scope="module")
def reader() -> ClaimReader:
    return ClaimReader(TABLE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Layer IV of Aa1 is thin.", {("Aa1", "IV", "layer_thickness", "thin", True)}),
        (
            "Aa1 has a broad and cell-dense layer II.",
            {("Aa1", "II", "layer_thickness", "broad", True), ("Aa1", "II", "cell_density", "high", True)},
        ),
        (
            "Aa1 shows large pyramidal cells in layers III and V.",
            {("Aa1", "III", "cell_size", "large", True), ("Aa1", "V", "cell_size", "large", True)},
        ),
        ("In Aa2 the boundary between layers V and VI is blurred.", {("Aa2", "V-VI", "border", "blurred", True)}),
        ("Aa1 lacks an inner granular layer.", {("Aa1", "IV", "layer_visibility", "absent", True)}),
        (
            "The agranular area Bb3 is poorly laminated.",
            {("Bb3", "all", "cortical_type", "agranular", True), ("Bb3", "all", "lamination", "poor", True)},
        ),
        (
            "Betz cells are absent in layer V of Aa1.",
            {("Aa1", "V", "cell_type", "Betz", False)},
        ),
        ("Layer VI of Aa1 has a sharp border to the white matter.", {("Aa1", "VI-WM", "border", "sharp", True)}),
    ],
)
def test_plain_statements(reader: ClaimReader, text: str, expected: set[Said]) -> None:
    assert said(reader.read(text)) == expected


def test_comparative_belongs_to_the_area_that_has_more(reader: ClaimReader) -> None:
    claims = reader.read("The pyramidal cells of layer III are larger in Aa1 than in Aa2.")
    assert said(claims) == {("Aa1", "III", "cell_size", "large", True)}
    assert claims[0].compared_to == ("Aa2",)


@pytest.mark.parametrize(
    ("text", "region", "partners"),
    [
        ("Aa1 lies rostral to Aa2; it differs from the latter by a thinner layer V.", "Aa1", ("Aa2",)),
        ("Similar to Aa2, layer V of Aa1 is denser.", "Aa1", ()),
        ("Aa1, Aa2 and Bb3 adjoin; layer V of Bb4 is denser.", "Bb4", ()),
        ("Aa1 has the most densely packed layer II, where it meets Aa2.", "Aa1", ()),
    ],
)
def test_the_partner_of_a_comparative_is_the_one_other_area(
    reader: ClaimReader, text: str, region: str, partners: tuple[str, ...]
) -> None:
    claims = [c for c in reader.read(text) if c.layer in {"II", "V"} and c.region == region]
    assert claims
    assert {c.compared_to for c in claims} == {partners}


def test_the_latter_alone_is_described(reader: ClaimReader) -> None:
    claims = reader.read("Cell density differs between Aa1 and Aa2, with the latter featuring bigger cells.")
    assert said(claims) == {("Aa2", "all", "cell_size", "large", True)}


def test_less_turns_the_value_round(reader: ClaimReader) -> None:
    claims = reader.read("Compared to Aa2, Bb3 has a less prominent layer IV.")
    assert said(claims) == {("Bb3", "IV", "layer_visibility", "inconspicuous", True)}


def test_unnamed_subject_is_the_area_spoken_of(reader: ClaimReader) -> None:
    claims = reader.read("Area Aa1 has a dense layer II. Layer IV is thin. It has a broad layer V.")
    assert {(c.region, c.layer) for c in claims} == {("Aa1", "II"), ("Aa1", "IV"), ("Aa1", "V")}


def test_topic_works_without_a_table() -> None:
    claims = ClaimReader().read("This region has a broad layer IV. Layer V contains large pyramidal cells.", topic="some area")
    assert said(claims) == {
        ("some area", "IV", "layer_thickness", "broad", True),
        ("some area", "V", "cell_size", "large", True),
    }


def test_an_area_of_no_table_gets_nothing_and_gives_nothing(reader: ClaimReader) -> None:
    assert reader.read("Aa1 lies medially. Area Zz9 has a thin layer IV.") == []


@pytest.mark.parametrize(
    "text",
    [
        "The volume of Aa1 is larger than that of Aa2.",
        "Receptor density in layer IV of Aa1 is high.",
        "Aa1 is located lateral to Aa2 on the large gyrus.",
        "Activation in Aa1 was stronger than in Aa2.",
        "gr granular layer, mol molecular layer, pyr pyramidal layer (small cells), Aa1 anterior area 1, or oriens layer.",
    ],
)
def test_other_subjects_give_no_claim(reader: ClaimReader, text: str) -> None:
    assert reader.read(text) == []


def test_spans_stand_in_the_text(reader: ClaimReader) -> None:
    text = "Aa1 has a thin layer IV. Its layer V contains large cells."
    claims = reader.read(text)
    assert [text[c.start : c.end] for c in claims] == ["thin layer IV", "large cells"]


Stated = tuple[str, str, str, str, bool, tuple[str, ...]]
NOT_YET: list[tuple[str, set[Stated], str]] = [
    (
        "Aa1 adjoins Aa2, which has a denser layer II.",
        {("Aa2", "II", "cell_density", "high", True, ("Aa1",))},
        "",
    ),
    (
        "Aa1 shows a thin layer V, whereas in Aa2 layer V is broader.",
        {("Aa1", "V", "layer_thickness", "thin", True, ()), ("Aa2", "V", "layer_thickness", "broad", True, ("Aa1",))},
        "",
    ),
    (
        "Layer III of Aa1 shows a decreasing cell size towards the outer sublayers IIIb and IIIa.",
        {("Aa1", "III", "size_gradient", "increases with depth", True, ())},
        "a decrease towards the surface is a gradient",
    ),
    (
        "The gradual decrease in width of layer II of Aa1 marks its end.",
        set(),
        "a change along the cortex that marks an end is no thin layer",
    ),
    (
        "The lateral border of Aa1 is Aa2, the medial border is the granular cortex of the insula.",
        set(),
        "",
    ),
]
"""Sentences that the reader should read and does not: text, claims, what is missing."""


@pytest.mark.parametrize(("text", "expected"), [pytest.param(t, e, marks=not_yet(why) if why else ()) for t, e, why in NOT_YET])
def test_sentences_beyond_the_reader(reader: ClaimReader, text: str, expected: set[Stated]) -> None:
    claims = reader.read(text)
    assert {(c.region, c.layer, c.attribute, c.value, c.polarity, c.compared_to) for c in claims} == expected
