"""Throughput of the server route against the server's own benchmark, `vllm bench serve`, at the same concurrency.

Both send the same prompts with the same sampling to the same server; the sides take turns, in changing order.

    python benchmarks/captions_server.py --model DIR --descriptions DIR --python VLLM_PYTHON [--prompts 64] [--concurrency 16] [--rounds 5]

Starts `serve-llm` with the Python of an environment that has vLLM, and prints new tokens a second of both and the ratio with a 95%
bootstrap interval over the rounds (wanted: 0.9 or more).
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from captions_vllm import make_prompts, print_ratio

from cytoscribe.captions.backends.base import Prompt
from cytoscribe.captions.serve import ServeSettings, start, stop
from cytoscribe.llm.base import Sampling, messages
from cytoscribe.llm.server import ServerBackend, ServerSettings

_BENCH_SERVE = (
    "import argparse; from vllm.benchmarks.serve import add_cli_args, main; "
    "parser = argparse.ArgumentParser(); add_cli_args(parser); main(parser.parse_args())"
)
"""`vllm bench serve`, without the script that builds of vLLM under another name lack."""


@dataclass(frozen=True)
class Bench:
    """What both sides share. url: of the server, without /v1; name: of the model there."""

    url: str
    name: str
    model: Path
    python: str
    concurrency: int


def main() -> None:
    """Measure both in turn, so that a machine that grows busier slows both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of the model")
    parser.add_argument("--descriptions", type=Path, required=True, help="folder of a mining run")
    parser.add_argument("--python", required=True, help="Python of the environment that has vLLM")
    parser.add_argument("--prompts", type=int, default=64, help="prompts a round")
    parser.add_argument("--concurrency", type=int, default=16, help="requests in flight")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, each of both sides")
    parser.add_argument("--flag", action="append", default=[], help="another flag for the server, e.g. --flag=--enforce-eager")
    arguments = parser.parse_args()
    prompts = make_prompts(arguments.descriptions, arguments.prompts)
    with tempfile.TemporaryDirectory() as scratch, _serving(arguments) as bench:
        data = _write_prompts(Path(scratch) / "prompts.jsonl", prompts, arguments.model)
        sides = {"backend": lambda: _ours(bench, prompts), "bench serve": lambda: _theirs(bench, data, len(prompts))}
        _ours(bench, prompts[:8])  # warms the server
        speeds: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(arguments.rounds):
            for name in sorted(sides, reverse=bool(number % 2)):
                tokens, seconds = sides[name]()
                speeds[name].append(tokens / seconds)
                print(
                    f"round {number + 1} {name:11s} {tokens:6d} tokens {seconds:7.1f} s {tokens / seconds:8.1f} tokens/s",
                    flush=True,
                )
    print_ratio(speeds["backend"], speeds["bench serve"])


@contextmanager
def _serving(arguments: argparse.Namespace) -> Iterator[Bench]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = (f"--served-model-name={arguments.model.name}", *arguments.flag)
    process = start(ServeSettings(str(arguments.model), port, max_model_len=2048, python=arguments.python, extra=flags))
    try:
        yield Bench(f"http://127.0.0.1:{port}", arguments.model.name, arguments.model, arguments.python, arguments.concurrency)
    finally:
        stop(process)


def _write_prompts(path: Path, prompts: Sequence[Prompt], model: Path) -> Path:
    """The prompts as the server's chat template writes them: its benchmark sends plain completions."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    texts = [tokenizer.apply_chat_template(messages(p), tokenize=False, add_generation_prompt=True) for p in prompts]
    path.write_text("".join(json.dumps({"prompt": t}) + "\n" for t in texts), encoding="utf-8")
    return path


def _ours(bench: Bench, prompts: Sequence[Prompt]) -> tuple[int, float]:
    """(new tokens, seconds) of the backend."""
    backend = ServerBackend(bench.name, ServerSettings(f"{bench.url}/v1", bench.concurrency))
    started = time.perf_counter()
    done = list(backend.complete(prompts))
    seconds = time.perf_counter() - started
    failed = [c.error for c in done if c.error]
    if failed:
        raise SystemExit(f"a request failed: {failed[0]}")
    return sum(c.completion_tokens for c in done), seconds


def _theirs(bench: Bench, data: Path, count: int) -> tuple[int, float]:
    """(new tokens, seconds) that the server's own benchmark reports of itself."""
    sampling = Sampling()
    result = data.with_name("result.json")
    command = [
        *(bench.python, "-c", _BENCH_SERVE),
        *("--backend", "openai", "--base-url", bench.url, "--endpoint", "/v1/completions"),
        *("--model", bench.name, "--tokenizer", str(bench.model)),
        *("--dataset-name", "custom", "--dataset-path", str(data), "--skip-chat-template", "--disable-shuffle"),
        *("--custom-output-len", str(sampling.max_new_tokens), "--num-prompts", str(count)),
        *("--max-concurrency", str(bench.concurrency), "--temperature", str(sampling.temperature), "--top-p", str(sampling.top_p)),
        *("--save-result", "--result-dir", str(result.parent), "--result-filename", result.name),
    ]
    told = subprocess.run(command, capture_output=True, text=True)
    if told.returncode or not result.exists():
        raise SystemExit(f"{' '.join(command)}\n{told.stdout[-2000:]}\n{told.stderr[-2000:]}")
    measured = json.loads(result.read_text(encoding="utf-8"))
    if measured["completed"] != count:
        raise SystemExit(f"the server's benchmark completed {measured['completed']} of {count} requests")
    return int(measured["total_output_tokens"]), float(measured["duration"])


if __name__ == "__main__":
    main()
