"""The text-only probe: content is recovered, shuffled claims are not, and a mask that leaves traces is noticed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from cytoscribe.captions.dataset import read_captions
from cytoscribe.captions.generation import GenerateSettings, generate
from cytoscribe.captions.masking import Mask
from cytoscribe.captions.quality import probe
from cytoscribe.captions.quality.intervals import over_regions
from cytoscribe.captions.quality.probe import probe_content, probe_wording
from cytoscribe.captions.wording.image_attributes import PhraseBook, Subject
from cytoscribe.captions.wording.scene import Scene
from cytoscribe.core.records import Caption, Claim, Region
from tests.captions.conftest import claim

LAYERS = ("II", "III", "IV", "V", "VI")
TRAITS = (("layer_thickness", "broad"), ("cell_density", "high"), ("cell_size", "large"), ("layer_visibility", "prominent"))
OTHER = (("layer_thickness", "thin"), ("cell_density", "low"), ("cell_size", "small"), ("layer_visibility", "absent"))
SCENE = Scene({n: Region(n) for n in ("FG1", "FG2", "FG3")}, Subject(), PhraseBook(Subject(), {}), image=False)


def _world() -> tuple[list[Caption], dict[str, Claim]]:
    """Three regions with claims of their own, twenty captions each of different pairs of claims."""
    captions, claims = [], {}
    for place, region in enumerate(SCENE.regions):
        traits = (TRAITS, OTHER, tuple(zip(("layer_thickness", "cell_size"), ("broad", "small"), strict=True)))[place]
        own = [claim(region, i, layer, *traits[i % len(traits)], True, ()) for i, layer in enumerate(LAYERS)]
        claims |= {c.claim_id: c for c in own}
        for first in range(5):
            for step in range(1, 5):
                pair = (own[first].claim_id, own[(first + step) % 5].claim_id)
                text = " ".join(SCENE.facets([claims[i]])[0].clauses[step % 2] for i in pair)
                captions.append(Caption(f"{region}{first}{step}", region, text, text, "textbook", "t", "template", pair, 9, 1.0))
    return captions, claims


@pytest.mark.slow
def test_content_tells_regions_and_shuffled_claims_do_not() -> None:
    captions, claims = _world()
    content, wording = probe_content(captions, claims), probe_wording(captions, claims, SCENE)
    assert content is not None
    assert wording is not None
    assert content.regions == wording.regions == 3
    assert content.captions == 60
    assert content.chance == pytest.approx(1 / 3)
    assert content.accuracy > 0.8
    assert content.above_chance
    deals = [wording, *(probe_wording(captions, claims, SCENE, seed) for seed in (1, 2))]
    assert sum(d.accuracy for d in deals if d) / 3 == pytest.approx(1 / 3, abs=0.07)
    assert not all(d.above_chance for d in deals if d)
    assert content.ci95[0] <= content.accuracy <= content.ci95[1]


@pytest.mark.slow
def test_a_mask_that_leaves_traces_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    captions, claims = _world()
    monkeypatch.setattr(probe, "mask_for", lambda region, *_: Mask((), frozenset((region,))))
    wording = probe_wording(captions, claims, SCENE)
    assert wording is not None
    assert wording.accuracy > 0.6
    assert wording.above_chance


def test_a_claim_that_compares_is_never_said_against_its_own_region() -> None:
    told = claim("FG1", 0, "IV", "layer_thickness", "thin", True, ("FG2",))
    assert probe._moved(told, "FG2").compared_to == ("FG1",)
    assert probe._moved(told, "FG3").compared_to == ("FG2",)


def test_captions_of_one_set_of_claims_are_never_split() -> None:
    captions, claims = _world()
    same = [dataclasses.replace(c, claim_ids=captions[0].claim_ids) if c.region == "FG1" else c for c in captions]
    found = probe_content(same, claims)
    assert found is not None
    assert found.regions == 2  # one set of claims cannot be both learnt and asked
    assert probe_content(same[:20], claims) is None


def test_intervals_draw_regions_not_captions() -> None:
    assert over_regions([1.0, 1.0, 0.0, 0.0], ["a", "a", "b", "b"]) == (0.0, 1.0)
    assert over_regions([1.0, 0.0, 1.0, 0.0], ["a", "a", "b", "b"]) == (0.5, 0.5)


@pytest.mark.slow
def test_check_captions_prints_probes_with_intervals(mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from cytoscribe.cli import command, run

    generate(GenerateSettings(out=tmp_path / "out", descriptions=mined, per_region=12))
    assert read_captions(tmp_path / "out")
    assert run(command("check-captions"), [str(tmp_path / "out"), "--descriptions", str(mined), "--least-claims", "4"]) == 0
    shown = capsys.readouterr().out
    assert "region from masked captions: " in shown
    assert "region from wording alone (claims shuffled among regions): " in shown
    assert "hard to tell apart, by " in shown
    assert "masked 2-way by claims: " in shown
    assert "captions of 2 regions, chance 0.5" in shown
