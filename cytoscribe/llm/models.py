"""From the name that `--model` gives to the language model that answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.llm.base import LanguageModel
from cytoscribe.llm.in_vllm import EngineSettings, VllmBackend
from cytoscribe.llm.server import ServerBackend, ServerSettings

EngineName = Literal["auto", "vllm", "transformers"]


@dataclass(frozen=True)
class BackendSettings:
    """How models are run. server: by URL, None for in this process; engine: which one in this process ("auto": vLLM where it is
    installed and a GPU is there); aliases: a file of short names beside those that ship."""

    server: ServerSettings | None = None
    engine: EngineName = "auto"
    vllm: EngineSettings = field(default_factory=EngineSettings)
    batch_size: int = 16
    aliases: Path | None = None


def open_model(model: str, settings: BackendSettings) -> LanguageModel:
    """A model of the server ("" for its only one), or a Hub id, a folder or a GGUF file in this process.

    Raises InputError where the model, the server or the engine cannot be used.
    """
    name = read_aliases(settings.aliases).get(model, model)
    if settings.server is not None:
        return ServerBackend(name, settings.server)
    if settings.engine == "vllm" or (settings.engine == "auto" and not name.endswith(".gguf") and _has_gpu_engine()):
        return VllmBackend(name, settings.vllm)
    from cytoscribe.llm.in_transformers import TransformersBackend

    return TransformersBackend(name, settings.batch_size)


def engine_name(text: str) -> EngineName:
    """The engine that `--engine` names. Raises InputError where there is none of that name."""
    for name in get_args(EngineName):
        if text == name:
            return name
    raise InputError(f"unknown engine '{text}'", where="--engine", fix=f"use one of {', '.join(get_args(EngineName))}")


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
