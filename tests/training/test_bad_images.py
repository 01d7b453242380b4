"""`train-lora` and `evaluate` on the images that real laboratories send: skipped with a count, or refused in one line, exit code 2."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.cli import command, run
from cytoscribe.core.tables import read_csv, write_csv

Drawn = tuple[Path, Path]
TOY = str(Path(__file__).with_name("toy_base.json"))


def trained(images: Path, captions: Path, out: Path, *more: str) -> int:
    """Exit code of one quick epoch."""
    given = ["--images", str(images), "--captions", str(captions), "--out", str(out), "--base", TOY, "--epochs", "1"]
    return run(command("train-lora"), [*given, "--batch-size", "8", "--workers", "0", "--device", "cpu", *more])


@pytest.fixture
def copied(drawn: Drawn, tmp_path: Path) -> Path:
    """images.csv with its pictures, to be spoiled."""
    for path in drawn[0].parent.glob("*.png"):
        shutil.copy(path, tmp_path / path.name)
    shutil.copy(drawn[0], tmp_path / "images.csv")
    return tmp_path / "images.csv"


def table(images: Path) -> list[dict[str, str]]:
    return [row for _, row in read_csv(images, ["image_path"])]


def written(images: Path, rows: list[dict[str, str]]) -> None:
    write_csv(images, list(rows[0]), [list(row.values()) for row in rows])


@pytest.mark.slow
def test_odd_formats_train_and_broken_ones_are_counted(drawn: Drawn, copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, rows = copied.parent, table(copied)
    training = [r for r in rows if r["split"] == "train"]
    for row, mode in zip(training, ("CMYK", "P", "RGBA", "I;16"), strict=False):
        with Image.open(folder / row["image_path"]) as image:
            deep = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 40)
            changed = deep if mode == "I;16" else image.convert(mode)
        row["image_path"] = f"{Path(row['image_path']).stem}_odd.tif"
        changed.save(folder / row["image_path"])
    (folder / training[5]["image_path"]).write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    (folder / training[6]["image_path"]).unlink()
    written(copied, rows)
    assert trained(copied, drawn[1], folder / "model") == 0
    shown = capsys.readouterr()
    assert "2 skipped" in shown.out
    assert f"{training[6]['image_path']}: no such image" in shown.err
    assert f"{training[5]['image_path']}: not a readable image" in shown.err


@pytest.mark.slow
def test_one_image_a_region_trains_with_a_warning(drawn: Drawn, copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen: set[tuple[str, str]] = set()
    rows = [r for r in table(copied) if (key := (r["region"], r["split"])) not in seen and not seen.add(key)]
    written(copied, rows)
    assert trained(copied, drawn[1], copied.parent / "model", "--batch-size", "4") == 0
    shown = capsys.readouterr().out
    assert "fewer than 5 training images: dense, dotted, pale, striped" in shown
    assert "not enough calibration samples (4 of 19)" in shown


def test_a_section_on_two_sides_is_refused(drawn: Drawn, copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**row, "section": f"s{i % 2}"} for i, row in enumerate(table(copied))]
    written(copied, rows)
    assert trained(copied, drawn[1], copied.parent / "model") == 2
    assert "section 's0' is in test and train" in capsys.readouterr().err
    assert not (copied.parent / "model").exists()


@pytest.mark.slow
def test_a_region_whose_images_are_all_broken_is_left_out_and_an_empty_table_refused(
    drawn: Drawn, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for row in table(copied):
        if row["region"] == "pale":
            (copied.parent / row["image_path"]).write_bytes(b"nothing")
    assert trained(copied, drawn[1], copied.parent / "model") == 0
    assert "skipped" in capsys.readouterr().out
    for row in table(copied):
        (copied.parent / row["image_path"]).unlink()
    assert trained(copied, drawn[1], copied.parent / "other") == 2
    assert "no training image can be read" in capsys.readouterr().err
