"""Captions that training reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.captions.dataset import write_dataset
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import Caption
from cytoscribe.training.data.caption_files import read_caption_folders


def caption(name: str) -> Caption:
    return Caption(name, "hOc1", f"{name} of hOc1", f"{name} of this area", "terse", "t", "template", ("c",), 9, 1.0)


def test_long_captions_are_left_out(tmp_path: Path) -> None:
    write_dataset(tmp_path, [caption("short")], [caption("long")], [], "card")
    assert [c.caption_id for c in read_caption_folders([tmp_path])] == ["short"]


def test_a_folder_of_long_captions_alone_is_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path, [caption("short")], [caption("long")], [], "card")
    (tmp_path / "data" / "train-00000-of-00001.parquet").unlink()
    with pytest.raises(InputError, match="no captions"):
        read_caption_folders([tmp_path])
