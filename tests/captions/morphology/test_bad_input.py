"""Images and masks that labs really have: nothing of them is measured silently wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.captions.morphology import stage
from cytoscribe.cli import command, run

from .drawn import field
from .test_stage import read, table


def tissue(folder: Path, image: np.ndarray, mask: np.ndarray | None = None, ground: str = "light") -> stage.Summary:
    Image.fromarray(image).save(folder / "field.png")
    row = {"image_path": "field.png", "region": "x", "pixel_size_um": "0.35"}
    if mask is not None:
        Image.fromarray(mask.astype(np.uint16)).save(folder / "mask.png")
        row["mask_path"] = "mask.png"
    other = {"image_path": "sound.png", "region": "x", "pixel_size_um": "0.35"}
    Image.fromarray(field()[0]).save(folder / "sound.png")
    return stage.measure(stage.MeasureSettings(table(folder, [row, other]), folder / "out", "tissue", ground=ground))


@pytest.mark.slow
def test_one_pixel_cells_are_counted_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, labels = field()
    labels[0, ::40] = np.arange(500, 506)
    summary = tissue(tmp_path, image, labels)
    assert summary.dust == 6
    assert float(read(tmp_path / "out" / stage.MEASURES)[0]["cells"]) == 36
    asked = ["--images", str(tmp_path / "images.csv"), "--profile", "tissue", "--out", str(tmp_path / "again")]
    assert run(command("measure-morphology"), asked) == 0
    assert "6 objects of fewer than four pixels" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(("mask", "reason"), [(np.zeros((240, 240)), "no object"), (np.ones((10, 10)), "mask is 10 x 10 px")])
def test_a_mask_without_cells_or_of_another_size_is_named(tmp_path: Path, mask: np.ndarray, reason: str) -> None:
    summary = tissue(tmp_path, field()[0], mask)
    assert summary.measured == 1
    assert reason in summary.skipped[0].skipped


@pytest.mark.slow
def test_sixteen_bits_give_what_eight_do(tmp_path: Path) -> None:
    deep = (field()[0].mean(axis=2) * 257).astype(np.uint16)
    tissue(tmp_path, deep)
    one, other = (float(r["cell_density_per_mm2"]) for r in read(tmp_path / "out" / stage.MEASURES))
    assert one == pytest.approx(other, rel=0.03)


@pytest.mark.slow
def test_a_fluorescent_field_is_refused_on_a_light_ground_and_measured_on_a_dark_one(tmp_path: Path) -> None:
    bright = 255 - field()[0]
    (tmp_path / "light").mkdir()
    (tmp_path / "dark").mkdir()
    refused = tissue(tmp_path / "light", bright)
    assert "--ground dark" in refused.skipped[0].skipped
    tissue(tmp_path / "dark", bright, ground="dark")
    assert float(read(tmp_path / "dark/out" / stage.MEASURES)[0]["cells"]) == 36


@pytest.mark.slow
def test_without_a_pixel_size_lengths_are_in_pixels_and_the_row_is_doubtful(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(field()[0]).save(tmp_path / "field.png")
    path = table(tmp_path, [{"image_path": "field.png", "region": "x"}])
    asked = ["--images", str(path), "--profile", "tissue", "--out", str(tmp_path / "out")]
    assert run(command("measure-morphology"), asked) == 0
    said = capsys.readouterr().out
    assert "no pixel size" in said
    assert "1 doubtful" in said
    (row,) = read(tmp_path / "out" / stage.MEASURES)
    assert "median_cell_area_px2" in row
    assert not any(name.endswith(("_um", "_um2", "mm2")) for name in row if name != "pixel_size_um")
