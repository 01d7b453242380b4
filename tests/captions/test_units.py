"""Which claims captions are written from, and how many captions a region can have."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from cytoscribe.captions.audit import contradicting_pairs
from cytoscribe.captions.dataset import StatedWords, read_captions
from cytoscribe.captions.generation import GenerateSettings, generate
from cytoscribe.captions.units import AttributeSettings, Selection, attribute_material, literature_material
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Claim
from cytoscribe.core.tables import read_records, write_csv, write_records
from tests.captions.conftest import write_mined

OPPOSED = {
    "BA4": [
        ("IV", "layer_visibility", "absent", True, ()),
        ("IV", "cell_density", "high", True, ()),
        ("all", "cortical_type", "granular", True, ()),
        ("V", "cell_size", "large", True, ()),
        ("III", "cell_size", "small", True, ()),
    ]
}


def _changed(folder: Path, changes: dict[int, dict[str, object]]) -> Path:
    claims = read_records(folder / "claims.parquet", Claim)
    write_records(
        folder / "claims.parquet",
        Claim,
        [dataclasses.replace(c, document=f"{i}.txt", **changes.get(i, {})) for i, c in enumerate(claims)],  # type: ignore[arg-type]
    )
    return folder


def test_as_many_captions_as_differ_in_content(tmp_path: Path) -> None:
    rows = {"BA4": OPPOSED["BA4"][3:4], "BA17": OPPOSED["BA4"][3:]}
    result = generate(GenerateSettings(out=tmp_path / "out", descriptions=write_mined(tmp_path / "mined", rows)))
    captions = read_captions(tmp_path / "out")
    assert Counter(c.region for c in captions) == {"BA4": 1, "BA17": 3}
    assert result.shortages == {"BA4": "1 of 20", "BA17": "3 of 20"}
    assert len({c.claim_ids for c in captions if c.region == "BA17"}) == 3


def test_no_two_captions_contradict_each_other(tmp_path: Path) -> None:
    folder = _changed(write_mined(tmp_path / "mined", OPPOSED), {})
    generate(GenerateSettings(out=tmp_path / "out", descriptions=folder))
    captions = read_captions(tmp_path / "out")
    claims = read_records(folder / "claims.parquet", Claim)
    assert captions
    assert contradicting_pairs(captions, claims) == 0
    crossed = [dataclasses.replace(captions[0], claim_ids=(claims[i].claim_id,)) for i in (0, 1)]
    assert contradicting_pairs(crossed, claims) == 1


def test_species_and_score_choose_claims(tmp_path: Path) -> None:
    folder = _changed(
        write_mined(tmp_path / "mined", OPPOSED),
        {0: {"species": "rat"}, 1: {"species": "human"}, 2: {"species": "human"}, 3: {"score": 0.3}},
    )
    human = literature_material(folder, 20)
    assert human.species == {"BA4": "human"}
    assert human.faint == 1
    assert {c.value for c in human.claims} == {"high", "granular", "small"}
    rat = literature_material(folder, 20, Selection("Rat", 0.0))
    assert {c.value for c in rat.claims} == {"absent", "large", "small"}
    with pytest.raises(InputError, match="choose from human, rat"):
        literature_material(folder, 20, Selection("cat"))
    with pytest.raises(InputError, match="lower --min-score"):
        literature_material(write_mined(tmp_path / "faint", {"BA4": OPPOSED["BA4"][3:]}), 20, Selection("", 1.1))


def test_composed_captions_say_which_words_state_which_claim(mined: Path, tmp_path: Path) -> None:
    generate(GenerateSettings(out=tmp_path / "out", descriptions=mined, per_region=5))
    captions = {c.caption_id: c for c in read_captions(tmp_path / "out")}
    stated = [s for s in read_records(tmp_path / "out" / "statements.parquet", StatedWords) if s.caption_id in captions]
    assert {s.caption_id for s in stated} == set(captions)
    for row in stated:
        assert row.claim_id in captions[row.caption_id].claim_ids
        assert captions[row.caption_id].caption[row.start : row.end].strip()
    assert "Expected precision of the claims: 1.00" in (tmp_path / "out" / "README.md").read_text()


def test_unseen_regions_have_no_unit(mined: Path) -> None:
    material = literature_material(mined, 5)
    assert material.unseen == ("BA3",)
    assert {u.region for u in material.units} == {"BA4", "BA17"}


def test_a_mining_folder_without_its_table_is_refused(mined: Path) -> None:
    (mined / "regions.csv").unlink()
    with pytest.raises(InputError, match=r"regions\.csv.*no such file.*which regions are unseen"):
        literature_material(mined, 5)


def test_a_table_that_lacks_a_described_region_is_refused(mined: Path) -> None:
    write_csv(mined / "regions.csv", ["region", "split"], [["BA4", ""], ["BA17", ""]])
    with pytest.raises(InputError, match=r"no row for the region 'BA3'"):
        literature_material(mined, 5)


def test_columns_of_measurements_are_refused_with_a_way_out(tmp_path: Path) -> None:
    rows = [[f"{i}.png", "cell", 90 + i / 10, i, i % 3, "big"] for i in range(12)]
    write_csv(tmp_path / "cells.csv", ["image_path", "region", "area", "count", "grade", "size"], rows)
    for column in ("area", "count"):
        with pytest.raises(InputError, match=f"column '{column}' holds numbers.*measure-morphology"):
            attribute_material(AttributeSettings(tmp_path / "cells.csv", ("size", column)), 5)
    assert attribute_material(AttributeSettings(tmp_path / "cells.csv", ("size", "grade")), 5).units


@pytest.mark.parametrize(("sentence", "told"), [("Layer V is thinner than in V1.", True), ("Layer V is thinner.", False)])
def test_a_comparison_is_told_only_where_its_sentence_names_the_other_region(tmp_path: Path, sentence: str, told: bool) -> None:
    rows = [("III", "cell_size", "small", True, ()), ("V", "layer_thickness", "thin", True, ("BA17",))]
    folder = _changed(write_mined(tmp_path / "mined", {"BA4": rows}), {1: {"sentence": sentence}})
    material = literature_material(folder, 20)
    assert (material.partnerless == 0) == told
    assert any(c.compared_to for c in material.claims) == told


def test_images_of_equal_attributes_share_the_work(tmp_path: Path) -> None:
    """Forty images of three sets: captions are asked for a set and for a region, never for an image."""
    sets = [("big", "yes"), ("big", "no"), ("small", "no")]
    rows = [(f"{i}.png", "cell", "train", *sets[i % 3]) for i in range(40)]
    write_csv(tmp_path / "cells.csv", ("image_path", "region", "split", "cell_size", "granularity"), rows)
    table = AttributeSettings(tmp_path / "cells.csv", per_set=4)
    assert [u.wanted for u in attribute_material(table, 0).units if "=" in u.key] == [4, 4, 4]
    result = generate(GenerateSettings(out=tmp_path / "out", attributes=table, per_region=0))
    again = generate(GenerateSettings(out=tmp_path / "out", attributes=table, per_region=0))
    assert result.written <= 3 * 4 * 12  # three sets, four captions each, at most twelve attempts
    assert (again.written, len(again.captions)) == (0, len(result.captions))
