"""Leaks, diversity and discriminability of a dataset, and the commands that print them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from cytoscribe.captions.audit import audit
from cytoscribe.captions.dataset import read_captions
from cytoscribe.captions.generation import GenerateSettings, generate
from cytoscribe.captions.quality.diversity import measure_diversity, near_duplicate, self_bleu
from cytoscribe.captions.quality.eight_way import eight_way
from cytoscribe.captions.quality.report import QualitySettings, measure, report
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption, Region

TABLE = [Region("FG1", ("fusiform area 1",), "fusiform gyrus"), Region("hOc3d")]


def _caption(region: str, masked: str, style: str = "short") -> Caption:
    return Caption(masked, region, masked, masked, style, "caption/short", "template", (), 9, 1.0)


@pytest.mark.parametrize("text", ["Seen in FG1.", "seen in Fusiform-Area 1", "on the FUSIFORM GYRUS", "unlike hoc3d", "F G 1"])
def test_leaks_are_found_however_spelt(text: str) -> None:
    assert [leak.region for leak in audit([_caption("FG1", text)], TABLE)] == ["FG1"] * len(audit([_caption("FG1", text)], TABLE))
    assert audit([_caption("FG1", text)], TABLE)


def test_masked_text_has_no_leak() -> None:
    assert audit([_caption("FG1", "This area has a thin layer IV, thinner than in another area.")], TABLE) == []


def test_diversity_tells_repetition_from_variety() -> None:
    same = measure_diversity(["layer four is thin"] * 4, ["a"] * 4)
    varied = measure_diversity(["layer four is thin", "no Betz cells", "columns of cells stand here", "a blurred edge"], ["a"] * 4)
    assert same.near_duplicates == 1.0
    assert varied.near_duplicates == 0.0
    assert same.self_bleu > 0.99 > 0.3 > varied.self_bleu
    assert varied.distinct_2 > same.distinct_2
    assert self_bleu([["one"]]) == 0.0
    assert near_duplicate("layer IV is thin.", ["Layer V is broad.", "layer IV is thin"])


def test_eight_way_counts_ties_as_wrong_and_names_the_confused() -> None:
    captions = [_caption("a", "x"), _caption("b", "y", "terse")]
    perfect = eight_way(captions, np.eye(2), ["a", "b"], "m")
    assert perfect.accuracy == 1.0
    tied = eight_way(captions, np.ones((2, 2)), ["a", "b"], "m")
    assert tied.accuracy == 0.0
    swapped = eight_way(captions, np.array([[0.0, 1.0], [0.0, 1.0]]), ["a", "b"], "m", draws=3)
    assert swapped.by_region == {"a": 0.0, "b": 1.0}
    assert swapped.by_style == {"short": 0.0, "terse": 1.0}
    assert swapped.confused == (("a", "b", 0.5),)
    assert swapped.accuracy == 0.5
    assert swapped.ci95 == (0.0, 1.0)
    assert perfect.ci95 == (1.0, 1.0)
    assert not perfect.confused


@pytest.mark.slow
def test_quality_of_a_run(mined: Path, tmp_path: Path) -> None:
    generate(GenerateSettings(out=tmp_path / "out", descriptions=mined))
    quality = measure(QualitySettings(tmp_path / "out", mined, least_claims=4))
    assert quality.leaks == ()
    assert {w.matcher for w in quality.eight_way} == {"claims", "tfidf"}
    claims = next(w for w in quality.eight_way if w.matcher == "claims")
    assert claims.choices == 2
    assert claims.accuracy > 0.8
    assert "0 leaks" in report(quality)
    assert json.loads((tmp_path / "out" / "quality.json").read_text())["captions"] == 40


def test_a_planted_leak_is_reported(mined: Path, tmp_path: Path) -> None:
    generate(GenerateSettings(out=tmp_path / "out", descriptions=mined, per_region=2))
    planted = [dataclasses.replace(read_captions(tmp_path / "out")[0], masked_caption="The precentral gyrus.")]
    from cytoscribe.captions.dataset import write_dataset

    write_dataset(tmp_path / "out", planted, [], [], "card")
    quality = measure(QualitySettings(tmp_path / "out", mined))
    assert [leak.name for leak in quality.leaks] == ["precentral gyrus"]


def test_no_captions_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no captions"):
        measure(QualitySettings(tmp_path))
