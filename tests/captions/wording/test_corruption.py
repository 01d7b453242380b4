"""Sets of claims of which one is false: nothing that is true passes for false."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.captions.wording.image_attributes import image_claim, read_phrases
from cytoscribe.captions.wording.scene import contradicts, statement
from cytoscribe.captions.wording.twins import image_corruptions, region_corruptions
from cytoscribe.core.records import Claim
from tests.captions.conftest import claim

VALUES = {
    "cell_density": ("low", "high", "medium"),
    "cell_size": ("small", "large", "giant"),
    "layer_thickness": ("thin", "broad"),
    "layer_visibility": ("absent", "visible", "prominent", "inconspicuous"),
    "border": ("sharp", "blurred"),
    "cell_type": ("Betz", "pyramidal"),
}
LAYERS = ("all", "II", "III", "IIIc", "IV", "V", "VI-WM", "II-III", "pyramidal layer")


def said(layer: str, attribute: str, value: str, polarity: bool = True, compared: tuple[str, ...] = ()) -> Claim:
    return claim("BA4", 0, layer, attribute, value, polarity, compared)


@st.composite
def any_claims(draw: st.DrawFn) -> list[Claim]:
    made = []
    for number in range(draw(st.integers(1, 8))):
        attribute = draw(st.sampled_from(sorted(VALUES)))
        compared = draw(st.sampled_from(((), (), ("BA17",), ("BA17", "BA3"))))
        value = draw(st.sampled_from(VALUES[attribute]))
        made.append(claim("BA4", number, draw(st.sampled_from(LAYERS)), attribute, value, draw(st.booleans()), compared))
    return list({statement(c): c for c in made}.values())


@given(any_claims(), st.data())
def test_one_claim_is_replaced_by_one_that_no_known_claim_states(known: list[Claim], data: st.DataObject) -> None:
    caption = data.draw(st.lists(st.sampled_from(known), min_size=1, unique_by=statement))
    held = {statement(c) for c in known}
    for corruption in region_corruptions(caption, known):
        edited = corruption.claims[corruption.at]
        assert statement(edited) not in held
        assert edited.claim_id == ""
        assert [c for i, c in enumerate(corruption.claims) if i != corruption.at] == [
            c for i, c in enumerate(caption) if i != corruption.at
        ]
        true = caption[corruption.at]
        changed = {n for n in ("layer", "value", "polarity") if getattr(true, n) != getattr(edited, n)}
        assert changed == {{"negation": "polarity"}.get(corruption.kind, corruption.kind)}
        assert not any(contradicts(edited, other) for i, other in enumerate(corruption.claims) if i != corruption.at)


def edits(caption: list[Claim], *known: Claim) -> set[tuple[str, str, str, bool]]:
    found = region_corruptions(caption, [*caption, *known])
    return {(c.kind, c.claims[c.at].layer, c.claims[c.at].value, c.claims[c.at].polarity) for c in found}


def test_a_value_is_flipped_a_layer_swapped_and_a_claim_denied() -> None:
    assert edits([said("IV", "cell_density", "high")], said("V", "cell_density", "low")) == {
        ("value", "IV", "low", True),
        ("layer", "V", "high", True),
        ("negation", "IV", "high", False),
    }


def test_layers_of_which_papers_say_otherwise_come_before_those_of_which_they_say_nothing() -> None:
    silent = said("II", "cell_size", "small")
    assert ("layer", "II", "high", True) in edits([said("IV", "cell_density", "high")], silent)
    swapped = edits([said("IV", "cell_density", "high")], silent, said("V", "cell_density", "low"))
    assert {layer for kind, layer, _, _ in swapped if kind == "layer"} == {"V"}


@pytest.mark.parametrize(
    ("caption", "known", "refused"),
    [
        (said("III", "cell_size", "small"), said("IIIc", "cell_size", "giant"), "giant"),  # some of layer III is
        (said("III", "cell_size", "small"), said("IIIc", "cell_size", "giant"), "large"),  # giant cells are large
        (said("IV", "cell_density", "high"), said("IV", "cell_density", "low"), "low"),  # papers disagree
        (said("VI-WM", "border", "blurred"), said("VI-WM", "border", "blurred", False), "sharp"),
        (said("IV", "cell_density", "high", True, ("A", "B")), said("IV", "cell_density", "low", True, ("B",)), "low"),
    ],
)
def test_a_value_that_other_claims_bear_out_is_refused(caption: Claim, known: Claim, refused: str) -> None:
    assert refused in {value for kind, _, value, _ in edits([caption]) if kind == "value"}
    assert refused not in {value for kind, _, value, _ in edits([caption], known) if kind == "value"}


def test_a_denial_that_other_claims_bear_out_is_refused() -> None:
    caption = said("VI-WM", "border", "sharp")
    assert "negation" in {kind for kind, *_ in edits([caption])}
    assert "negation" not in {kind for kind, *_ in edits([caption], said("VI-WM", "border", "blurred"))}


def test_a_layer_for_which_the_same_holds_is_no_swap() -> None:
    same = [said("V", "cell_density", "high"), said("IV", "cell_size", "small")]
    assert not [e for e in edits([said("IV", "cell_density", "high")], *same) if e[0] == "layer"]
    assert not [e for e in edits([said("III", "cell_density", "high")], said("IIIc", "cell_size", "large")) if e[0] == "layer"]
    assert not [e for e in edits([said("IV", "layer_visibility", "visible")], *same) if e[0] == "layer"]


def test_a_layer_of_which_the_caption_speaks_is_not_called_absent() -> None:
    visible = said("IV", "layer_visibility", "prominent")
    assert ("value", "IV", "absent", True) in edits([visible])
    assert ("value", "IV", "absent", True) not in edits([visible, said("IV", "cell_density", "high")])


def columns(**values: str) -> list[Claim]:
    return [image_claim(c, v, "cell", "") for c, v in values.items()]


KNOWN = {
    "granularity": ["no", "yes"],
    "granule_colour": ["nil", "pink", "red"],
    "cell_size": ["big", "small"],
    "stripes": ["broad", "thin"],
}


@given(st.fixed_dictionaries({}, optional={c: st.sampled_from(v) for c, v in KNOWN.items()}))
def test_an_image_gets_one_other_value_of_a_column(values: dict[str, str]) -> None:
    claims = columns(**values)
    for corruption in image_corruptions(claims, KNOWN, read_phrases()):
        edited = corruption.claims[corruption.at]
        assert edited.attribute == claims[corruption.at].attribute
        assert edited.value in set(KNOWN[edited.attribute]) - {values[edited.attribute]}
        assert [replace(c, value="") for c in corruption.claims if c is not edited] == [
            replace(c, value="") for i, c in enumerate(claims) if i != corruption.at
        ]


def test_what_other_columns_say_is_not_contradicted() -> None:
    def found(**values: str) -> set[tuple[str, str]]:
        made = image_corruptions(columns(**values), KNOWN, read_phrases())
        return {(c.claims[c.at].attribute, c.claims[c.at].value) for c in made}

    assert found(granularity="yes") == {("granularity", "no")}
    assert found(granularity="yes", granule_colour="red") == {("granule_colour", "pink")}  # no red granules without granules
    assert found(stripes="broad") == {("stripes", "thin")}
    assert found(unheard="of") == set()
