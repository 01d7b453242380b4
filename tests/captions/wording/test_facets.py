"""What a claim's wordings say: no more than the paper does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cytoscribe.captions.gate.region import Gate
from cytoscribe.captions.wording.facets import is_relative, literature_facet
from cytoscribe.captions.wording.image_attributes import PhraseBook
from cytoscribe.captions.wording.image_attributes import Subject as Words
from cytoscribe.captions.wording.scene import Scene
from cytoscribe.core.records import Region
from cytoscribe.literature_mining.regions.table import RegionTable
from tests.captions.conftest import claim

THIN = claim("BA17", 0, "V", "layer_thickness", "thin", True, ())


@pytest.mark.parametrize(
    ("span", "relative"),
    [
        ("thinner layer V", True),
        ("decrease in the width of layer V", True),
        ("less broad layer V", True),
        ("lower cell density", True),
        ("thin layer V", False),
        ("thin layer in the lower part of layer V", False),
        ("lower layer V is thin", False),
        ("the thinnest layer", True),
    ],
)
def test_a_comparison_whose_partner_is_left_open_is_not_told(span: str, relative: bool) -> None:
    told = literature_facet(replace(THIN, span=span))
    assert is_relative(replace(THIN, span=span)) == relative
    assert bool(told.clauses) != relative


def test_a_named_partner_a_denial_and_an_absence_are_told_as_they_are() -> None:
    compared = replace(THIN, span="thinner layer V", compared_to=("BA4",))
    denied = replace(THIN, span="no thinner layer V", polarity=False)
    absent = replace(THIN, span="a less visible layer V", attribute="layer_visibility", value="absent")
    medium = replace(THIN, span="more moderate thickness", value="medium")
    for one in (compared, denied, absent, medium):
        facet = literature_facet(one)
        assert not is_relative(one)
        assert facet.clauses
        assert not any("relatively" in wording for wording in facet.clauses)


def test_a_paper_that_says_it_outright_lets_captions_say_it_outright() -> None:
    scene = Scene({}, Words(), PhraseBook(Words(), {}), image=False)
    relative, outright = replace(THIN, span="thinner layer V"), replace(THIN, claim_id="other", span="a thin layer V")
    (facet,) = scene.facets([relative, outright])
    assert facet.ids == ("other",)
    assert not any("relatively" in wording for wording in facet.clauses)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "taken"), [("Layer V is thinner.", True), ("Layer V is thin.", False), ("Layer V is thinner than layer VI.", False)]
)
def test_the_gate_takes_an_open_comparison_for_no_more_than_it_is(told: str, taken: bool) -> None:
    gate = Gate(RegionTable((Region("BA17"),)))
    assert gate.check(told, "BA17", [replace(THIN, span="thinner layer V")]).faithful == taken
