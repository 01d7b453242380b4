"""Captions before the claim gate: what is borne out stays with its paper and page, the rest is struck."""

from __future__ import annotations

from cytoscribe.core.records import Claim, Region, image_claim_id
from cytoscribe.eval.captioner.grounding import Ground
from cytoscribe.training.captioner.knowledge import Knowledge, gather
from tests.training.conftest import KINDS


def claim(layer: str, attribute: str, value: str, page: int) -> Claim:
    """A paper's claim about area 44."""
    told = (layer, attribute, value, True, ())
    return Claim(f"{layer}-{value}", "44", "smith.pdf", "10.1/x", page, "", 0, 0, "", *told, 0.9)


PAPERS = Knowledge((), (Region("44"),), (claim("IV", "layer_thickness", "thin", 3), claim("V", "cell_size", "large", 5)), ())


def test_a_true_caption_stays_whole_and_names_its_pages() -> None:
    found = Ground(PAPERS).of("In area 44, layer IV is thin. Layer V has large cells.", "44")
    assert found.text == "In area 44, layer IV is thin. Layer V has large cells."
    assert [said for said, _ in found.evidence] == ["layer IV, layer thickness: thin", "layer V, cell size: large"]
    assert [str(s) for s in found.sources] == ["smith.pdf, p. 3, 5 (doi:10.1/x)"]
    assert [s.sources[0].pages for s in found.sentences] == [(3,), (5,)]


def test_a_sentence_that_no_claim_bears_out_is_struck() -> None:
    found = Ground(PAPERS).of("Layer IV is thin. Layer II is broad.", "44")
    assert found.text == "Layer IV is thin."
    assert found.marked == "Layer IV is thin. ~~Layer II is broad.~~"
    assert found.struck == 1
    assert found.sources[0].pages == (3,)
    assert Ground(PAPERS).account(found.text, "44").faults == ()


def test_a_sentence_that_claims_nothing_is_no_fault() -> None:
    assert Ground(PAPERS).account("Layer IV is thin.", "44").supported == ("IV-thin",)
    assert Ground(PAPERS).of("This is area 44. Layer IV is thin.", "44").struck == 0


def test_a_caption_that_states_nothing_is_no_caption() -> None:
    found = Ground(PAPERS).of("This is area 44. The layer layer layer.", "44")
    assert found.text == ""
    assert found.struck == len(found.sentences)


def test_attributes_of_images_are_read_too() -> None:
    from cytoscribe.core.records import Caption

    captions = [
        Caption(f"c{i}", kind, f"{kind}: tone", "tone", "s", "t", "m", (image_claim_id("tone", KINDS[kind][0]),), 5, 1.0)
        for i, kind in enumerate(KINDS)
    ]
    knowledge = gather(captions, (), ("pale", "dense"), None)
    assert knowledge.columns == ("tone",)
    assert {(c.region, c.value) for c in knowledge.claims} == {("pale", "light"), ("dense", "dark")}
    ground = Ground(knowledge)
    assert ground.account("The tone is light.", "pale").supported
    assert not ground.account("The tone is light.", "dense").supported
