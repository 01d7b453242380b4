"""Flat pictures and label maps of NIfTI, CZI and OME-Zarr, written by the formats' own libraries; skipped where one is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.volumes import read_flat, read_volume_picture
from cytoscribe.core.zarr_picture import ZarrSlide
from cytoscribe.training.data.label_maps import read_labels

LABELS = np.zeros((30, 40), np.int32)
LABELS[2:20, 3:20] = 182305696
GLASS = np.full((30, 40, 3), 240, np.uint8)
GLASS[2:20, 3:20] = (120, 60, 150)


def test_nifti_lies_as_its_affine_says(tmp_path: Path) -> None:
    import nibabel

    for name, values, affine in (
        ("up", LABELS.T[:, ::-1], np.eye(4)),
        ("down", LABELS.T[..., None], np.diag([-1.0, -1.0, 1.0, 1.0])),
        ("stored", LABELS, np.eye(4)),
    ):
        nibabel.save(nibabel.Nifti1Image(values, affine), tmp_path / f"{name}.nii.gz")
        assert np.array_equal(read_labels(tmp_path / f"{name}.nii.gz", picture=(300, 400)), LABELS), name


def test_a_volume_of_nifti_is_refused(tmp_path: Path) -> None:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(np.stack([LABELS] * 3, -1), np.eye(4)), tmp_path / "v.nii")
    with pytest.raises(InputError, match="not one slice"):
        read_flat(tmp_path / "v.nii")


def test_czi_keeps_colours_and_size(tmp_path: Path) -> None:
    writer = pytest.importorskip("pylibCZIrw.czi", reason="the package pylibCZIrw is not installed")

    with writer.create_czi(str(tmp_path / "s.czi")) as document:
        document.write(np.ascontiguousarray(GLASS[..., ::-1]), plane={"C": 0})  # blue comes first in the format
        document.write_metadata("s", scale_x=0.5e-6, scale_y=0.5e-6)
    pixels, size = read_volume_picture(tmp_path / "s.czi")
    assert np.array_equal(pixels, GLASS)
    assert size is not None
    assert size.x == pytest.approx(0.5)


def written_zarr(path: Path, levels: list[np.ndarray], axes: str, names: tuple[str, ...] = ()) -> Path:
    import zarr

    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    scales = []
    for number, values in enumerate(levels):
        group.create_array(str(number), data=values, chunks=tuple(min(16, n) for n in values.shape))
        scale = [0.5 * 2**number if axis in "yx" else 1.0 for axis in axes]
        scales.append({"path": str(number), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    told = [{"name": a, "type": "space", "unit": "micrometer"} if a in "zyx" else {"name": a, "type": "channel"} for a in axes]
    group.attrs["multiscales"] = [{"axes": told, "datasets": scales}]
    group.attrs["omero"] = {"channels": [{"label": name} for name in names]}
    return path


def test_zarr_is_read_window_by_window_at_every_level(tmp_path: Path) -> None:
    fine = np.ascontiguousarray(GLASS.transpose(2, 0, 1))[None, :, None]
    slide = ZarrSlide(written_zarr(tmp_path / "s.zarr", [fine, fine[..., ::2, ::2].copy()], "tczyx", ("Red", "Green", "Blue")))
    assert slide.sizes == ((30, 40), (15, 20))
    assert slide.pixel_size_um == 0.5
    assert np.array_equal(slide.read(0, 1, 2, 25, 31), GLASS[1:25, 2:31])
    assert np.array_equal(slide.read(1, 0, 0, 15, 20), GLASS[::2, ::2])


@pytest.mark.parametrize(("axes", "what"), [("zyx", "3 planes in depth"), ("cyx", "not named red, green and blue")])
def test_three_planes_are_colours_only_where_they_look_so(tmp_path: Path, axes: str, what: str) -> None:
    dark = 255 - np.ascontiguousarray(GLASS.transpose(2, 0, 1))
    with pytest.raises(InputError, match=what):
        ZarrSlide(written_zarr(tmp_path / "s.zarr", [dark], axes))


def test_label_maps_of_zarr_keep_their_values(tmp_path: Path) -> None:
    path = written_zarr(tmp_path / "l.zarr", [LABELS.astype(np.uint32)], "yx")
    assert np.array_equal(read_labels(path), LABELS)
