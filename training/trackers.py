"""Where a run's figures go besides its own folder: TensorBoard or Weights & Biases, where they are installed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from cytoscribe.core.errors import InputError

TRACKERS = ("none", "tensorboard", "wandb")


class Tracker(Protocol):
    """Takes figures by name at a step, counted from the run's first."""

    def log(self, figures: Mapping[str, float], step: int) -> None: ...

    def close(self) -> None: ...


class Silent:
    """Keeps nothing: the run folder's config.json and curves.png hold the history anyway."""

    def log(self, figures: Mapping[str, float], step: int) -> None: ...

    def close(self) -> None: ...


SILENT = Silent()


def check_tracker(name: str) -> None:
    """Raise InputError where the tracker is unknown or not installed."""
    if name not in TRACKERS:
        raise InputError(f"unknown tracker '{name}'", fix=f"use one of {', '.join(TRACKERS)}")
    if name != "none":
        _module(name)


def start_tracker(name: str, folder: Path, config: Mapping[str, Any]) -> Tracker:
    """The tracker of that name, writing below `folder`; raises InputError where it is not installed.

    A resumed run continues in the same place: TensorBoard reads all files of a folder, and W&B knows the run by the folder's name.
    """
    if name == "none":
        return SILENT
    module = _module(name)
    return _TensorBoard(module, folder) if name == "tensorboard" else _Wandb(module, folder, config)


def _module(name: str) -> Any:
    try:
        return importlib.import_module("torch.utils.tensorboard" if name == "tensorboard" else "wandb")
    except ImportError as error:
        raise InputError(f"--tracker {name}: {name} is not installed", fix=f"pip install {name}, or leave --tracker out") from error


class _TensorBoard:
    def __init__(self, module: Any, folder: Path) -> None:
        self._writer = module.SummaryWriter(str(folder / "tensorboard"))

    def log(self, figures: Mapping[str, float], step: int) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class _Wandb:
    def __init__(self, module: Any, folder: Path, config: Mapping[str, Any]) -> None:
        self._run = module.init(
            project="cytoscribe", name=folder.name, id=folder.name, resume="allow", dir=str(folder), config=dict(config)
        )

    def log(self, figures: Mapping[str, float], step: int) -> None:
        self._run.log(dict(figures), step=step)

    def close(self) -> None:
        self._run.finish()
