"""How and where a language model runs. Each field's metadata is its option on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cytoscribe.core.options import group, option

AUTO = "auto"
ENGINES = {"vllm": "cytoscribe.llm.in_vllm", "transformers": "cytoscribe.llm.in_transformers"}
"""Engine to the module whose `open_engine(model, settings)` opens it; the module is imported only then."""
RUNNING = "Where a language model runs"


@dataclass(frozen=True)
class Sampling:
    """How a language model draws. temperature 0 is greedy; max_new_tokens bounds the answer."""

    temperature: float = field(
        default=0.8, metadata=option("Sampling temperature of a language model. 0: greedy.", least=0.0, most=2.0)
    )
    top_p: float = 0.95
    max_new_tokens: int = 160


@dataclass(frozen=True)
class ServerSettings:
    """endpoint: base URL with its /v1; timeout_s: of one request, from the first byte sent to the last received; retries: of one
    request, with doubling waits; patience_s: how long to wait for a server that refuses connections; send_seed: a seed with each
    request, which some servers cannot take (vLLM 0.32 without a GPU crashes) and none honours under batching: every answer is
    stored instead."""

    endpoint: str = field(
        metadata=option(
            "URL of an OpenAI-compatible server (http://host:8000/v1), its key in CYTO_API_KEY. Default: run in this process."
        ),
    )
    concurrency: int = field(default=32, metadata=option("Simultaneous requests to a server.", least=1))
    timeout_s: float = field(default=120.0, metadata=option("Seconds a request to a server may take.", flag="--timeout", least=1.0))
    retries: int = field(default=6, metadata=option("Retries of a failed request, with doubling waits.", least=0))
    patience_s: float = field(
        default=180.0,
        metadata=option("Seconds to wait for a server that went away. 0: end the run at once.", flag="--patience", least=0.0),
    )
    send_seed: bool = False


@dataclass(frozen=True)
class EngineSettings:
    """vLLM in this process. tensor_parallel: GPUs that share the model; max_model_len: longest prompt and answer together, 0 for the
    model's own; memory_share: of each GPU's memory; eager: no compilation, quicker to start and slower to run."""

    tensor_parallel: int = field(default=1, metadata=option("GPUs that share one model (vLLM).", least=1))
    max_model_len: int = 4096
    memory_share: float = 0.9
    eager: bool = field(default=False, metadata=option("Do not compile (vLLM): quicker to start, slower to run. Off by default."))


def _server_given(values: Mapping[str, Any]) -> bool:
    return bool(values.get("--endpoint"))


@dataclass(frozen=True)
class BackendSettings:
    """How models are run. server: by URL, None for in this process; engine: which one in this process (`auto`: vLLM if it is installed
    and there is a GPU); aliases: a file of short names beside those that ship."""

    server: ServerSettings | None = field(default=None, metadata=group(when=_server_given))
    engine: str = field(
        default=AUTO,
        metadata=option("Engine in this process; auto: vLLM if it is installed and there is a GPU.", choices=(AUTO, *ENGINES)),
    )
    vllm: EngineSettings = field(default_factory=EngineSettings)
    batch_size: int = field(default=16, metadata=option("Prompts per batch (transformers).", least=1))
    aliases: Path | None = field(default=None, metadata=option("JSON file of your own short model names."))
