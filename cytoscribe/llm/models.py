"""From the name that `--model` gives to the language model that answers."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.llm.base import LanguageModel
from cytoscribe.llm.server import ServerBackend
from cytoscribe.llm.settings import AUTO, ENGINES, BackendSettings


def open_model(model: str, settings: BackendSettings) -> LanguageModel:
    """A model of the server ("" for its only one), or a Hub id, a folder or a GGUF file in this process.

    Raises InputError where the model, the server or the engine cannot be used.
    """
    name = read_aliases(settings.aliases).get(model, model)
    if settings.server is not None:
        return ServerBackend(name, settings.server)
    engine = settings.engine
    if engine == AUTO:
        engine = "vllm" if not name.endswith(".gguf") and _has_gpu_engine() else "transformers"
    if engine not in ENGINES:
        raise InputError(f"unknown engine '{engine}'", where="--engine", fix=f"use one of {', '.join((AUTO, *ENGINES))}")
    return import_module(ENGINES[engine]).open_engine(name, settings)


def read_aliases(path: Path | None = None) -> Mapping[str, str]:
    """Short names of models: those that ship, and those of a JSON file of the user's own."""
    names = read_json(Path(str(files("cytoscribe") / "llm" / "models.json")))
    if path is not None:
        own = read_json(path)
        if not isinstance(own, dict) or not all(isinstance(v, str) for v in own.values()):
            raise InputError("not an object of short name to model", where=path, fix='write {"mine": "org/model"}')
        names |= own
    return {k: v for k, v in names.items() if not k.startswith("_")}


def _has_gpu_engine() -> bool:
    if find_spec("vllm") is None:
        return False
    import torch

    return torch.cuda.is_available()
