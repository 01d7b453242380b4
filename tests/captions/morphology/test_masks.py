"""Masks of every kind become labels; masks that do not fit are named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cytoscribe.captions.morphology.masks import read_mask
from cytoscribe.core.errors import InputError

TWO = np.zeros((30, 40), np.uint8)
TWO[3:9, 3:9] = 1
TWO[20:28, 20:30] = 1


def test_a_binary_mask_is_cut_into_its_parts(tmp_path: Path) -> None:
    Image.fromarray(TWO * 255).save(tmp_path / "m.png")
    labels = read_mask(tmp_path / "m.png", (30, 40))
    assert np.bincount(labels.ravel()).tolist() == [30 * 40 - 36 - 80, 36, 80]


def test_sparse_instances_are_numbered_again_and_dust_is_left_out(tmp_path: Path) -> None:
    values = TWO.astype(np.uint16)
    values[20:28, 20:30] = 60000
    values[0, 39] = 7
    tifffile.imwrite(tmp_path / "m.tif", values)
    assert np.unique(read_mask(tmp_path / "m.tif", (30, 40))).tolist() == [0, 1, 2]


def test_outlines_of_qupath_are_drawn(tmp_path: Path) -> None:
    ring = [[2, 2], [12, 2], [12, 12], [2, 12], [2, 2]]
    cells = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[[x + d, y] for x, y in ring]]}}
        for d in (0, 20)
    ]
    (tmp_path / "m.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": cells}))
    labels = read_mask(tmp_path / "m.geojson", (30, 40))
    assert labels.max() == 2
    assert (labels == 1).sum() == pytest.approx(100, rel=0.25)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (np.zeros((30, 40), np.uint8), "no object"),
        (np.pad([[1]], ((0, 29), (0, 39))).astype(np.uint8), "no object"),
        (np.ones((30, 41), np.uint8), "41 x 30 px and the image 40 x 30"),
        (np.dstack([TWO, TWO * 2, TWO * 3]), "colour picture"),
    ],
)
def test_masks_that_do_not_fit_are_named(tmp_path: Path, values: np.ndarray, fault: str) -> None:
    Image.fromarray(values).save(tmp_path / "m.png")
    with pytest.raises(InputError, match=fault):
        read_mask(tmp_path / "m.png", (30, 40))


def test_a_missing_or_broken_mask_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.tif").write_bytes(b"II*\0rubbish")
    for name, fault in (("absent.png", "no such mask"), ("broken.tif", "not a readable mask")):
        with pytest.raises(InputError, match=fault):
            read_mask(tmp_path / name, (30, 40))


def test_what_changed_the_values_of_a_mask_is_refused(tmp_path: Path) -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[2:9, 2:9], mask[11:18, 11:18] = 40, 48
    Image.fromarray(mask).save(tmp_path / "a.png", format="JPEG")
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([mask] * 3), photometric="minisblack")
    tifffile.imwrite(tmp_path / "parts.tif", mask.astype(np.float32) + 0.25)
    tifffile.imwrite(tmp_path / "good.tif", mask)
    for name, fault in (("a.png", "JPEG changes"), ("stack.tif", "a stack of 3 x 20 x 20"), ("parts.tif", "interpolated")):
        with pytest.raises(InputError, match=fault):
            read_mask(tmp_path / name, (20, 20))
    assert np.unique(read_mask(tmp_path / "good.tif", (20, 20))).tolist() == [0, 1, 2]
