"""Verdicts on drawn numbers: the right measure, the right references, the right word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cytoscribe.core.records import Claim
from cytoscribe.core.tables import write_csv
from cytoscribe.eval.claims.effects import Effect
from cytoscribe.eval.claims.measured import LayerMeasures, joined, read_measured, within
from cytoscribe.eval.claims.verdicts import ClaimJudge, Verdict, decide

COLUMNS = ("image_path", "section", "region", "layer", "area_mm2", "grey_level_index", "mean_density_od", "thickness_percent", "cells",
           "median_cell_area_um2", "cell_density_per_mm2")  # fmt: skip
LAYERS = {"I": (0.02, 10), "II-III": (0.2, 30), "IV": (0.3, 10), "Va": (0.1, 20), "Vb": (0.1, 10), "VI": (0.2, 20)}


def claim(layer: str, attribute: str, value: str, **more: Any) -> Claim:
    fields: dict[str, Any] = {"region": "A", "polarity": True, "compared_to": (), "sentence": "", "span": ""} | more
    return Claim("c", fields["region"], "p", "", None, fields["sentence"], 0, 0, fields["span"], layer, attribute, value,
                 fields["polarity"], fields["compared_to"], 0.9)  # fmt: skip


def measured(folder: Path, sections: int = 5) -> LayerMeasures:
    """Regions A, B, C in the same sections; A's layer IV is half as dark and its layer V twice as thick; C has no layer IV."""
    rows = []
    for s in range(sections):
        for region in "ABC":
            for layer, (gli, thick) in LAYERS.items():
                if (region, layer) == ("C", "IV"):
                    continue
                gli *= (0.5 if (region, layer) == ("A", "IV") else 1.0) * (1 + 0.02 * s + 0.01 * ord(region[0]) % 0.03)
                thick *= 2.0 if region == "A" and layer in ("Va", "Vb") else 1.0
                rows.append(("x.png", f"s{s}", region, layer, 1.0, gli, gli / 2, thick, 100, 80 + s, 500))
    write_csv(folder / "layers.csv", COLUMNS, rows)
    return read_measured(folder)


@pytest.fixture
def table(tmp_path: Path) -> LayerMeasures:
    return measured(tmp_path)


def verdict(table: LayerMeasures, one: Claim, cell_stain: bool = True) -> Verdict:
    return ClaimJudge(table, {}, cell_stain).judge([one])[0]


def test_the_same_layer_elsewhere_is_the_reference(table: LayerMeasures) -> None:
    pale = verdict(table, claim("IV", "staining", "pale", compared_to=("B",)))
    assert (pale.verdict, pale.clusters) == ("supported", 5)
    assert pale.ratio == pytest.approx(0.5, rel=0.05)
    assert pale.within_ratio > 1  # though half as dark as elsewhere, it is darker than A's layer V
    broad = verdict(table, claim("V", "layer_thickness", "broad"))
    assert (broad.verdict, broad.reading, broad.references, broad.rank) == ("supported", "other regions", 2, "1 of 3")
    assert broad.ratio == pytest.approx(2.0, rel=0.01)
    assert verdict(table, claim("V", "layer_thickness", "thin")).verdict == "refuted"
    assert verdict(table, claim("V", "layer_thickness", "thin", polarity=False)).verdict == "supported"


def test_a_claim_is_refuted_only_where_no_reading_of_it_holds(table: LayerMeasures) -> None:
    """A's layer V is as dark as elsewhere, and the palest of its own layers."""
    found = verdict(table, claim("V", "staining", "pale"))
    assert (found.verdict, found.within_verdict) == ("undecided", "supported")
    assert "among its own layers" in found.reason
    assert verdict(table, claim("V", "staining", "dark")).verdict == "refuted"
    assert verdict(table, claim("V", "staining", "pale", compared_to=("B",))).verdict == "refuted"


def test_a_gradient_of_size_is_its_own_reference(tmp_path: Path) -> None:
    sizes = {"IIIa": 80.0, "IIIb": 90.0, "IIIc": 120.0, "V": 100.0}
    rows = [("x.png", f"s{s}", "A", n, 1.0, 9, v + s) for s in range(4) for n, v in sizes.items()]
    write_csv(tmp_path / "layers.csv", (*COLUMNS[:5], "cells", "typical_cell_area_um2"), rows)
    grows = claim("III", "size_gradient", "increases with depth")
    found = verdict(read_measured(tmp_path), grows)
    assert (found.verdict, found.reading) == ("supported", "its sublayers")
    assert found.ratio == pytest.approx(1.5, rel=0.02)
    assert verdict(read_measured(tmp_path), claim("V", "size_gradient", "increases with depth")).verdict == "not measurable"


