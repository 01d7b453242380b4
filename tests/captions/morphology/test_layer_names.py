"""Label values get their region and layer from tables of several makers."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.captions.morphology.layer_names import Band, layer_of, read_layer_names
from cytoscribe.core.errors import InputError


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("Primary somatosensory area, mouth, layer 6b", "VIb"),
        ("Ectorhinal area/Layer 2/3", "II-III"),
        ("IIIa", "IIIa"),
        ("2/3", "II-III"),
        ("Field CA1", "all"),
        ("", "all"),
    ],
)
def test_layers_are_read_off_names(name: str, layer: str) -> None:
    assert layer_of(name) == layer


def table(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_values_of_one_atlas_hold_in_every_map(tmp_path: Path) -> None:
    names = read_layer_names(
        table(tmp_path / "n.csv", "label_value,group,fine_region\n2,motor,Motor layer 1\n5,motor,Motor layer 5\n")
    )
    assert names.of("whole section") == {2: Band("motor", "I"), 5: Band("motor", "V")}


def test_values_that_each_region_numbers_anew_hold_for_its_own_images(tmp_path: Path) -> None:
    names = read_layer_names(table(tmp_path / "n.csv", "region,value,layer\nA,1,I\nB,1,II\n"))
    assert names.of("A") == {1: Band("A", "I")}
    assert names.of("B") == {1: Band("B", "II")}
    assert not names.of("C")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("region,layer\nA,I\n", "no column 'label_value'"),
        ("value,region,layer\nx,A,I\n", "not a label value"),
        ("value,region,layer\n1,A,I\n1,A,II\n", "two meanings"),
    ],
)
def test_bad_tables_are_named(text: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=what):
        read_layer_names(table(tmp_path / "n.csv", text))
