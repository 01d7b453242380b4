"""Batches that are read ahead are those that would have been read when they were asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.core.records import ImageRecord
from cytoscribe.training.data import squares
from cytoscribe.training.data.squares import Squares
from cytoscribe.training.images import Skipped


@pytest.fixture
def records(tmp_path: Path) -> list[ImageRecord]:
    """Six pictures of one grey level each."""
    made = []
    for number in range(6):
        Image.new("RGB", (10, 10), (40 * number,) * 3).save(tmp_path / f"{number}.png")
        made.append(ImageRecord(path=tmp_path / f"{number}.png", region="V1", row=number + 2))
    return made


def test_what_was_expected_is_not_read_again(records: list[ImageRecord], monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Squares(records, 10, workers=0, limit=0)
    read: list[int] = []

    def noted(record: ImageRecord, px: int) -> np.ndarray | Skipped:
        read.append(record.row)
        return original(record, px)

    original = squares.read_square
    monkeypatch.setattr(squares, "read_square", noted)
    kept.expect(np.array([4, 1]))
    other = kept.take(np.array([2]))
    ahead = kept.take(np.array([4, 1]))
    assert sorted(read) == [3, 4, 6]
    assert [picture[0, 0, 0] for picture in ahead] == [160, 40]
    assert other[0, 0, 0, 0] == 80
    assert np.array_equal(kept.take(np.array([4, 1])), ahead)
    assert len(read) == 5


def test_pictures_in_memory_and_on_disk_are_the_same(records: list[ImageRecord]) -> None:
    memory, disk = Squares(records, 8, workers=0), Squares(records, 8, workers=2, limit=0)
    for kept in (memory, disk):
        kept.expect(np.arange(6)[::-1])
    assert np.array_equal(memory.take(np.arange(6)[::-1]), disk.take(np.arange(6)[::-1]))
    assert np.array_equal(memory.all(), disk.all())