def test_named_regions_are_the_reference_of_a_comparison(table: LayerMeasures) -> None:
    found = verdict(table, claim("V", "layer_thickness", "broad", compared_to=("B",)))
    assert (found.verdict, found.reading, found.references) == ("supported", "named regions", 1)
    assert verdict(table, claim("V", "layer_thickness", "broad", compared_to=("Z",))).reason == "Z was not measured"


def test_a_sentence_that_compares_layers_is_read_against_the_layers(table: LayerMeasures) -> None:
    sentence = "Layer II-III is darker than the layers below it, and cells are small."
    found = verdict(table, claim("II-III", "staining", "dark", sentence=sentence, span="darker"))
    assert (found.reading, found.verdict) == ("other layers", "supported")
    aside = verdict(table, claim("II-III", "cell_size", "small", sentence=sentence, span="small"))
    assert aside.reading == "other regions"


def test_presence_is_answered_by_the_label_map(table: LayerMeasures) -> None:
    assert verdict(table, claim("IV", "layer_visibility", "absent", region="C")).verdict == "supported"
    assert verdict(table, claim("IV", "layer_visibility", "absent")).verdict == "refuted"
    assert verdict(table, claim("all", "cortical_type", "agranular", region="C")).verdict == "supported"
    assert verdict(table, claim("all", "cortical_type", "granular", region="C")).verdict == "refuted"


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (claim("all", "cell_type", "Betz"), "no measure speaks of cell type"),
        (claim("III", "cell_density", "high"), "measured layers of this region"),
        (claim("IV", "cell_density", "high", region="Q"), "the region was not measured"),
        (claim("IV", "cell_density", "striking"), "no direction"),
        (claim("IV", "lamination", "clear"), "whole depth"),
    ],
)
def test_what_cannot_be_measured_says_why(table: LayerMeasures, one: Claim, reason: str) -> None:
    found = verdict(table, one)
    assert found.verdict == "not measurable"
    assert reason in found.reason


def test_another_stain_counts_no_cells(tmp_path: Path) -> None:
    path = tmp_path / "layers.csv"
    rows = [("x.png", f"s{s}", r, "IV", 1.0, 0.2 + 0.01 * s + 0.1 * (r == "A"), 0.1) for s in range(4) for r in "ABC"]
    write_csv(path, COLUMNS[:7], rows)
    table = read_measured(tmp_path)
    assert verdict(table, claim("IV", "cell_density", "high")).verdict == "supported"
    found = verdict(table, claim("IV", "cell_density", "high"), cell_stain=False)
    assert (found.verdict, found.reason) == ("not measurable", "this stain does not show cell bodies")


def test_two_sections_decide_nothing(tmp_path: Path) -> None:
    assert verdict(measured(tmp_path, 2), claim("V", "layer_thickness", "broad")).verdict == "not measurable"


@pytest.mark.parametrize(
    ("ratio", "low", "high", "direction", "word"),
    [
        (1.4, 1.2, 1.6, 1, "supported"),
        (1.4, 1.2, 1.6, -1, "refuted"),
        (1.4, 0.9, 2.0, 1, "undecided"),
        (1.02, 1.01, 1.03, 1, "refuted"),
        (1.0, 0.9, 1.1, 0, "supported"),
        (2.0, 1.5, 2.5, 0, "refuted"),
        (1.2, 0.9, 1.6, 0, "undecided"),
    ],
)
def test_the_interval_decides(ratio: float, low: float, high: float, direction: int, word: str) -> None:
    found = Effect(ratio, low, high, 5, 2, True)
    assert decide(found, direction, True) == word
    turned = {"supported": "refuted", "refuted": "supported"}.get(word, word)
    assert decide(found, direction, False) == turned


def test_parts_of_a_layer_are_joined(table: LayerMeasures) -> None:
    assert table.series("A", "V", "thickness_percent")["s0"] == 60
    assert within("V", "Va")
    assert not within("Va", "V")
    rows = [{"cells": 10, "median_cell_area_um2": 50.0}, {"cells": 30, "median_cell_area_um2": 90.0}]
    assert joined(rows, "median_cell_area_um2") == 80
