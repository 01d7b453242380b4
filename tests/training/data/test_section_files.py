"""Pictures find their labels in spite of endings and spelling; what has no partner, or no reader, is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.training.data.grounds import Grounded, grounded
from cytoscribe.training.data.section_files import find_sections, section_name
from cytoscribe.training.data.slides import Loaded, window


def folders(folder: Path, pictures: list[str], labels: list[str]) -> tuple[Path, Path]:
    for name, files in (("sections", pictures), ("labels", labels)):
        (folder / name).mkdir()
        for file in files:
            (folder / name / file).write_bytes(b"x")
    return folder / "sections", folder / "labels"


@pytest.mark.parametrize(
    ("file", "name"),
    [("s1.ome.tif", "s1"), ("s1.nii.gz", "s1"), ("s1.geojson.gz", "s1"), ("s1.ome.tif.geojson", "s1"), ("s1.v2.png", "s1.v2")],
)
def test_names_without_formats(file: str, name: str) -> None:
    assert section_name(Path(file)) == name


def test_endings_of_cellpose_and_spelling(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = ["s1.png", "s2.tif", "S3.png", "s\u00e9.png", "lone.jp2"]
    labels = ["s1_cp_masks.png", "s2_seg.npy", "s3.geojson", "se\u0301.png"]
    found = find_sections(*folders(tmp_path, pictures, labels))
    assert [(s.name, s.labels.name) for s in found][:3] == [("S3", "s3.geojson"), ("s1", "s1_cp_masks.png"), ("s2", "s2_seg.npy")]
    assert len(found) == 4
    told = capsys.readouterr().err
    assert "'s3' as 'S3'" in told
    assert "1 of 5 pictures have no labels of the same name (lone)" in told


@pytest.mark.parametrize("name", ["s1.vsi", "s1.lif", "s1.dcm", "s1.mhd", "s1.svg"])
def test_formats_that_are_not_read_are_named_as_such(tmp_path: Path, name: str) -> None:
    sections, labels = folders(tmp_path, ["s1.png"], [name])
    with pytest.raises(InputError, match=rf"formats that are not read \({name}\)"):
        find_sections(sections, labels)


def test_a_dark_ground_goes_on_outside_and_may_be_inverted() -> None:
    pixels = np.full((40, 50, 3), (4, 2, 9), np.uint8)
    pixels[10:30, 10:40] = (10, 240, 30)
    plain, turned = grounded(Loaded(pixels)), grounded(Loaded(pixels), "auto")
    assert isinstance(plain, Grounded)
    np.testing.assert_array_equal(window(plain, -5, -5, 20, 20)[0, 0], (4, 2, 9))
    np.testing.assert_array_equal(window(turned, -5, -5, 20, 20)[0, 0], (251, 253, 246))
    np.testing.assert_array_equal(turned.read(0, 0, 0, 40, 50), 255 - pixels)
    bright = Loaded(255 - pixels)
    assert grounded(bright, "auto") is bright
    assert isinstance(grounded(bright, "yes"), Grounded)
    tissue = Loaded(np.random.default_rng(0).integers(0, 120, (40, 50, 3), np.uint8))
    assert grounded(tissue, "auto") is tissue


def test_the_same_tiles_from_plain_and_planar_files(tmp_path: Path) -> None:
    from cytoscribe.training.data.slides import open_slide

    pixels = np.random.default_rng(0).integers(0, 255, (64, 80, 3), np.uint8)
    tifffile.imwrite(tmp_path / "p.tif", pixels.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", tile=(16, 32))
    Image.fromarray(pixels).save(tmp_path / "b.bmp")
    for name in ("p.tif", "b.bmp"):
        np.testing.assert_array_equal(window(open_slide(tmp_path / name), 7, 9, 50, 40), pixels[9:49, 7:57])
