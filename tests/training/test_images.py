"""Images become squares of one size; files that cannot be read are counted with their rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from cytoscribe.core.records import ImageRecord
from cytoscribe.training.images import Skipped, describe_skipped, load_squares, read_square


def test_truncated_image_is_skipped_with_its_row(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)).save(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    records = [ImageRecord(tmp_path / "a.jpg", "x", row=2), ImageRecord(tmp_path / "cut.jpg", "x", row=3)]
    stack, kept, skipped = load_squares(records, 16, workers=2)
    assert stack.shape == (1, 3, 16, 16)
    assert kept == [0]
    assert [(s.row, s.path.name) for s in skipped] == [(3, "cut.jpg")]
    assert describe_skipped(skipped).startswith("skipped 1 image (row 3 cut.jpg")


def test_squares_have_channels_first(tmp_path: Path) -> None:
    Image.fromarray(np.tile(np.array([10, 20, 30], np.uint8), (5, 7, 1))).save(tmp_path / "a.png")
    square = read_square(ImageRecord(tmp_path / "a.png", "x"), 4)
    assert not isinstance(square, Skipped)
    assert square.shape == (3, 4, 4)
    assert square[:, 0, 0].tolist() == [10, 20, 30]
