"""Figures go to a tracker where one is installed; where none is, the run says so before it starts."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.training.trackers import check_tracker, start_tracker


def pretend(monkeypatch: pytest.MonkeyPatch, name: str, **parts: Any) -> None:
    module = ModuleType(name)
    module.__dict__.update(parts)
    monkeypatch.setitem(sys.modules, name, module)


def test_an_absent_tracker_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(InputError, match="wandb is not installed; pip install wandb"):
        check_tracker("wandb")
    with pytest.raises(InputError, match="unknown tracker 'paper'"):
        check_tracker("paper")


def test_none_keeps_nothing(tmp_path: Path) -> None:
    tracker = start_tracker("none", tmp_path, {})
    tracker.log({"loss": 1.0}, 1)
    tracker.close()
    assert not list(tmp_path.iterdir())


def test_tensorboard_gets_every_figure_at_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    def writer(folder: str) -> SimpleNamespace:
        told.append(folder)
        return SimpleNamespace(add_scalar=lambda *scalar: told.append(scalar), close=lambda: told.append("closed"))

    pretend(monkeypatch, "torch.utils.tensorboard", SummaryWriter=writer)
    tracker = start_tracker("tensorboard", tmp_path, {})
    tracker.log({"loss": 0.5, "macro_f1": 0.9}, 7)
    tracker.close()
    assert told == [str(tmp_path / "tensorboard"), ("loss", 0.5, 7), ("macro_f1", 0.9, 7), "closed"]


def test_wandb_goes_on_with_the_run_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    run = SimpleNamespace(log=lambda figures, step: told.append((figures, step)), finish=lambda: told.append("finished"))
    pretend(monkeypatch, "wandb", init=lambda **asked: (told.append(asked), run)[1])
    tracker = start_tracker("wandb", tmp_path / "model", {"seed": 3})
    tracker.log({"loss": 0.5}, 2)
    tracker.close()
    assert told[0]["id"] == "model"
    assert told[0]["resume"] == "allow"
    assert told[0]["config"] == {"seed": 3}
    assert told[1:] == [({"loss": 0.5}, 2), "finished"]
