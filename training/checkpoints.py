"""The whole state of a training run in one safetensors file, replaced atomically: a killed run resumes as if nothing had happened.

Random state needs no room in it: every step draws from generators that are seeded by the run's seed, the epoch and the step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cytoscribe.core.errors import InputError
from cytoscribe.training.model.lora import trained
from cytoscribe.training.model.tensors import write_tensors


@dataclass
class Progress:
    """Progress of a run: epoch and step within it that come next, and the history of losses and validation figures."""

    epoch: int = 0
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    best: float = float("-inf")
    best_epoch: int = -1

    def as_text(self) -> str:
        return json.dumps(self.__dict__)

    @staticmethod
    def from_text(text: str) -> Progress:
        return Progress(**json.loads(text))


def model_state(model: nn.Module) -> dict[str, Tensor]:
    """Trained weights and running statistics by name; frozen weights come from the base."""
    state = {f"weight/{n}": p.detach() for n, p in trained(model)}
    state.update({f"buffer/{n}": b.detach() for n, b in model.named_buffers() if b.is_floating_point() or "num_batches" in n})
    return state


def save(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer | None, progress: Progress) -> None:
    """Write model, optimiser and progress as one file."""
    tensors = model_state(model)
    if optimiser is not None:
        for name, parameter in trained(model):
            for key, value in optimiser.state[parameter].items():
                tensors[f"optimiser/{key}/{name}"] = torch.as_tensor(value)
    write_tensors(path, tensors, {"progress": progress.as_text()})


def load(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer | None) -> Progress:
    """Put a checkpoint back into model and optimiser, in place; raises InputError where it is damaged or does not fit them."""
    try:
        return _load(path, model, optimiser)
    except InputError:
        raise
    except Exception as error:  # safetensors, torch and the progress in it fail in ways of their own on a damaged file
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"a damaged checkpoint ({reason})", where=path, fix="remove it to start the training over") from error


def _load(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer | None) -> Progress:
    from safetensors import safe_open

    parameters = dict(trained(model))
    buffers = dict(model.named_buffers())
    with safe_open(path, framework="pt") as file:
        stored = set(file.keys())
        if {f"weight/{n}" for n in parameters} - stored:
            raise InputError("the checkpoint is of another model", where=path, fix="pass --overwrite to start over")
        with torch.no_grad():
            for key in stored:
                kind, name = key.split("/", 1)
                if kind == "weight":
                    parameters[name].copy_(file.get_tensor(key))
                elif kind == "buffer":
                    buffers[name].copy_(file.get_tensor(key))
                elif optimiser is not None:
                    slot, name = name.split("/", 1)
                    value = file.get_tensor(key)
                    optimiser.state[parameters[name]][slot] = value if slot == "step" else value.to(parameters[name].device)
        return Progress.from_text(file.metadata()["progress"])
