"""Start vLLM as a server with the flags that suit captions, and wait until it answers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

from cytoscribe.core.errors import CytoscribeError, InputError
from cytoscribe.llm.client import Address, TransientError, get
from cytoscribe.llm.models import read_aliases


@dataclass(frozen=True)
class ServeSettings:
    """model: a Hub id, folder or short name; port: of 127.0.0.1; tensor_parallel: GPUs; max_model_len: tokens of prompt and answer;
    wait_s: how long the start may take; extra: more flags for vLLM."""

    model: str
    port: int = 8000
    tensor_parallel: int = 1
    max_model_len: int = 4096
    wait_s: float = 900.0
    python: str = field(default_factory=lambda: sys.executable)
    extra: tuple[str, ...] = ()


def command_of(settings: ServeSettings) -> list[str]:
    """The command line: the module and not `vllm serve`, since builds of vLLM under another name have no such script."""
    model = read_aliases().get(settings.model, settings.model)
    return [
        settings.python,
        "-m",
        "vllm.entrypoints.openai.api_server",
        *("--model", model, "--host", "127.0.0.1", "--port", str(settings.port)),
        *("--tensor-parallel-size", str(settings.tensor_parallel), "--max-model-len", str(settings.max_model_len)),
        "--enable-prefix-caching",
        *settings.extra,
    ]


def start(settings: ServeSettings, answers: Callable[[str], bool] | None = None) -> subprocess.Popen[bytes]:
    """The running server, once it answers. Raises InputError where vLLM is not installed, CytoscribeError where it does not start."""
    if settings.python == sys.executable and find_spec("vllm") is None:
        raise InputError(
            "vLLM is not installed", fix="install the extra 'vllm', or name another environment's python with --python"
        )
    process = subprocess.Popen(command_of(settings))
    try:
        _wait(process, f"http://127.0.0.1:{settings.port}/v1", settings.wait_s, answers or _answers)
    except BaseException:
        stop(process)
        raise
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, kindly and then for good."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, wait_s: float, answers: Callable[[str], bool]) -> None:
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        if process.poll() is not None:
            raise CytoscribeError(
                f"vLLM ended with code {process.returncode} before it was ready; see its own messages for the cause"
            )
        if answers(url):
            return
        time.sleep(0.5)
    raise CytoscribeError(f"vLLM did not answer at {url} within {wait_s:g} s; give it longer with --wait")


def _answers(url: str) -> bool:
    try:
        return get(Address(url, keyed=False), "models", 2.0).status == 200
    except TransientError:
        return False


def shown(command: Sequence[str]) -> str:
    """The command as one would type it."""
    import shlex

    return shlex.join(command)
