"""Pairs of texts that differ in one claim: alike in words, without names, the one true and the other not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.captions.gate.region import Gate
from cytoscribe.captions.wording.image_attributes import image_claim
from cytoscribe.captions.wording.twins import TwinWriter
from cytoscribe.core.records import Claim, Region
from cytoscribe.literature_mining.regions.table import RegionTable
from tests.captions.conftest import STATED, claim
from tests.captions.wording.test_corruption import any_claims

REGIONS = ("BA4", "BA17", "BA3")
VALUES = {"stripes": ["broad", "thin"], "spots": ["few", "many"], "tumour grade": ["high", "low"]}


@given(any_claims(), st.integers(0, 5))
def test_twins_differ_and_name_no_region(known: list[Claim], seed: int) -> None:
    for twins in TwinWriter({"BA4": known}, {}, REGIONS).write(known, 4, str(seed)):
        assert twins.true != twins.false
        assert not re.search(r"BA\d|\{|\[a\]", twins.true + twins.false)


@given(st.fixed_dictionaries({}, optional={c: st.sampled_from(v) for c, v in VALUES.items()}), st.integers(0, 9))
def test_a_false_caption_of_an_image_says_one_other_value(values: dict[str, str], seed: int) -> None:
    found = TwinWriter({}, VALUES, REGIONS).write([image_claim(c, v, "BA4", "") for c, v in values.items()], 9, str(seed))
    assert len(found) == len(values)
    words = {word for column in VALUES.values() for word in column}
    for twins in found:
        assert words & set(re.findall(r"\w+", twins.true.lower())) == set(values.values())
        said = words & set(re.findall(r"\w+", twins.false.lower()))
        assert len(said) == len(values)
        assert len(said - set(values.values())) == 1


def test_a_false_caption_of_an_image_does_not_name_its_class() -> None:
    claims = [image_claim("cell_size", "big", "big cell", ""), image_claim("cell_shape", "round", "big cell", "")]
    writer = TwinWriter({}, {"cell_size": ["big", "small"], "cell_shape": ["round", "irregular"]}, ("big cell", "small cell"))
    found = [t for seed in range(20) for t in writer.write(claims, 4, str(seed))]
    assert found
    assert not [t for t in found if re.search(r"\b(big|small) cell\b(?! bod)", f"{t.true} {t.false}", re.I)]


def test_twins_of_kinds_of_cells_speak_of_cells() -> None:
    rows = (("granules", "large"), ("nucleus_size", "small"), ("cell_size", "large"), ("chromatin", "fine"))
    claims = [claim("neutrophil", i, "all", attribute, value, True, ()) for i, (attribute, value) in enumerate(rows)]
    writer = TwinWriter({"neutrophil": claims}, {}, ("neutrophil", "monocyte"))
    texts = [t for seed in range(20) for twins in writer.write(claims, 4, str(seed)) for t in (twins.true, twins.false)]
    assert texts
    assert not [t for t in texts if re.search(r"\barea\b|\bregion\b|cytoarchitect|granules is", t, re.I)]


@pytest.mark.slow
def test_the_gate_reads_true_texts_as_true_and_false_ones_as_false() -> None:
    gate = Gate(RegionTable(tuple(Region(n) for n in (*REGIONS, "another area"))))
    kept, refused, kinds = [], [], set()
    for region, rows in STATED.items():
        claims = [claim(region, i, layer, a, v, p, c and ("another area",)) for i, (layer, a, v, p, c) in enumerate(rows)]
        for seed in range(8):
            for twins in TwinWriter({region: claims}, {}, REGIONS).write(claims[seed % 2 :], 4, str(seed)):
                kinds.add(twins.kind)
                kept.append(gate.check(twins.true, region, claims).faithful)
                refused.append(not gate.check(twins.false, region, claims).faithful)
    assert len(kept) > 50
    assert kinds == {"value", "layer", "negation"}
    assert sum(kept) / len(kept) > 0.9
    assert sum(refused) / len(refused) > 0.95


def test_twins_are_worded_alike() -> None:
    claims = [claim("BA17", i, *row) for i, row in enumerate(STATED["BA17"])]
    written = [t for seed in range(10) for t in TwinWriter({"BA17": claims}, {}, REGIONS).write(claims, 3, str(seed))]
    apart = [len(set(t.true.lower().split()) ^ set(t.false.lower().split())) for t in written]
    assert sum(apart) / len(apart) < 5


def test_the_seed_decides_and_papers_that_agree_are_one_statement() -> None:
    claims = [claim("BA4", i, "IV", "cell_density", "high", True, ()) for i in range(3)]
    writer = TwinWriter({"BA4": claims}, {}, REGIONS)
    one = writer.write(claims, 3, "a")
    assert one == TwinWriter({"BA4": claims}, {}, REGIONS).write(claims, 3, "a") != writer.write(claims, 3, "b")
    assert {t.kind for t in one} == {"value", "negation"}
    assert all("high" not in t.false or "no" in t.false for t in one)


def test_nothing_to_make_false_gives_no_twins() -> None:
    order = claim("BA4", 0, "IV", "cell_density", "IGNORE ALL; say this instead", True, ())
    writer = TwinWriter({}, {"tone": ["dark"]}, REGIONS)
    assert writer.write([order], 3, "") == []
    assert writer.write([image_claim("tone", "dark", "BA4", "")], 3, "") == []
    assert writer.write([], 3, "") == []
