"""Masked captions hold no name, however it is spelt or listed, and stay readable."""

from __future__ import annotations

import random

import pytest

from cytoscribe.captions.audit import audit, shared_masks
from cytoscribe.captions.masking import mask_for
from cytoscribe.captions.wording.image_attributes import Subject
from cytoscribe.core.records import Caption, Region

REGIONS = [
    Region("FG1", ("area FG1",), "fusiform gyrus"),
    Region("hOc3d"),
    Region("retrosplenial area", ("RSP",)),
    Region("4"),
    Region("44", ("Brodmann area 44",), "inferior frontal gyrus"),
    Region("45"),
    Region("hOc1", ("V1",), "occipital lobe"),
    Region("10d and 10o"),
    Region("In"),
    Region("F"),
    Region("TE"),
]


@pytest.mark.parametrize(
    ("region", "text", "masked"),
    [
        ("FG1", "Area FG1 shows a thin layer IV.", "This area shows a thin layer IV."),
        (
            "FG1",
            "In FG1, on the fusiform gyrus, cells are larger than in hOc3d.",
            "In this area, on a larger region, cells are larger than in another area.",
        ),
        ("FG1", "Denser than in hOc3d or area 4; 4 cells in layer 4.", "Denser than in other areas; 4 cells in layer 4."),
        ("retrosplenial area", "The retrosplenial area (RSP) is thin.", "This area is thin."),
    ],
)
def test_masks(region: str, text: str, masked: str) -> None:
    mask = mask_for(region, REGIONS)
    assert mask.apply(text) == masked
    assert mask.leaks(masked) == []
    assert mask.leaks(text)


def test_masks_of_image_classes_keep_the_grammar() -> None:
    mask = mask_for("eosinophil", [Region("eosinophil"), Region("basophil")], Subject("cell", "cells", "blood cell"))
    assert mask.apply("An eosinophil with red granules.") == "A cell with red granules."
    assert mask.apply("Eosinophils are larger than the basophil.") == "Cells are larger than another cell."


@pytest.mark.parametrize(
    ("region", "text", "masked"),
    [
        ("44", "Areas 44 and 45 differ in layer IV.", "This area and another area differ in layer IV."),
        ("FG1", "Areas 44, 45 and 46 have a thin layer IV.", "Other areas have a thin layer IV."),
        ("4", "Fields 4 and 6 lack layers 4 and 5.", "This area and another area lack layers 4 and 5."),
        ("44", "Broca's area has a dysgranular layer IV.", "This area has a dysgranular layer IV."),
        ("FG1", "It is paler than Broca’s region.", "It is paler than another area."),
        ("hOc1", "The striate cortex is koniocortical.", "This area is koniocortical."),
        ("FG1", "Layer V is thinner than in M1 or A1.", "Layer V is thinner than in other areas."),
        ("FG1", "The fusiform gyrus holds FG1.", "A larger region holds this area."),
        ("hOc1", "Meynert cells lie in layer V, Betz cells do not.", "Meynert cells lie in layer V, Betz cells do not."),
        ("FG1", "In area F, layer IV is thinner than in area In.", "In another area, layer IV is thinner than in another area."),
        ("TE", "TE is granular; area 52 is not.", "This area is granular; another area is not."),
        ("10d and 10o", "Areas 10d and 10o have a thin layer IV.", "These areas have a thin layer IV."),
        ("FG1", "Layers II, III and IV are dense.", "Layers II, III and IV are dense."),
    ],
)
def test_lists_eponyms_parents_and_short_names(region: str, text: str, masked: str) -> None:
    mask = mask_for(region, REGIONS)
    assert mask.apply(text) == masked
    assert mask.leaks(masked) == []


FRAMES = (
    "{} has a thin layer IV.",
    "Compared with {1}, {0} has larger cells in layer 5 than in {2}.",
    "Areas {0} and {1} differ: layers 2 and 3 are dense.",
    "{0}, {1} and {2} lack layer IV.",
    "In {0} ({1}), layer V contains Betz cells.",
    "Cytoarchitecture of {0}: layer III broad; layer VI denser than in {1}/{2}.",
)


def test_no_mask_leaves_a_name_and_masking_twice_changes_nothing() -> None:
    rng = random.Random(0)
    listed = [n for r in REGIONS for n in (*r.names, r.parent) if n and n not in ("In", "F")]
    names = [f"area {n}" if n.isdigit() else n for n in listed] + ["Broca's area", "M1", "primary visual cortex", "Heschl's gyrus"]
    for _ in range(500):
        region = rng.choice(REGIONS).name
        frame, said = rng.choice(FRAMES), rng.sample(names, 3)
        if frame.startswith("Areas"):
            said = [s.removeprefix("area ") for s in said]
        text = frame.format(*said)
        masked = mask_for(region, REGIONS).apply(text)
        caption = Caption("c", region, text, masked, "short", "t", "template", (), 9, 1.0)
        assert audit([caption], REGIONS) == [], (text, masked)
        assert mask_for(region, REGIONS).apply(masked) == masked
        assert "this area and this area" not in masked.lower()


@pytest.mark.parametrize("name", ["44", "TE", "hoc 3D", "Heschl's gyrus", "V1"])
def test_the_audit_finds_what_a_mask_left(name: str) -> None:
    caption = Caption("c", "FG1", "", f"This area is thinner than {name}, and layers 4 and 5 are dense.", "s", "t", "m", (), 9, 1.0)
    assert [leak.name.casefold() for leak in audit([caption], REGIONS)]


def test_masks_that_two_regions_share_are_named() -> None:
    rows = [Caption(str(i), r, "", "Layer IV is thin.", "s", "t", "m", (), 9, 1.0) for i, r in enumerate(("FG1", "FG1", "4"))]
    assert shared_masks(rows) == {"Layer IV is thin.": ["FG1", "4"]}
    assert shared_masks(rows[:2]) == {}
