"""A finished model: damage is noticed, options of the rejection alone cost no training, pictures that changed are other inputs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cytoscribe.core.digests import file_digest
from cytoscribe.core.errors import InputError, RunMismatchError
from cytoscribe.core.runs import read_json
from cytoscribe.core.verify import damage
from cytoscribe.training import clip_fit
from cytoscribe.training.clip_fit import train
from cytoscribe.training.model.encoding import pick_device
from cytoscribe.training.settings import RejectionOptions
from tests.training.test_clip_fit import Drawn, toy

WEIGHTS = "merged/open_clip_model.safetensors"


@pytest.fixture(scope="module")
def model(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "model"
    train(toy(drawn, out))
    return out


@pytest.fixture
def copied(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "model"))


@pytest.mark.slow
def test_garbled_weights_are_not_called_finished(drawn: Drawn, copied: Path) -> None:
    assert damage(copied) == []
    assert not (copied / "checkpoint.safetensors").exists()
    raw = bytearray((copied / WEIGHTS).read_bytes())
    raw[-5] ^= 255
    (copied / WEIGHTS).write_bytes(raw)
    with pytest.raises(InputError, match=f"{WEIGHTS}: the content is not what was written"):
        train(toy(drawn, copied))


def test_another_rate_of_rejection_is_calibrated_without_training(
    drawn: Drawn, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file_digest(copied / WEIGHTS)
    monkeypatch.setattr(clip_fit, "_train", lambda *_: pytest.fail("it trained again"))
    train(toy(drawn, copied, rejection=RejectionOptions(0.2, ("knn",))))
    assert read_json(copied / "calibration.json")["alpha"] == 0.2
    assert file_digest(copied / WEIGHTS) == before
    assert damage(copied) == []


@pytest.mark.parametrize("alpha", [5.0, 0.0, 1.0, -0.1, float("nan")])
def test_an_impossible_rate_is_named_before_work_begins(alpha: float) -> None:
    with pytest.raises(InputError, match="--rejection-alpha must be between 0 and 1"):
        RejectionOptions(alpha)


def test_unknown_scores_are_named_before_work_begins() -> None:
    with pytest.raises(InputError, match="--rejection-scores names no score 'ear'"):
        RejectionOptions(scores=("knn", "ear"))


@pytest.mark.slow
def test_a_run_that_failed_before_its_first_step_does_not_hold_its_folder(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise InputError("no such device")

    with monkeypatch.context() as patched:
        patched.setattr(clip_fit.loop, "fit", fails)
        with pytest.raises(InputError, match="no such device"):
            train(toy(drawn, tmp_path / "model"))
    train(toy(drawn, tmp_path / "model", seed=3))
    with pytest.raises(RunMismatchError):
        train(toy(drawn, tmp_path / "model", seed=4))


def test_a_replaced_image_is_noticed(drawn: Drawn, tmp_path: Path) -> None:
    from PIL import Image

    from cytoscribe.training.fingerprint import input_digests

    shutil.copytree(drawn[0].parent, tmp_path / "in")
    settings = toy((tmp_path / "in" / "images.csv", drawn[1]), tmp_path / "out")
    before = input_digests(settings)
    Image.new("RGB", (32, 32), "red").save(tmp_path / "in" / "striped_train_0.png")
    changed = {k for k, v in input_digests(settings).items() if v != before[k]}
    assert changed == {"pictures"}


@pytest.mark.parametrize("name", ["cuda:99", "toaster", "", "cpu:x"])
def test_a_device_that_is_not_there_is_one_line(name: str) -> None:
    with pytest.raises(InputError, match="--device"):
        pick_device(name)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_damaged_checkpoint_is_one_line(tmp_path: Path, content: bytes) -> None:
    from cytoscribe.training import checkpoints
    from cytoscribe.training.model.base_models import load_base
    from tests.training.test_clip_fit import TOY

    (tmp_path / "checkpoint.safetensors").write_bytes(content)
    with pytest.raises(InputError, match="checkpoint"):
        checkpoints.load(tmp_path / "checkpoint.safetensors", load_base(TOY).model, None)
