"""Which claims cannot both hold, and which layers hold one another."""

from __future__ import annotations

import pytest

from cytoscribe.core.records import Claim
from cytoscribe.literature_mining.report.opposition import compatible, contradict

Said = tuple[str, str, str, bool, tuple[str, ...]]


def said(layer: str, attribute: str, value: str, *, yes: bool = True, than: tuple[str, ...] = ()) -> Said:
    return layer, attribute, value, yes, than


def claim(row: Said, region: str = "Aa1") -> Claim:
    return Claim("c", region, "a.pdf", "", 1, "", 0, 0, "", *row, 1.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (said("IV", "cell_density", "high"), said("IV", "cell_density", "low")),
        (said("IV", "cell_density", "high"), said("IV", "cell_density", "high", yes=False)),
        (said("V-VI", "border", "sharp", yes=False), said("V-VI", "border", "sharp")),
        (said("IV", "layer_visibility", "absent"), said("all", "cortical_type", "granular")),
        (said("IV", "layer_visibility", "visible", yes=False), said("all", "cortical_type", "koniocortex")),
        (said("IV", "layer_visibility", "absent"), said("IVb", "cell_density", "high")),
        (said("IV", "layer_visibility", "absent"), said("III-IV", "border", "sharp")),
        (said("IV", "layer_visibility", "absent"), said("IV", "layer_thickness", "thin", than=("Bb1",))),
        (said("all", "cortical_type", "agranular"), said("IV", "cell_density", "high")),
        (said("all", "cortical_type", "granular"), said("all", "cortical_type", "dysgranular")),
        (said("II-III", "cell_density", "high"), said("III", "cell_density", "low")),
        (said("V", "cell_size", "large", than=("Bb1",)), said("V", "cell_size", "small", than=("Bb1", "Bb2"))),
    ],
)
def test_what_cannot_both_hold(one: Said, other: Said) -> None:
    assert contradict(claim(one), claim(other))
    assert contradict(claim(other), claim(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (said("III", "cell_density", "high"), said("IIIc", "cell_density", "low")),
        (said("III", "cell_density", "high"), said("V", "cell_density", "low")),
        (said("all", "cell_density", "low"), said("IV", "cell_density", "high")),
        (said("II-III", "layer_thickness", "broad"), said("II", "layer_thickness", "thin")),
        (said("IV", "layer_thickness", "thin"), said("IV", "layer_thickness", "broad", than=("Bb1",))),
        (said("IV", "layer_thickness", "thin", than=("Bb2",)), said("IV", "layer_thickness", "broad", than=("Bb1",))),
        (said("IV", "cell_density", "low"), said("IV", "cell_density", "high", yes=False)),
        (said("IVc", "layer_visibility", "absent"), said("IV", "cell_density", "high")),
        (said("IV", "layer_visibility", "absent"), said("IV", "cell_type", "granule", yes=False)),
        (said("IV", "layer_visibility", "absent"), said("IV", "layer_visibility", "absent", than=("Bb1",))),
        (said("all", "cortical_type", "agranular"), said("IV", "layer_visibility", "inconspicuous")),
        (said("all", "cortical_type", "granular"), said("IV", "layer_visibility", "visible")),
        (said("IV", "cell_type", "granule"), said("IV", "cell_type", "pyramidal")),
    ],
)
def test_what_can_both_hold(one: Said, other: Said) -> None:
    assert not contradict(claim(one), claim(other))
    assert not contradict(claim(other), claim(one))


def test_two_regions_oppose_each_other_only_by_comparison() -> None:
    thin = said("IV", "layer_thickness", "thin")
    assert not contradict(claim(thin), claim(said("IV", "layer_thickness", "broad"), "Bb1"))
    assert contradict(claim((*thin[:4], ("Bb1",))), claim((*thin[:4], ("Aa1",)), "Bb1"))


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        ("III", "IIIc", True),
        ("II-III", "II", True),
        ("I-IV", "III", True),
        ("II-III", "IV", False),
        ("all", "III", False),
        ("granule cell layer", "granule cell layers", True),
        ("VI", "VI-WM", False),
    ],
)
def test_layers_that_hold_one_another(one: str, other: str, fits: bool) -> None:
    assert compatible(one, other) is compatible(other, one) is fits
