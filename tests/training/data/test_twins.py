"""One image on both sides of a split, or under two regions, is refused by its content; what is merely listed twice is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.data.twins import refuse_twins


def image(path: Path, seed: int) -> Path:
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)).save(path)
    return path


def record(path: Path, region: str, split: str, row: int) -> ImageRecord:
    return ImageRecord(path=path, region=region, split=split, row=row)


def test_copies_are_found_by_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, copy, other = (image(tmp_path / n, seed) for n, seed in (("a.png", 0), ("b.png", 0), ("c.png", 1)))
    refuse_twins([record(one, "A", "train", 2), record(other, "B", "test", 3)])
    assert capsys.readouterr().err == ""
    with pytest.raises(InputError, match=r"a\.png and b\.png \(same content\) has split 'train' in row 2 and 'test' in row 3"):
        refuse_twins([record(one, "A", "train", 2), record(copy, "A", "test", 3)])
    with pytest.raises(InputError, match="has region 'A' in row 2 and 'B' in row 3"):
        refuse_twins([record(one, "A", "train", 2), record(copy, "B", "train", 3)])
    refuse_twins([record(one, "A", "train", 2), record(copy, "A", "train", 3)])
    assert "1 images are listed twice" in capsys.readouterr().err


def test_paths_of_absent_files_count_and_blank_images_do_not(tmp_path: Path) -> None:
    gone = tmp_path / "x" / ".." / "gone.png"
    with pytest.raises(InputError, match="split 'train' in row 2 and 'val' in row 3"):
        refuse_twins([record(gone, "A", "train", 2), record(tmp_path / "gone.png", "A", "val", 3)])
    for name in ("g1.png", "g2.png"):
        Image.new("RGB", (8, 8), "white").save(tmp_path / name)
    refuse_twins([record(tmp_path / "g1.png", "A", "train", 2), record(tmp_path / "g2.png", "B", "test", 3)])
