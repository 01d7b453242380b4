"""The one way to read safetensors: a file that is missing, cut, or holds other tensors than a model needs is one clear line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import atomic_path


def read_tensors(path: Path, fix: str, needed: Sequence[str] = ()) -> dict[str, Tensor]:
    """Name to tensor, on the CPU. needed: names that must be there.

    Raises InputError, with `fix` as the advice, where the file is missing, is not a safetensors file, or lacks a tensor.
    """
    from safetensors.torch import load_file

    if not path.is_file():
        raise InputError("no such file", where=path, fix=fix)
    try:
        tensors = load_file(path)
    except Exception as error:  # the parser raises its own errors, torch those of types that it does not know
        raise InputError(f"not a readable safetensors file ({_short(error)})", where=path, fix=fix) from error
    missing = [n for n in needed if n not in tensors]
    if missing:
        raise InputError(f"no tensor '{missing[0]}'", where=path, fix=fix)
    return tensors


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors atomically, with the rights that the umask gives: the library by itself makes files that only their owner can read."""
    from safetensors.torch import save_file

    with atomic_path(path) as temporary:
        save_file({k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}, temporary, dict(metadata or {}) or None)


def put_weights(model: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Load all weights of a model. Raises InputError where names or shapes are other than the model's."""
    try:
        model.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise InputError(f"not the weights of this model ({_short(error)})", where=path, fix="train the model again") from error


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
