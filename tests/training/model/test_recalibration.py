"""A trained model's rejection, recalibrated from what its folder keeps."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from cytoscribe.cli import command
from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.training.clip_fit import train
from cytoscribe.training.model.recalibration import recalibrate
from cytoscribe.training.rejection.conformal import BANK_FILE
from tests.training.test_clip_fit import Drawn, toy


@pytest.fixture(scope="module")
def trained(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("recalibration") / "model"
    train(toy(drawn, out))
    return out


def copied(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "model"))


@pytest.mark.slow
def test_without_options_it_does_what_training_did(trained: Path, tmp_path: Path) -> None:
    folder = copied(trained, tmp_path)
    recalibrate(folder)
    assert read_json(folder / "calibration.json") == read_json(trained / "calibration.json")
    assert read_json(folder / "config.json") == read_json(trained / "config.json")
    assert (folder / "README.md").read_text() == (trained / "README.md").read_text()


def test_another_rate_and_other_scores_are_told_everywhere(trained: Path, tmp_path: Path) -> None:
    folder = copied(trained, tmp_path)
    result = CliRunner().invoke(command("recalibrate"), [str(folder), "--alpha", "0.3", "--scores", "knn, mcm"])
    assert result.exit_code == 0, result.output
    assert "knn + mcm, alpha 0.3" in result.output
    told = read_json(folder / "calibration.json")
    assert (told["alpha"], told["scores"], told["chosen_by"]) == (0.3, ["knn", "mcm"], {"given": True})
    assert read_json(folder / "config.json")["rejection"]["alpha"] == 0.3
    assert "knn + mcm, calibrated at alpha 0.3" in (folder / "README.md").read_text()
    assert recalibrate(folder).alpha == 0.3


@pytest.mark.parametrize(
    ("options", "message"), [({"scores": ("nonsense",)}, "unknown rejection score"), ({"alpha": 1.5}, "not a rate")]
)
def test_what_cannot_be_leaves_the_folder_as_it_is(trained: Path, tmp_path: Path, options: dict[str, object], message: str) -> None:
    folder = copied(trained, tmp_path)
    before = (folder / "calibration.json").read_bytes()
    with pytest.raises(InputError, match=message):
        recalibrate(folder, **options)  # type: ignore[arg-type]
    assert (folder / "calibration.json").read_bytes() == before


def test_a_folder_without_held_out_features_is_refused(trained: Path, tmp_path: Path) -> None:
    folder = copied(trained, tmp_path)
    kept = {name: value for name, value in load_file(folder / BANK_FILE).items() if not name.startswith("held_")}
    save_file(kept, folder / BANK_FILE)
    with pytest.raises(InputError, match="keeps no held-out features"):
        recalibrate(folder)
