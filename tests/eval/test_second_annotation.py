"""A second annotation of the images, by whatever name it calls them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.eval.second_annotation import exact_agreement, read_second


def test_images_are_found_by_file_name(tmp_path: Path) -> None:
    path = tmp_path / "second.csv"
    path.write_text("img_name,size,other\na.png,big,1\nb.png,small,2\n")
    second = read_second(path, ("size", "shape"))
    assert second == {"a.png": {"size": "big"}, "b.png": {"size": "small"}}
    rows = [ImageRecord(Path(f"x/{n}.png"), "r", attributes={"size": "big"}) for n in "abc"]
    np.testing.assert_array_equal(exact_agreement(rows, second, ("size",)), [1.0, 0.0, np.nan])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("size\nbig\n", "no column 'image_path'"),
        ("image_path,other\na.png,1\n", "no column of the attributes"),
        ("image_path,size\na.png,big\nb/a.png,small\n", "annotated twice"),
    ],
)
def test_bad_tables_are_named(text: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "second.csv").write_text(text)
    with pytest.raises(InputError, match=what):
        read_second(tmp_path / "second.csv", ("size",))
