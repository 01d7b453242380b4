"""The reader as a whole: any text is read without fault, spans lie in it, and names carry no meaning of their own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytoscribe.records import Region
from literature_mining.claims.english import load_english
from literature_mining.claims.findings import FoundClaim
from literature_mining.claims.lexicon import load_lexicon
from literature_mining.claims.reader import ClaimReader
from literature_mining.regions.table import RegionTable
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
TEXTS = st.lists(
    st.one_of(st.sampled_from([*AREAS, "Zz9", *_LAYERS]), st.sampled_from(_WORDS), st.sampled_from(_SMALL)), max_size=60
).map(" ".join)

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
        pytest.param("whereas in Zz9 it is broad", marks=not_yet('"in B it is" means the layer spoken of, in B')),
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
