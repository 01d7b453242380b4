"""What pixels say: each artefact is found by its own name, ordinary images seldom are, and another stain is told from the usual one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from cytoscribe.core.errors import InputError
from cytoscribe.training.rejection.appearance import APPEARANCE_FILE, Appearance, appearance_of, measure

PX = 32


def pictures(count: int, seed: int, gain: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    """(N, 3, PX, PX) uint8: dark cells on a light ground, each picture a little lighter or darker."""
    rng = np.random.default_rng(seed)
    found = np.empty((count, 3, PX, PX), np.uint8)
    for i in range(count):
        cells = gaussian_filter((rng.random((PX, PX)) < 0.05).astype(float), 1.2)
        ground = rng.normal(225, 4) - np.array([70, 110, 50])[:, None, None] * (cells / cells.max())
        found[i] = np.clip((ground + rng.normal(0, 3, (3, PX, PX))) * np.array(gain)[:, None, None], 0, 255)
    return found


@pytest.fixture(scope="module")
def usual() -> Appearance:
    found = appearance_of(measure(pictures(300, 0)), None)
    assert found is not None
    return found


@pytest.mark.parametrize("clusters", [None, np.repeat(np.arange(50), 6), np.repeat(np.arange(6), 50)])
def test_the_least_p_value_of_a_microscope_falls_with_the_known_images(clusters: np.ndarray | None) -> None:
    found = appearance_of(measure(pictures(300, 0)), clusters)
    assert found is not None
    told = found.looks(measure(pictures(5, 9, (0.2, 0.9, 0.2)))).microscope
    assert told is not None
    assert told.min() == pytest.approx(found.least_microscope, abs=0.01)
    assert 0 < found.least_microscope < 0.05


def spoiled(kind: str) -> np.ndarray:
    shown = pictures(10, 5).astype(float)
    if kind == "empty":
        shown = 225 + np.random.default_rng(0).normal(0, 0.5, shown.shape)
    elif kind == "blur":
        shown = gaussian_filter(shown, (0, 0, 2, 2))
    elif kind == "saturation":
        shown = np.clip(shown * 1.35, 0, 255)
    else:
        shown[..., 8:20, :] *= 0.25
    return np.clip(shown, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", ["empty", "fold", "blur", "saturation"])
def test_every_artefact_is_found(usual: Appearance, kind: str) -> None:
    looks = usual.looks(measure(spoiled(kind)))
    assert (looks.artefact <= 0.05).all()
    if kind in ("fold", "saturation"):
        assert {looks.kind(i) for i in range(10)} == {kind}
    else:
        column = ("empty", "fold", "blur").index(kind)
        assert (looks.kinds[:, column] <= 0.02).all()


def test_usual_images_are_seldom_called_anything(usual: Appearance) -> None:
    looks = usual.looks(measure(pictures(400, 9)))
    assert (looks.artefact <= 0.05).mean() <= 0.08
    assert looks.microscope is not None
    assert (looks.microscope <= 0.05).mean() <= 0.10


def test_another_stain_is_another_microscope_and_no_artefact(usual: Appearance) -> None:
    looks = usual.looks(measure(pictures(50, 3, gain=(1.0, 0.82, 0.7))))
    assert looks.microscope is not None
    assert (looks.microscope <= 0.05).mean() > 0.95


def test_subjects_are_what_a_stain_is_compared_by() -> None:
    """Every subject has a stain of its own: by image a new one is strange, by subject it is not."""
    gains = np.random.default_rng(1).normal(1, 0.06, (13, 3))
    shown = [measure(pictures(20, k, tuple(gains[k]))) for k in range(13)]
    subjects, new = np.repeat(np.arange(12), 20), shown[12]
    by_subject = appearance_of(np.concatenate(shown[:12]), subjects)
    by_image = appearance_of(np.concatenate(shown[:12]), None)
    assert by_subject is not None and by_image is not None  # noqa: PT018
    shares = [(a.looks(new).microscope <= 0.05).mean() for a in (by_subject, by_image)]  # type: ignore[operator]
    assert shares[0] <= shares[1]
    assert shares[0] <= 0.05


def test_it_is_read_back_and_broken_files_are_refused(usual: Appearance, tmp_path: Path) -> None:
    usual.save(tmp_path)
    again = Appearance.load(tmp_path)
    assert again is not None
    np.testing.assert_array_equal(again.looks(measure(pictures(5, 1))).kinds, usual.looks(measure(pictures(5, 1))).kinds)
    (tmp_path / APPEARANCE_FILE).write_bytes(b"no tensors")
    with pytest.raises(InputError):
        Appearance.load(tmp_path)
    assert Appearance.load(tmp_path / "elsewhere") is None


def test_too_few_images_say_nothing() -> None:
    assert appearance_of(measure(pictures(5, 0)), None) is None
    few = appearance_of(measure(pictures(12, 0)), np.zeros(12, dtype=int))
    assert few is not None
    assert few.looks(measure(pictures(2, 1))).microscope is None


def test_measures_of_a_source_judge_artefacts_alone() -> None:
    found = Appearance.of_source(measure(pictures(100, 0)))
    assert found is not None
    assert found.looks(measure(spoiled("fold"))).microscope is None
    assert torch.from_numpy(found.measures).shape == (100, 13)
