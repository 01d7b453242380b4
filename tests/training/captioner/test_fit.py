"""The stage: it learns, it is the same after a kill, it is read back in one call, and bad input is one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from cytoscribe.core.digests import file_digest
from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.core.tables import read_images
from cytoscribe.core.verify import damage
from cytoscribe.training.captioner.fit import train
from cytoscribe.training.captioner.folder import WEIGHTS_FILE, Captioner
from cytoscribe.training.captioner.settings import CaptionerSettings, Schedule
from tests.training.captioner.conftest import tiny_settings

Drawn = tuple[Path, Path]


@pytest.mark.slow
def test_it_names_held_out_images(trained: CaptionerSettings) -> None:
    told = read_json(trained.out / "config.json")
    assert told["validation"]["named"] == 1.0
    assert all(told["gates"].values())
    losses = [epoch["caption_loss"] for epoch in told["history"]]
    assert losses[-1] < losses[trained.schedule.label_epochs - 1] - 0.5
    assert told["validation"]["caption_loss_of_others"] > 0
    assert not (trained.out / "checkpoint.safetensors").exists()
    assert damage(trained.out) == []


def test_it_keeps_only_its_own_weights(drawn: Drawn, grids: Path, llm_folder: Path, tmp_path: Path) -> None:
    settings = tiny_settings(drawn, grids, tmp_path / "frozen", llm_folder, epochs=1)
    train(settings)
    assert not (settings.out / "decoder").exists()
    assert all(n.startswith(("resampler.", "blocks.")) for n in load_file(settings.out / WEIGHTS_FILE))


def test_one_call_reads_it_back(trained: CaptionerSettings, drawn: Drawn) -> None:
    captioner = Captioner.load(trained.out, embeddings=trained.embeddings, start=drawn[0].parent, precision="fp32")
    records = [r for r in read_images(drawn[0]) if r.split == "test"]
    found = captioner.encode(records)
    labels = captioner.labels(found.seen)
    named = [captioner.regions[k] for k in labels[:, :-1].argmax(1)]
    assert np.mean([n == r.region for n, r in zip(named, records, strict=True)]) > 0.9
    assert captioner.judge(found.seen, labels).rejected.mean() < 0.5


def test_a_finished_run_is_not_trained_again(trained: CaptionerSettings) -> None:
    before = (trained.out / WEIGHTS_FILE).stat().st_mtime_ns
    train(trained)
    assert (trained.out / WEIGHTS_FILE).stat().st_mtime_ns == before


def test_unseen_regions_reach_no_training(trained: CaptionerSettings) -> None:
    told = read_json(trained.out / "config.json")
    assert "hidden" not in told["regions"]
    assert "hidden" not in (trained.out / "knowledge.json").read_text()


@pytest.mark.slow
def test_a_killed_run_ends_in_the_same_weights(drawn: Drawn, grids: Path, llm_folder: Path, tmp_path: Path) -> None:
    calm = tiny_settings(drawn, grids, tmp_path / "calm", llm_folder)
    train(calm)
    killed = replace(calm, out=tmp_path / "killed")
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n" + SLOWLY.format(settings=repr(killed))
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    until = time.monotonic() + 400
    while not (killed.out / "checkpoint.safetensors").exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert (killed.out / "checkpoint.safetensors").exists()
    assert not (killed.out / WEIGHTS_FILE).exists()
    train(killed)
    assert file_digest(killed.out / WEIGHTS_FILE) == file_digest(calm.out / WEIGHTS_FILE)


SLOWLY = """
import time
from pathlib import PosixPath
from cytoscribe.training.captioner import fit, loop
from cytoscribe.training.captioner.settings import Adapter, CaptionerSettings, Schedule
real = loop._step
def slow(*arguments):
    time.sleep(0.2)
    return real(*arguments)
loop._step = slow
fit.train({settings})
"""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"embeddings": None}, "either --vision or --embeddings"),
        ({"vision": "tiny"}, "either --vision or --embeddings"),
        ({"alpha": 1.0}, "--alpha must be between 0 and 1"),
    ],
)
def test_options_that_cannot_be_are_named(drawn: Drawn, grids: Path, tmp_path: Path, change: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        replace(tiny_settings(drawn, grids, tmp_path / "x", Path("tiny")), **change)  # type: ignore[arg-type]


def test_a_model_folder_may_come_with_its_vectors(drawn: Drawn, grids: Path, tmp_path: Path) -> None:
    settings = replace(tiny_settings(drawn, grids, tmp_path / "x", Path("tiny")), vision=str(tmp_path))
    assert settings.embeddings == grids


@pytest.mark.parametrize(
    ("name", "value"),
    [("contrast", -0.5), ("detail", -1.0), ("least_steps", -1), ("masked_share", 1.0), ("outlier_share", -0.1), ("epochs", 0)],
)
def test_shares_and_counts_are_bounded(name: str, value: float) -> None:
    with pytest.raises(InputError, match=name.replace("_", "-")):
        Schedule(**{name: value})  # type: ignore[arg-type]


def test_other_tissue_must_not_be_unseen_tissue(drawn: Drawn, grids: Path, tmp_path: Path) -> None:
    settings = replace(tiny_settings(drawn, grids, tmp_path / "x", Path("tiny")), outliers=drawn[0])
    with pytest.raises(InputError, match="marked unseen"):
        train(settings)


def test_a_language_model_that_is_not_there_is_one_line(drawn: Drawn, grids: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such GGUF file"):
        train(tiny_settings(drawn, grids, tmp_path / "x", tmp_path / "none.gguf"))
