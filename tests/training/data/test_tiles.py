"""Tiles and crops from a made-up section whose labels are known by construction."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.images import read_image
from cytoscribe.core.tables import read_images, write_csv
from cytoscribe.training.data.section_table import section_splits
from cytoscribe.training.data.sections import read_groups, read_labels
from cytoscribe.training.data.slides import Loaded, open_slide, square, window
from cytoscribe.training.data.tiles import CutSettings, cut


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten sections, 96 x 64 px: left half label 300 (region "left"), right half 7 and 9 (both "right"), a corner 11 ("rare")."""
    folder = tmp_path_factory.mktemp("sections")
    (folder / "pictures").mkdir()
    (folder / "labels").mkdir()
    labels = np.full((64, 96), 300, np.uint16)
    labels[:, 48:72], labels[:, 72:] = 7, 9
    labels[:32, 64:] = 11
    labels[:, :2] = 0
    picture = np.stack([labels % 251, labels // 251 * 100, np.full_like(labels, 128)], -1).astype(np.uint8)
    for i in range(10):
        Image.fromarray(picture).save(folder / "pictures" / f"s{i:02}.png")
        Image.fromarray(labels).save(folder / "labels" / f"s{i:02}.png")
    rows = [[300, "left", "seen"], [7, "right", "seen"], [9, "right", "seen"], [11, "rare", "unseen"]]
    write_csv(folder / "groups.csv", ["label_value", "group", "use"], rows)
    return folder


def settings(material: Path, out: Path, **changes: object) -> CutSettings:
    given: dict[str, object] = {"tile_px": 16, "scale": "tile", **changes}
    return CutSettings(material / "pictures", material / "labels", material / "groups.csv", out, **given)  # type: ignore[arg-type]


@pytest.mark.slow
def test_tiles_are_as_pure_as_they_say(material: Path, tmp_path: Path) -> None:
    cut(settings(material, tmp_path, purity=0.8, stride=8))
    groups, labels = read_groups(material / "groups.csv"), read_labels(material / "labels" / "s00.png")
    numbers = groups.of(labels)
    records = read_images(tmp_path / "images.csv")
    assert {r.region for r in records} == {"left", "right", "rare"}
    for record in records[:60]:
        x, y, side = (int(record.attributes[k]) for k in ("x", "y", "side_px"))
        share = (numbers[y : y + side, x : x + side] == groups.names.index(record.region) + 1).mean()
        assert share >= 0.8
        assert share == pytest.approx(float(record.attributes["purity"]), abs=1e-3)


def test_processes_cut_what_one_cuts(material: Path, tmp_path: Path) -> None:
    summaries = [cut(settings(material, tmp_path / name, workers=count)) for name, count in (("one", 1), ("two", 2))]
    assert summaries[0] == summaries[1]
    assert (tmp_path / "one" / "images.csv").read_bytes() == (tmp_path / "two" / "images.csv").read_bytes()
    tiles = sorted((tmp_path / "one" / "tiles").iterdir())
    assert all(t.read_bytes() == (tmp_path / "two" / "tiles" / t.name).read_bytes() for t in tiles)
    assert len(tiles) == len(list((tmp_path / "two" / "tiles").iterdir()))


def test_a_tile_is_the_section_pixel_by_pixel(material: Path, tmp_path: Path) -> None:
    cut(settings(material, tmp_path))
    record = read_images(tmp_path / "images.csv")[3]
    x, y = int(record.attributes["x"]), int(record.attributes["y"])
    section = read_image(material / "pictures" / f"{record.section}.png")
    np.testing.assert_array_equal(read_image(record.path), section[y : y + 16, x : x + 16])


@pytest.mark.slow
def test_sections_never_straddle_splits_and_unseen_groups_stay_apart(material: Path, tmp_path: Path) -> None:
    summary = cut(settings(material, tmp_path, scale="both", region_px=32, least_px=50))
    records = read_images(tmp_path / "images.csv")
    assert {r.split for r in records if r.region == "rare"} == {"unseen"}
    sides: dict[str, set[str]] = {}
    for record in records:
        if record.split != "unseen":
            sides.setdefault(record.section, set()).add(record.split)
    assert all(len(v) == 1 for v in sides.values())
    assert set(summary["splits"]) == {"train", "val", "test", "unseen"}
    assert {r.scale for r in records} == {"tile", "region"}


@pytest.mark.slow
def test_region_crops_hold_the_whole_piece_and_white_beyond_the_edge(material: Path, tmp_path: Path) -> None:
    cut(settings(material, tmp_path, scale="region", region_px=64, margin=0.25))
    record = next(r for r in read_images(tmp_path / "images.csv") if r.region == "left")
    crop = read_image(record.path)
    assert crop.shape == (64, 64, 3)
    assert (crop[0, 0] == 255).all()


def test_crops_and_tiles_of_one_piece_share_its_number(material: Path, tmp_path: Path) -> None:
    cut(settings(material, tmp_path, scale="both", region_px=32, least_px=50))
    records = [r for r in read_images(tmp_path / "images.csv") if r.section == "s00"]
    pieces = {region: {r.attributes["piece"] for r in records if r.region == region} for region in {r.region for r in records}}
    assert all(len(own) == 1 for own in pieces.values())
    assert len({p for own in pieces.values() for p in own}) == len(pieces)


@pytest.mark.slow
def test_pixel_size_follows_the_scale(material: Path, tmp_path: Path) -> None:
    cut(settings(material, tmp_path, scale="both", region_px=32, pixel_size_um=10.0))
    for record in read_images(tmp_path / "images.csv"):
        factor = 1 if record.scale == "tile" else int(record.attributes["side_px"]) / 32
        assert record.pixel_size_um == pytest.approx(10 * factor, abs=1e-3)


@pytest.mark.slow
def test_cap_and_second_run(material: Path, tmp_path: Path) -> None:
    first = cut(settings(material, tmp_path, most=2))
    assert all(n <= 2 * 10 for n in first["regions"].values())
    before = (tmp_path / "images.csv").read_bytes()
    assert cut(settings(material, tmp_path, most=2)) == first
    assert (tmp_path / "images.csv").read_bytes() == before


def test_size_mismatch_and_missing_pairs_are_named(material: Path, tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    Image.fromarray(np.ones((5, 5), np.uint16)).save(tmp_path / "labels" / "s00.png")
    wrong = CutSettings(material / "pictures", tmp_path / "labels", material / "groups.csv", tmp_path / "out")
    with pytest.raises(InputError, match=r"s00\.png.*differ in size \(96 x 64 and 5 x 5 px\)"):
        cut(wrong)
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no picture has a label map"):
        cut(CutSettings(material / "pictures", tmp_path / "none", material / "groups.csv", tmp_path / "out2"))


def test_impossible_purity_is_said(material: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tile is pure enough"):
        cut(settings(material, tmp_path, tile_px=60, purity=1.0))
    with pytest.raises(InputError, match=r"--purity must be above 0 and at most 1, got 1\.5"):
        settings(material, tmp_path, purity=1.5)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["x", "left", "seen"]], "row 2, column 'label_value'.*'x' is not a label value"),
        ([["1", "", "seen"]], "row 2, column 'group'.*empty cell"),
        ([["1", "a", "seen"], ["1", "b", "seen"]], "row 3.*label 1 is in two groups"),
        ([["1", "a", "seen"], ["2", "a", "unseen"]], "row 3.*use 'unseen' of 'a'"),
    ],
)
def test_groups_table_faults_name_the_row(tmp_path: Path, rows: list[list[str]], message: str) -> None:
    write_csv(tmp_path / "groups.csv", ["label_value", "group", "use"], rows)
    with pytest.raises(InputError, match=message):
        read_groups(tmp_path / "groups.csv")


