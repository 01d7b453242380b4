"""`cut-tiles` as a user calls it: slides, outlines, sizes in micrometres, and what is refused with exit code 2."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.cli import command, run
from cytoscribe.core.images import read_image
from cytoscribe.core.tables import read_images, write_csv
from cytoscribe.training.data.sections import find_sections, read_groups, read_section
from tests.cytoscribe.core.test_outlines import box, feature, write
from tests.training.data.test_slides import picture, write_pyramid


def called(folder: Path, *options: str) -> int:
    """Exit code of the command on `folder`/sections and `folder`/labels."""
    given = ["--sections", str(folder / "sections"), "--labels", str(folder / "labels"), "--out", str(folder / "out")]
    return run(command("cut-tiles"), [*given, *options])


@pytest.fixture
def slides(tmp_path: Path) -> Path:
    """Four OME-TIFF pyramids of 256 x 320 px, two of 1 um and two of 2 um a pixel, outlined by hand: `left` with a `core` in it."""
    for name in ("sections", "labels"):
        (tmp_path / name).mkdir()
    for i in range(4):
        write_pyramid(tmp_path / "sections" / f"s{i}.ome.tif", picture(), 1.0 if i < 2 else 2.0)
        outlines = (feature("left", box(0, 0, 200, 256)), feature("core", box(128, 128, 64, 64)))
        write(tmp_path / "labels" / f"s{i}.geojson", *outlines)
    return tmp_path


def test_outlined_slides_become_tiles_of_a_size_in_micrometres(slides: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(slides / "labels" / "s3.geojson", feature("left", box(0, 0, 200, 256)), feature(None, box(0, 0, 9, 9)))
    assert called(slides, "--tile-um", "64", "--tile-px", "32", "--scale", "both", "--region-px", "48", "--purity", "0.9") == 0
    shown = capsys.readouterr()
    assert "tiles of 32, 64 section pixels" in shown.out
    assert "s3.geojson: left out 1 outlines without a class" in shown.err
    records = read_images(slides / "out" / "images.csv")
    assert {r.region for r in records} == {"left", "core"}
    tiles = [r for r in records if r.scale == "tile"]
    assert {r.pixel_size_um for r in tiles} == {2.0}
    assert {r.attributes["side_px"] for r in tiles if r.section in ("s0", "s1")} == {"64"}
    assert {r.attributes["side_px"] for r in tiles if r.section in ("s2", "s3")} == {"32"}
    core = next(r for r in tiles if r.region == "core" and r.section == "s0")
    x, y = int(core.attributes["x"]), int(core.attributes["y"])
    expected = picture()[y : y + 64 : 2, x : x + 64 : 2].astype(int)
    assert np.abs(read_image(core.path).astype(int) - expected).max() <= 2


def test_groups_may_name_outlines_and_keep_some_unseen(slides: Path) -> None:
    write_csv(slides / "groups.csv", ["label", "group", "use"], [["left", "cortex", "seen"], ["core", "nucleus", "unseen"]])
    options = ("--groups", str(slides / "groups.csv"), "--tile-px", "32", "--pixel-size-um", "1")
    assert called(slides, *options) == 0
    records = read_images(slides / "out" / "images.csv")
    assert {(r.region, r.split == "unseen") for r in records} == {("cortex", False), ("nucleus", True)}


def test_sections_without_a_pixel_size_are_named(slides: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (slides / "sections" / "s1.ome.tif").unlink()
    Image.fromarray(picture()).save(slides / "sections" / "s1.png")
    assert called(slides, "--tile-um", "64") == 2
    assert "1 of 4 sections do not say their pixel size (s1)" in capsys.readouterr().err
    table = slides / "sections.csv"
    write_csv(table, ["section", "pixel_size_um"], [["s1", 20]])
    assert called(slides, "--tile-um", "64", "--section-table", str(table)) == 2
    assert "pixel sizes differ 20-fold: s0 has 1 um a pixel, s1 has 20" in capsys.readouterr().err
    write_csv(table, ["section", "pixel_size_um"], [["s1", 2]])
    assert called(slides, "--tile-um", "64", "--section-table", str(table)) == 0


def test_a_tile_of_too_few_pixels_is_refused(slides: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(slides, "--tile-um", "4") == 2
    assert "s0: a tile of 4 um is 4 pixels at 1 um a pixel" in capsys.readouterr().err


def plain(folder: Path, picture: Image.Image, suffix: str = ".png", count: int = 1) -> Path:
    """`count` sections of one picture with a label map of its size, and a table of its two labels."""
    for name in ("sections", "labels"):
        (folder / name).mkdir()
    labels = np.full((picture.height, picture.width), 1, np.uint16)
    labels[:, picture.width // 2 :] = 2
    for i in range(count):
        picture.save(folder / "sections" / f"s{i}{suffix}")
        Image.fromarray(labels).save(folder / "labels" / f"s{i}.png")
    write_csv(folder / "groups.csv", ["label_value", "group"], [[1, "left"], [2, "right"], [3, "nowhere"]])
    return folder / "groups.csv"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_sections_of_every_mode_are_cut(tmp_path: Path, mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    if mode == "I;16":
        image = Image.fromarray(picture(64, 64)[..., 0].astype(np.uint16) * 16)
    else:
        image = Image.fromarray(picture(64, 64)).convert(mode)
    groups = plain(tmp_path, image, ".tif" if mode == "CMYK" else ".png")
    assert called(tmp_path, "--groups", str(groups), "--tile-px", "16") == 0
    assert "no tile of nowhere" in capsys.readouterr().out  # a region without a tile is said, and the rest goes on
    tiles = [read_image(r.path) for r in read_images(tmp_path / "out" / "images.csv")]
    assert len(tiles) == 16
    assert min(t.mean() for t in tiles) + 30 < max(t.mean() for t in tiles)


def test_broken_and_missing_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    groups = plain(tmp_path, Image.fromarray(picture(64, 64)), count=2)
    (tmp_path / "sections" / "s1.png").write_bytes((tmp_path / "sections" / "s1.png").read_bytes()[:60])
    assert called(tmp_path, "--groups", str(groups), "--tile-px", "16") == 2
    assert "s1.png: not a readable image" in capsys.readouterr().err
    assert not (tmp_path / "out" / "images.csv").exists()
    assert called(tmp_path, "--tile-px", "16") == 2
    assert "a label map needs a table of its values; give --groups" in capsys.readouterr().err
    assert called(tmp_path, "--groups", str(tmp_path / "none.csv")) == 2
    assert "none.csv: no such file; check --groups" in capsys.readouterr().err


def test_a_section_on_two_sides_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    groups = plain(tmp_path, Image.fromarray(picture(64, 64)), count=2)
    write_csv(tmp_path / "table.csv", ["section", "split"], [["s0", "train"], ["s1", "test"], ["s0", "test"]])
    assert called(tmp_path, "--groups", str(groups), "--section-table", str(tmp_path / "table.csv")) == 2
    assert "row 4, column 'section': section 's0' is in test and train" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_two_pictures_of_one_name_and_outlines_elsewhere_are_refused(slides: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(picture()).save(slides / "sections" / "s0.png")
    assert called(slides) == 2
    assert "'s0' is both s0.ome.tif and s0.png" in capsys.readouterr().err
    (slides / "sections" / "s0.png").unlink()
    write(slides / "labels" / "s2.geojson", feature("left", box(9000, 9000, 50, 50)))
    assert called(slides, "--tile-px", "32", "--pixel-size-um", "1", "--strict") == 2
    assert "s2.geojson: no outline lies on the picture (320 x 256 px)" in capsys.readouterr().err


def test_a_label_map_may_be_a_whole_fraction_of_the_picture(tmp_path: Path) -> None:
    groups = plain(tmp_path, Image.fromarray(picture(64, 96)))
    whole = read_section(find_sections(tmp_path / "sections", tmp_path / "labels")[0], read_groups(groups))
    with Image.open(tmp_path / "labels" / "s0.png") as labels:
        Image.fromarray(np.asarray(labels)[::8, ::8]).save(tmp_path / "labels" / "s0.png")
    small = read_section(find_sections(tmp_path / "sections", tmp_path / "labels")[0], read_groups(groups))
    assert (whole.step, small.step) == (1, 8)
    np.testing.assert_array_equal(np.kron(small.numbers, np.ones((8, 8), int)), whole.numbers)
    assert called(tmp_path, "--groups", str(groups), "--tile-px", "16") == 0
    shares = [float(r.attributes["purity"]) for r in read_images(tmp_path / "out" / "images.csv")]
    assert len(shares) == 24
    assert min(shares) == 1.0


@pytest.mark.slow
def test_summary_of_a_finished_run_is_kept(slides: Path) -> None:
    options = ("--tile-px", "32", "--pixel-size-um", "1")
    assert called(slides, *options) == called(slides, *options) == 0
    told = json.loads((slides / "out" / "run.json").read_text())
    assert told["summary"]["sections"] == 4
    assert called(slides, "--tile-px", "48", "--pixel-size-um", "1") == 2
