"""`serve-llm`: a vLLM server for captions on this machine."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer


def serve_llm(
    model: Annotated[str, typer.Argument(help="Hub id, model folder or short name (llama, qwen, mistral, gemma).")],
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")] = 8000,
    tensor_parallel: Annotated[int, typer.Option("--tensor-parallel", min=1, help="GPUs that share the model.")] = 1,
    max_model_len: Annotated[int, typer.Option("--max-model-len", min=256, help="Tokens of prompt and answer together.")] = 4096,
    wait: Annotated[float, typer.Option("--wait", min=1.0, help="Seconds to wait for the server to start.")] = 900.0,
    python: Annotated[str, typer.Option("--python", help="Interpreter with vLLM; empty: this one.")] = "",
    extra: Annotated[list[str] | None, typer.Option("--flag", help="One more flag for vLLM, e.g. --flag=--enforce-eager.")] = None,
) -> None:
    """Start vLLM with the flags that suit captions, say when it answers, and run until Ctrl-C or SIGTERM."""
    from cytoscribe.captions.serve import ServeSettings, command_of, shown, start, stop
    from cytoscribe.core.progress import say

    settings = ServeSettings(model, port, tensor_parallel, max_model_len, wait, python or sys.executable, tuple(extra or ()))
    say(shown(command_of(settings)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # a service manager's stop must end vLLM too, not this process alone
    process = start(settings)
    try:
        typer.echo(f"ready: generate-captions --endpoint http://127.0.0.1:{port}/v1 ...")
        process.wait()
    finally:
        stop(process)