def test_named_test_sections() -> None:
    names = [f"s{i}" for i in range(10)]
    splits = section_splits(names, test=("s3", "s4"))
    assert [n for n, s in splits.items() if s == "test"] == ["s3", "s4"]
    assert "val" in splits.values()
    with pytest.raises(InputError, match="no section 's99'"):
        section_splits(names, test=("s99",))


def test_crop_outside_the_picture_is_glass() -> None:
    assert (square(Loaded(np.zeros((4, 4, 3), np.uint8)), 10, 10, 3, 3) == 255).all()


def _damaged_tiff(path: Path) -> None:
    """A tiled TIFF of which one tile in the middle is garbage."""
    import tifffile

    pixels = np.full((64, 96, 3), 200, np.uint8)
    tifffile.imwrite(path, pixels, tile=(16, 16), compression="zlib", photometric="rgb")
    with tifffile.TiffFile(path) as file:
        page: Any = file.pages[0]
        offset, count = page.dataoffsets[9], page.databytecounts[9]
    raw = bytearray(path.read_bytes())
    raw[offset : offset + count] = b"\xff" * count
    path.write_bytes(raw)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _one_line_picture(path: Path) -> None:
    Image.MAX_IMAGE_PIXELS, before = None, Image.MAX_IMAGE_PIXELS
    try:
        Image.new("1", (80_000_000, 1)).save(path)
    finally:
        Image.MAX_IMAGE_PIXELS = before


