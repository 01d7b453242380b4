"""`measure-morphology` from a table of drawn images to captions of what was measured."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.captions.morphology import stage
from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError

from .drawn import blood_cell


def table(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "images.csv"
    columns = list(dict.fromkeys(k for r in rows for k in r))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Twelve cells of two kinds."""
    rows = []
    for i in range(12):
        image = np.roll(blood_cell(1 + 2 * (i % 2))[0], i - 6, axis=1)
        Image.fromarray(image).save(tmp_path / f"cell_{i}.png")
        rows.append({"image_path": f"cell_{i}.png", "region": ("one", "three")[i % 2], "split": "train"})
    return table(tmp_path, rows)


@pytest.mark.slow
def test_unannotated_cells_become_captions(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "measured"
    assert run(command("measure-morphology"), ["--images", str(images), "--profile", "cell", "--out", str(out)]) == 0
    measures = read(out / stage.MEASURES)
    assert [float(m["nucleus_lobes"]) for m in measures] == [1, 3] * 6
    assert (out / measures[0]["image_path"]).resolve() == (tmp_path / "cell_0.png").resolve()
    words = read(out / stage.ATTRIBUTES)
    assert words[1]["nucleus_shape"] == "segmented-multilobed"
    assert Image.open(out / stage.SHEET).size[0] > 500
    captions = tmp_path / "captions"
    asked = ["--attributes", str(out / stage.ATTRIBUTES), "--per-set", "2", "--per-region", "2", "--out", str(captions)]
    assert run(command("generate-captions"), asked) == 0
    assert list((captions / "data").rglob("*.parquet"))


@pytest.mark.slow
def test_a_finished_image_is_not_measured_twice(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = stage.MeasureSettings(images, tmp_path / "out", "cell")
    first = stage.measure(settings)
    monkeypatch.setattr(stage, "_measure_chunk", lambda *_, **__: pytest.fail("measured again"))
    assert stage.measure(settings).claims == first.claims


def test_what_cannot_be_measured_is_named_and_counted(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(255 - blood_cell()[0]).save(tmp_path / "dark.png")
    Image.fromarray(np.full((90, 90, 3), 240, np.uint8)).save(tmp_path / "empty.png")
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "mask.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    rows = [{"image_path": f"{n}.png", "region": "x"} for n in ("cell_0", "dark", "empty", "broken", "absent")]
    path = table(tmp_path, [*rows, {"image_path": "cell_1.png", "region": "x", "mask_path": "mask.png"}])
    out = tmp_path / "out"
    assert run(command("measure-morphology"), ["--images", str(path), "--profile", "cell", "--out", str(out)]) == 0
    reasons = {Path(r["image_path"]).stem: r["reason"] for r in read(out / stage.SKIPPED)}
    assert sorted(reasons) == ["absent", "broken", "cell_1", "dark", "empty"]
    assert "--ground dark" in reasons["dark"]
    assert "no nucleus" in reasons["empty"]
    assert "mask is 9 x 9 px" in reasons["cell_1"]
    assert "5 skipped: row 3 dark.png" in capsys.readouterr().out


def test_fluorescence_is_measured_where_the_user_says_so(tmp_path: Path) -> None:
    Image.fromarray(255 - blood_cell()[0]).save(tmp_path / "dark.png")
    path = table(tmp_path, [{"image_path": "dark.png", "region": "x"}])
    found = stage.measure(stage.MeasureSettings(path, tmp_path / "out", "cell", ground="dark"))
    assert found.measured == 1


def test_a_given_mask_is_the_cell(tmp_path: Path) -> None:
    image, cell, _ = blood_cell()
    Image.fromarray(image).save(tmp_path / "cell.png")
    Image.fromarray(cell.astype(np.uint8)).save(tmp_path / "mask.png")
    path = table(tmp_path, [{"image_path": "cell.png", "region": "x", "mask_path": "mask.png", "pixel_size_um": "0.5"}])
    stage.measure(stage.MeasureSettings(path, tmp_path / "out", "cell"))
    assert float(read(tmp_path / "out" / stage.MEASURES)[0]["cell_area_um2"]) == cell.sum() / 4


@pytest.mark.slow
def test_rows_without_a_pixel_size_beside_rows_with_one_are_skipped(images: Path, tmp_path: Path) -> None:
    rows = [{**r, "pixel_size_um": "0.5" if i else ""} for i, r in enumerate(read(images))]
    found = stage.measure(stage.MeasureSettings(table(tmp_path, rows), tmp_path / "out", "cell"))
    assert [m.record.row for m in found.skipped] == [2]


def test_an_unknown_profile_and_a_table_of_nothing_usable_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, [{"image_path": "absent.png", "region": "x"}])
    with pytest.raises(InputError, match="unknown profile 'cells'"):
        stage.measure(stage.MeasureSettings(path, tmp_path / "out", "cells"))
    with pytest.raises(InputError, match="no image could be measured"):
        stage.measure(stage.MeasureSettings(path, tmp_path / "out", "cell"))
    assert not (tmp_path / "out").exists()
