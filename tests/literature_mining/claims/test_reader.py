"""The reader as a whole: any text is read without fault, spans lie in it, and names carry no meaning of their own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytoscribe.core.records import Region
from cytoscribe.literature_mining.claims.english import load_english
from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.lexicon import load_lexicon
from cytoscribe.literature_mining.claims.reader import ClaimReader
from cytoscribe.literature_mining.regions.table import RegionTable
from tests.literature_mining.claims.sentences import AREAS, READER, not_yet, stated

_LEXICON, _ENGLISH = load_lexicon(), load_english()
_LAYERS = [
    "layer I",
    "layers II and III",
    "layer IV",
    "layer V",
    "layer VIb",
    "sublayer IIIc",
    "infragranular layers",
    "white matter",
]
_WORDS = sorted({" ".join(form) for form in (*_LEXICON.words, *_LEXICON.nouns, *_LEXICON.types)})
_SMALL = sorted({" ".join(form) for form in _ENGLISH.roles} | {"'s", "respectively", ".", ",", ";", ":", "(", ")", "-", "?"})
_PIECES = st.one_of(st.sampled_from([*AREAS, "Zz9", *_LAYERS]), st.sampled_from(_WORDS), st.sampled_from(_SMALL))
TEXTS = st.integers(1, 60).flatmap(lambda n: st.lists(_PIECES, min_size=n, max_size=n)).map(" ".join)

RENAMED: dict[str, str] = dict(zip(AREAS, ("Kd5", "Kd6", "Lf7", "Lf8"), strict=True))
OTHER = ClaimReader(RegionTable(tuple(Region(n) for n in RENAMED.values())))


def renamed(text: str) -> str:
    for old, new in RENAMED.items():
        text = text.replace(old, new)
    return text


def content(claims: list[FoundClaim]) -> set[tuple[object, ...]]:
    return {(*c.identity, c.compared_to, c.start, c.end) for c in claims}


def with_new_names(claims: list[FoundClaim]) -> set[tuple[object, ...]]:
    return {(RENAMED[c.region], *c.identity[1:], tuple(RENAMED[r] for r in c.compared_to), c.start, c.end) for c in claims}


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_words_in_any_order_are_read_without_fault(text: str) -> None:
    for claim in READER.read(text):
        assert 0 <= claim.start < claim.end <= len(text)
        assert text[claim.start : claim.end].strip()
        assert claim.region in AREAS
        assert set(claim.compared_to) <= set(AREAS) - {claim.region}
        assert claim.layer
        assert claim.attribute in _LEXICON.attributes | {"cell_type"}
        assert 0 <= claim.score <= 1


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_renaming_regions_renames_claims(text: str) -> None:
    assert content(OTHER.read(renamed(text))) == with_new_names(READER.read(text))


@pytest.mark.parametrize(
    "text",
    [
        "Layer IV of Qa1 is thin.",
        "Qa1 has a denser layer V than Qa2, but not than Rb3.",
        "Qa1 and Qa2 meet; the former is granular and the latter is agranular.",
        "In Qa1, unlike Qa2, large cells are found in layers III and V.",
    ],
)
def test_renaming_regions_renames_claims_of_plain_sentences(text: str) -> None:
    claims = READER.read(text)
    assert claims
    assert content(OTHER.read(renamed(text))) == with_new_names(claims)


@pytest.mark.parametrize(
    ("text", "layer", "added"),
    [
        ("Layer IV of Qa1 is thin", "layer V is broad", "Qa1 V broad"),
        ("Qa1 has large cells in layer III", "layer II is dense", "Qa1 II high"),
        ("In Qa1, layer V is not visible", "layer VI is pale", "Qa1 VI pale"),
    ],
)
def test_a_clause_about_another_layer_leaves_the_first_claim_as_it_is(text: str, layer: str, added: str) -> None:
    alone = stated(f"{text}.")
    assert len(alone) == 1
    assert stated(f"{text}, and {layer}.") == [*alone, added]


@pytest.mark.parametrize(
    "addition",
    [
        "whereas in Zz9 it is broad",
        "whereas in Zz9 this layer is broad",
        "whereas Zz9 has a broad layer V",
        "and lies next to Zz9",
    ],
)
def test_a_clause_about_an_unlisted_area_adds_nothing(addition: str) -> None:
    assert stated(f"Qa1 has a thin layer IV, {addition}.") == ["Qa1 IV thin"]


def test_a_topic_stands_in_for_a_table() -> None:
    claims = ClaimReader().read("Layer IV is thin.", topic="some area")
    assert [(c.region, c.layer, c.value) for c in claims] == [("some area", "IV", "thin")]
    assert ClaimReader().read("Layer IV is thin.") == []


def test_the_same_text_gives_the_same_claims() -> None:
    text = "Qa1 has a denser layer V than Qa2. It is granular."
    assert READER.read(text) == READER.read(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # lists and coordination
        ("Neither Qa1 nor Qa2 has a layer IV.", ["Qa1 IV absent", "Qa2 IV absent"]),
        ("Neither layer III nor layer V of Qa1 contains large cells.", ["Qa1 III -large", "Qa1 V -large"]),
        ("Qa1 does not have a broad layer III or large cells in layer V.", ["Qa1 III -broad", "Qa1 V -large"]),
        (
            "Qa1 has a broad layer I, clusters in layer II and large cells in layer V.",
            ["Qa1 I broad", "Qa1 II clustered", "Qa1 V large"],
        ),
        (
            "In Qa1, cells are small in layer II, large in layer III and giant in layer V.",
            ["Qa1 II small", "Qa1 III large", "Qa1 V giant"],
        ),
        ("Layer Va of Qa1 is dense and Vb sparse.", ["Qa1 Va high", "Qa1 Vb low"]),
        ("Qa1 and Qa2 have a thin and a broad layer IV, respectively.", ["Qa1 IV thin", "Qa2 IV broad"]),
        ("Qa1: dense layer II, broad layer III, no layer IV.", ["Qa1 II high", "Qa1 III broad", "Qa1 IV absent"]),
        ("Small cells in layer II and large cells in layer III characterise Qa1.", ["Qa1 II small", "Qa1 III large"]),
        # clauses inside clauses
        ("Layer V of Qa1, which is thin, contains large cells.", ["Qa1 V thin", "Qa1 V large"]),
        ("Qa1 has a thin layer IV that contains small cells.", ["Qa1 IV thin", "Qa1 IV small"]),
        ("Qa1, in which layer IV is thin, adjoins Qa2.", ["Qa1 IV thin"]),
        ("Qa2 borders Qa1, whose layer IV is thin.", ["Qa1 IV thin"]),
        ("It is striking that layer IV of Qa1 is thin.", ["Qa1 IV thin"]),
        ("Qa1 resembles Qa2, but its layer IV is broad.", ["Qa1 IV broad"]),
        # areas that are named as places of other areas
        ("The area lateral to Qa1 is granular.", []),
        ("The cortex between Qa1 and Qa2 is agranular.", []),
    ],
)
def test_sentences_in_other_manners(text: str, expected: list[str]) -> None:
    assert sorted(stated(text)) == sorted(expected)


NOT_YET: list[tuple[str, list[str], str]] = [
    # claims that are wrong
    ("Layer IV of Qa1 and Qa2 is thin.", ["Qa1 IV thin", "Qa2 IV thin"], ""),
    (
        "The lamination of both Qa1 and Qa2 is poor.",
        ["Qa1 all poor", "Qa2 all poor"],
        "",
    ),
    ("Qa1 has a layer V that is thin.", ["Qa1 V thin"], ""),
    (
        "Layer IV of Qa1 is neither thin nor dense.",
        ["Qa1 IV -thin", "Qa1 IV -high"],
        "",
    ),
    ("Layer V of Qa1, but not layer III, has large cells.", ["Qa1 V large", "Qa1 III -large"], ""),
    ("Not layer V but layer III of Qa1 contains large cells.", ["Qa1 V -large", "Qa1 III large"], ""),
    ("None of the areas Qa1 and Qa2 has large cells.", ["Qa1 all -large", "Qa2 all -large"], ""),
    ("Layer V of Qa1 is far from dense.", ["Qa1 V -high"], ""),
    ("Layer V of Qa1 is anything but dense.", ["Qa1 V -high"], ""),
    ("As for layer IV, it is thin in Qa1.", ["Qa1 IV thin"], ""),
    ("Layer V is subdivided into Va and Vb in Qa1.", ["Qa1 V sublaminated"], ""),
    (
        "In layer III of Qa1 and layer V of Qa2 large cells are found.",
        ["Qa1 III large", "Qa2 V large"],
        "each place of a list has its own area",
    ),
    ("Layer V is thin, except in Qa1.", ["Qa1 V -thin"], '"except in" excludes'),
    (
        "Qa1 is neither agranular nor granular.",
        ["Qa1 all -agranular", "Qa1 all -granular"],
        "",
    ),
    # claims that are missed
    ("A layer IV is missing from Qa1.", ["Qa1 IV absent"], ""),
    ("Large cells are absent from layer V of Qa1.", ["Qa1 V -large"], ""),
    ("Layer IV is present in neither Qa1 nor Qa2.", ["Qa1 IV absent", "Qa2 IV absent"], '"in neither" denies'),
    (
        "Qa1 (layer IV: thin; layer V: broad) is granular.",
        ["Qa1 IV thin", "Qa1 V broad", "Qa1 all granular"],
        "labels inside brackets",
    ),
    ("While Qa1 is granular, Qa2 is not.", ["Qa1 all granular", "Qa2 all -granular"], ""),
    (
        "Layer IV is thin in Qa1; in Qa2, broad.",
        ["Qa1 IV thin", "Qa2 IV broad"],
        "",
    ),
    ("Only in Qa1 is layer IV thin.", ["Qa1 IV thin"], ""),
    ("From Qa1 to Qa2 layer IV becomes thinner.", ["Qa2 IV thin > Qa1"], ""),
]
"""Sentences that the reader should read and does not: text, claims, what is missing."""


@pytest.mark.parametrize(("text", "expected"), [pytest.param(t, e, marks=not_yet(why) if why else ()) for t, e, why in NOT_YET])
def test_sentences_beyond_the_reader(text: str, expected: list[str]) -> None:
    assert sorted(stated(text)) == sorted(expected)