BAD = {
    "s03.tif": _damaged_tiff,
    "s03.png": _one_line_picture,
    "s03.jpg": lambda path: os.mkfifo(path),
    "s03.tiff": _loop,
    "s03.jpeg": lambda path: path.write_bytes(b""),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_a_section_that_cannot_be_read_is_named_and_passed_over(
    material: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(material, tmp_path / "in")
    (tmp_path / "in" / "pictures" / "s03.png").unlink()
    BAD[name](tmp_path / "in" / "pictures" / name)
    summary = cut(settings(tmp_path / "in", tmp_path / "out"))
    assert set(summary["unreadable"]) == {"s03"}
    assert "skipped section s03" in capsys.readouterr().err
    assert {r.section for r in read_images(tmp_path / "out" / "images.csv")} == {f"s{i:02}" for i in range(10)} - {"s03"}
    with pytest.raises(InputError, match="s03"):
        cut(settings(tmp_path / "in", tmp_path / "strict", strict=True))


@pytest.mark.slow
def test_lost_tiles_are_cut_again(material: Path, tmp_path: Path) -> None:
    cut(settings(material, tmp_path))
    whole = {p.name: p.read_bytes() for p in (tmp_path / "tiles").iterdir()}
    lost = sorted((tmp_path / "tiles").iterdir())
    lost[0].unlink()
    lost[-1].write_bytes(b"")
    cut(settings(material, tmp_path))
    assert {p.name: p.read_bytes() for p in (tmp_path / "tiles").iterdir()} == whole
    shutil.rmtree(tmp_path / "tiles")
    cut(settings(material, tmp_path))
    assert {p.name: p.read_bytes() for p in (tmp_path / "tiles").iterdir()} == whole


def test_a_replaced_picture_is_noticed(material: Path, tmp_path: Path) -> None:
    shutil.copytree(material, tmp_path / "in")
    cut(settings(tmp_path / "in", tmp_path / "out"))
    Image.new("RGB", (96, 64), "red").save(tmp_path / "in" / "pictures" / "s05.png")
    with pytest.raises(InputError, match=r"other settings \(sections\)"):
        cut(settings(tmp_path / "in", tmp_path / "out"))


def test_a_small_file_that_asks_for_gigabytes_is_refused(tmp_path: Path) -> None:
    import tifffile

    path = tmp_path / "bomb.tif"
    tifffile.imwrite(path, np.zeros((8, 8), np.uint8), rowsperstrip=8, compression="zlib")
    raw = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        page: Any = file.pages[0]
        places = {t.name: t.valueoffset for t in page.tags.values()}
    changed = bytearray(raw)
    for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
        size = 2 if page.tags[name].dtype == 3 else 4
        changed[places[name] : places[name] + size] = (60_000).to_bytes(size, "little")
    path.write_bytes(changed)
    with pytest.raises(InputError):
        window(open_slide(path), 0, 0, 60_000, 60_000)
