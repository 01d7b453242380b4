"""Two processes train as one does: the same losses, a resume to the same bits, files by the first alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.training.clip_fit import train
from cytoscribe.training.model.base_models import load_base
from cytoscribe.training.model.lora import Tuning
from cytoscribe.training.optimisation import Optimisation
from cytoscribe.training.ranks import ALONE, Ranks, together
from cytoscribe.training.settings import ImageOptions, TrainSettings
from tests.training.test_clip_fit import TOY

ROOT = Path(__file__).parents[2]
SCRIPT = """
import os, signal, sys
from pathlib import Path
from cytoscribe.core.errors import InputError
from tests.training.test_ranks import settings
from cytoscribe.training import loop
from cytoscribe.training.clip_fit import train

images, captions, out = map(Path, sys.argv[1:4])
what = sys.argv[4]
if what == "small":
    try:
        train(settings(images, captions, out / "small", batch=8))
    except InputError as error:
        (out / f"told-{os.environ['RANK']}").write_text(str(error))
    except SystemExit as error:
        (out / f"left-{os.environ['RANK']}").write_text(str(error.code))
    sys.exit()
if what == "killed":
    real, calls = loop.backward, [0]

    def dying(*arguments):
        calls[0] += 1
        if calls[0] == 4:  # the first is the trial that looks for dead adapters
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)

    loop.backward = dying
summary = train(settings(images, captions, out / ("whole" if what == "whole" else "killed")))
assert bool(summary) == (os.environ["RANK"] == "0")
"""
"""One training a start: a process group that is created again within a process may wait for the old one's peers for ever."""


def settings(images: Path, captions: Path, out: Path, batch: int = 16) -> TrainSettings:
    return TrainSettings(
        images=images,
        captions=(captions,),
        base=TOY,
        out=out,
        precision="fp32",
        device="cpu",
        tuning=Tuning("lora", rank=2),
        optimisation=Optimisation(epochs=2, batch_size=batch, learning_rate=1e-3, head_rate=1e-3, checkpoint_steps=1),
        image=ImageOptions(augmentation="mild", workers=0),
    )


def under_torchrun(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, cwd=ROOT)


@pytest.fixture(scope="module")
def pair(drawn: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with what two processes under torchrun made: `whole`, `killed` and started again, `small` that was refused."""
    out = tmp_path_factory.mktemp("pair")
    (out / "script.py").write_text(SCRIPT)
    told = [str(out / "script.py"), *map(str, drawn), str(out)]
    assert under_torchrun(*told, "killed").returncode != 0
    assert (out / "killed" / "checkpoint.safetensors").exists()
    for what in ("whole", "again", "small"):
        ended = under_torchrun(*told, what)
        assert ended.returncode == 0, ended.stderr[-3000:]
    return out


@pytest.mark.slow
def test_two_processes_follow_the_losses_of_one(drawn: tuple[Path, Path], pair: Path, tmp_path: Path) -> None:
    train(settings(*drawn, tmp_path / "one"))
    one, two = (read_json(folder / "config.json") for folder in (tmp_path / "one", pair / "whole"))
    assert (one["processes"], two["processes"]) == (1, 2)
    assert [h["loss"] for h in two["history"]] == pytest.approx([h["loss"] for h in one["history"]], abs=1e-5)
    assert [h["macro_f1"] for h in two["history"]] == [h["macro_f1"] for h in one["history"]]
    ours, theirs = (load_file(folder / "merged" / "open_clip_model.safetensors") for folder in (tmp_path / "one", pair / "whole"))
    assert ours.keys() == theirs.keys()
    assert max(float((ours[k].float() - theirs[k].float()).abs().max()) for k in ours) < 1e-4
    assert float(ours["logit_scale"]) == pytest.approx(float(theirs["logit_scale"]), abs=1e-5)


@pytest.mark.slow
def test_two_killed_processes_end_in_the_weights_of_undisturbed_ones(pair: Path) -> None:
    whole, resumed = (load_file(pair / name / "merged" / "open_clip_model.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)
    assert read_json(pair / "whole" / "calibration.json") == read_json(pair / "killed" / "calibration.json")


@pytest.mark.slow
def test_an_unusable_option_is_told_once_and_ends_all(pair: Path) -> None:
    assert "too small for 2 processes" in (pair / "told-0").read_text()
    assert (pair / "left-1").read_text() == "2"
    assert not (pair / "small" / "merged").exists()


def test_shares_cover_everything_once() -> None:
    for total in (1, 7, 16):
        shares = [Ranks(r, 3).share(total) for r in range(3)]
        assert [i for share in shares for i in share] == list(range(total))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_alone_nothing_is_exchanged() -> None:
    mine = torch.randn(3, 2, requires_grad=True)
    assert ALONE.gather_shares(mine, 3) is mine
    assert ALONE.agree({"a": 1}) == {"a": 1}
    with pytest.raises(InputError, match="no good"), ALONE.shared_fate():
        raise InputError("no good")


def test_batch_statistics_over_processes_need_cuda() -> None:
    model = load_base(TOY).model
    assert together(model, ALONE, torch.device("cpu")) is model
    with pytest.raises(InputError, match="batch normalisation over several processes"):
        together(model, Ranks(0, 2), torch.device("cpu"))
