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
        ("the thinnest layer", False),
    ],
)
def test_a_comparison_whose_partner_is_left_open_is_told_as_relative(span: str, relative: bool) -> None:
    told = literature_facet(replace(THIN, span=span))
    assert is_relative(replace(THIN, span=span)) == relative
    for wording in (*told.with_, *told.clauses, *told.terse):
        assert ("relatively" in wording) == relative


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
    assert facet.ids == (relative.claim_id, "other")
    assert not any("relatively" in wording for wording in facet.clauses)


def test_words_with_a_degree_of_their_own_take_no_other() -> None:
    faint = replace(THIN, span="less prominent layer V", attribute="layer_visibility", value="inconspicuous")
    assert set(literature_facet(faint).clauses) == {
        "layer V is relatively inconspicuous",
        "layer V appears relatively inconspicuous",
    }


def test_relative_wordings_pass_the_gate() -> None:
    gate = Gate(RegionTable((Region("BA17"),)))
    for attribute, value, span in (
        ("cell_density", "high", "denser layer V"),
        ("cell_size", "small", "smaller cells"),
        ("layer_visibility", "prominent", "more prominent layer V"),
        ("lamination", "clear", "clearer lamination"),
        ("layer_thickness", "thin", "thinner layer V"),
        ("staining", "dark", "darker layer V"),
    ):
        source = replace(THIN, attribute=attribute, value=value, span=span)
        for wording in literature_facet(source).clauses:
            assert gate.check(wording, "BA17", [source]).reasons == ()
