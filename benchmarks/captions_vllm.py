"""Throughput of the in-process vLLM backend against a bare `vllm.LLM.generate` over the same prompts, in one run.

Run it where vLLM is installed, on a mining run's folder:
    python benchmarks/captions_vllm.py --model DIR --descriptions DIR [--prompts 200] [--rounds 3] [--eager]
Prints new tokens a second of both, round by round in turn, and the ratio of the totals (wanted: 0.95 or more).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from captions.backends.base import Prompt
from captions.backends.in_vllm import EngineSettings, VllmBackend, token_ids
from captions.generate import GenerateSettings, make_recipe, read_material
from captions.plan import plan
from prompts.loader import load_prompts


def main() -> None:
    """Measure both in turn, so that a machine that grows busier slows both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--descriptions", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--eager", action="store_true")
    arguments = parser.parse_args()
    prompts = make_prompts(arguments.descriptions, arguments.prompts)
    backend = VllmBackend(arguments.model, EngineSettings(max_model_len=2048, eager=arguments.eager))
    list(backend.complete(prompts[:4]))
    totals = {"backend": [0.0, 0.0], "bare": [0.0, 0.0]}
    for number in range(arguments.rounds):
        for name, measure in (("backend", _ours), ("bare", _bare)):
            started = time.perf_counter()
            tokens = measure(backend, prompts)
            seconds = time.perf_counter() - started
            totals[name][0] += tokens
            totals[name][1] += seconds
            print(f"round {number + 1} {name:8s} {tokens:6d} tokens {seconds:7.1f} s {tokens / seconds:8.1f} tokens/s", flush=True)
    ratio = (totals["backend"][0] / totals["backend"][1]) / (totals["bare"][0] / totals["bare"][1])
    print(f"ratio {ratio:.3f}")


def make_prompts(descriptions: Path, count: int) -> list[Prompt]:
    """The prompts that generate-captions would ask, of all regions in turn."""
    settings = GenerateSettings(out=Path("unused"), descriptions=descriptions, models=("any",))
    material, prompts = read_material(settings), load_prompts()
    recipe = make_recipe(settings, prompts, material)
    units = material.units
    return [plan(units[i % len(units)], i // len(units), 0, recipe, material.scene, prompts, "any", "") for i in range(count)]


def _ours(backend: VllmBackend, prompts: list[Prompt]) -> int:
    return sum(c.completion_tokens for c in backend.complete(prompts))


def _bare(backend: VllmBackend, prompts: list[Prompt]) -> int:
    engine = backend.engine
    ids = [{"prompt_token_ids": token_ids(engine.get_tokenizer(), p)} for p in prompts]
    outputs = engine.generate(ids, [backend.sampling_params(p) for p in prompts], use_tqdm=False)
    return sum(len(o.outputs[0].token_ids) for o in outputs)


if __name__ == "__main__":
    main()
