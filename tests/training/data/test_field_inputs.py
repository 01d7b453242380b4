"""Inputs as other people's programs write them, each with its right reading or its refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.images import orientation_of
from cytoscribe.core.outlines import read_outlines
from cytoscribe.core.tables import read_images
from cytoscribe.training.data.groups import Groups
from cytoscribe.training.data.label_maps import read_labels
from cytoscribe.training.data.section_files import find_sections
from cytoscribe.training.data.section_table import read_section_table
from cytoscribe.training.data.sections import SectionFiles, groups_named, read_section
from cytoscribe.training.data.slide_formats import size_of_tiff

LABELS = np.zeros((30, 40), np.uint8)
LABELS[2:20, 3:20] = 1
LABELS[2:20, 20:38] = 2
RGB = np.full((30, 40, 3), 240, np.uint8)


def palette(path: Path, colours: list[int]) -> Path:
    image = Image.fromarray(LABELS)
    image.putpalette(colours)
    image.save(path)
    return path


def test_coloured_palettes_give_their_indices_and_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.png", "a.tif"):
        assert np.array_equal(read_labels(palette(tmp_path / name, [0, 0, 0, 255, 0, 0, 0, 255, 0])), LABELS)
        assert "palette" in capsys.readouterr().err


def test_a_palette_of_other_greys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="palette of greys"):
        read_labels(palette(tmp_path / "a.png", [0, 0, 0, 40, 40, 40, 48, 48, 48]))
    assert np.array_equal(read_labels(palette(tmp_path / "b.png", [v for i in range(256) for v in (i, i, i)])), LABELS)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"images": [], "annotations": []}, "COCO"),
        ({"shapes": [], "imagePath": "s.png"}, "labelme"),
        ({"type": "Topology", "objects": {}, "arcs": []}, "TopoJSON"),
    ],
)
def test_other_json_is_named(tmp_path: Path, told: dict[str, Any], name: str) -> None:
    (tmp_path / "s.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match=f"not GeoJSON but {name}"):
        read_outlines(tmp_path / "s.json")


def test_outlines_of_several_planes_are_refused(tmp_path: Path) -> None:
    ring = [[0, 0], [9, 0], [9, 9], [0, 0]]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring], "plane": {"c": -1, "z": z, "t": 0}},
            "properties": {"classification": {"name": "A"}},
        }
        for z in (0, 4)
    ]
    (tmp_path / "s.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(InputError, match="2 planes of a stack"):
        read_outlines(tmp_path / "s.geojson")


def test_what_qupath_ignores_is_no_region(tmp_path: Path) -> None:
    ring = [[0, 0], [9, 0], [9, 9], [0, 0]]
    told = [{"geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"name": n}} for n in ("A", "Ignore*")]
    (tmp_path / "s.geojson").write_text(json.dumps({"features": told}))
    found = read_outlines(tmp_path / "s.geojson")
    assert found.names == ("A",)
    assert found.left_out == {"outlines of the class Ignore*": 1}


def test_ids_of_an_ontology_are_label_values_too() -> None:
    groups = Groups(("A", "B"), frozenset(), {15564: 1, 15565: 2}, {})
    assert groups.of_names(["15564", "15565", "7"])[0] == {"15564": 1, "15565": 2}


@pytest.mark.parametrize(
    ("description", "size"),
    [
        ("Aperio 46000x32914 [0,100 46000x32893] (256x256)|MPP = 0.4990", None),  # copied from the picture it was made from
        ("Aperio 50x40 [0,0 40x30] (256x256)|MPP = 0.4990", 0.499),
        ("MPP = 0.25", 0.25),
    ],
)
def test_a_scanner_speaks_of_its_own_picture(tmp_path: Path, description: str, size: float | None) -> None:
    tifffile.imwrite(tmp_path / "s.tif", RGB, photometric="rgb", description=description, metadata=None)
    found = size_of_tiff(tmp_path / "s.tif")
    assert (found and found.x) == size


def test_ome_speaks_of_its_own_picture(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.ome.tif", RGB, photometric="rgb", metadata={"axes": "YXS", "PhysicalSizeX": 0.25})
    with tifffile.TiffFile(tmp_path / "s.ome.tif") as file:
        copied = str(file.ome_metadata).replace('SizeX="40"', 'SizeX="80"').encode()
    tifffile.imwrite(tmp_path / "half.tif", RGB, photometric="rgb", description=copied, metadata=None)
    assert size_of_tiff(tmp_path / "s.ome.tif") is not None
    assert size_of_tiff(tmp_path / "half.tif") is None


@pytest.mark.parametrize(
    ("dots", "unit", "size"), [(254, 2, None), (508, 2, None), (20_000, 3, 0.5), (100, 3, 100.0), (4800, 2, 25.4 / 4.8)]
)
def test_whole_dots_an_inch_are_paper(tmp_path: Path, dots: float, unit: int, size: float | None) -> None:
    tifffile.imwrite(tmp_path / "s.tif", RGB, photometric="rgb", resolution=(dots, dots), resolutionunit=unit)
    found = size_of_tiff(tmp_path / "s.tif")
    assert (found and found.x) == (size and pytest.approx(size))


def test_masks_of_cellpose_go_before_its_pickle(tmp_path: Path) -> None:
    (tmp_path / "sections").mkdir()
    (tmp_path / "labels").mkdir()
    Image.fromarray(RGB).save(tmp_path / "sections" / "s1.png")
    Image.fromarray(LABELS).save(tmp_path / "labels" / "s1_cp_masks.png")
    np.save(tmp_path / "labels" / "s1_seg.npy", {"masks": LABELS}, allow_pickle=True)  # pyright: ignore[reportArgumentType]
    assert [f.labels.name for f in find_sections(tmp_path / "sections", tmp_path / "labels")] == ["s1_cp_masks.png"]


def test_gaps_of_other_programs_are_no_names(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("section,subject\na,x\nb,nan\n")
    with pytest.raises(InputError, match="'nan' is no subject"):
        read_section_table(tmp_path / "t.csv", ["a", "b"])
    (tmp_path / "images.csv").write_text("image_path,region\na.png,NaN\n")
    with pytest.raises(InputError, match="'NaN' is a gap"):
        read_images(tmp_path / "images.csv")


def test_one_region_in_two_spellings_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "images.csv").write_text("image_path,region\na.png,17\nb.png,17.0\nc.png,cafe\u0301\nd.png,caf\u00e9\n")
    regions = [r.region for r in read_images(tmp_path / "images.csv")]
    assert regions[0] == regions[1]
    assert regions[2] == regions[3]
    assert "'17.0' as '17'" in capsys.readouterr().err


def test_orientation_is_seen_without_decoding(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=exif)
    Image.fromarray(RGB).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(b"no image")
    assert [orientation_of(tmp_path / n) for n in ("a.jpg", "b.png", "c.png", "none.png")] == [6, 1, 1, 1]


def test_one_shape_with_two_classes_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def drawn_as(name: str, x: float) -> dict[str, Any]:
        ring = [[x, 2], [x + 14, 2], [x + 14, 26], [x, 26], [x, 2]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "geometry": geometry, "properties": {"classification": {"name": name}}}

    Image.fromarray(RGB).save(tmp_path / "s.png")
    features = [drawn_as("A", 2), drawn_as("B", 22), drawn_as("B", 22), drawn_as("C", 2)]
    (tmp_path / "s.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    section = read_section(SectionFiles("s", tmp_path / "s.png", tmp_path / "s.geojson"), groups_named("ABC"))
    assert set(np.unique(section.numbers)) == {0, 2, 3}
    said = capsys.readouterr().err
    assert "another class: 1 (A and C)" in said
