"""Throughput of the in-process vLLM backend against a bare `vllm.LLM.generate` over the same prompts, in one run.

Run it where vLLM is installed, on a mining run's folder:
    python benchmarks/captions_vllm.py --model DIR --descriptions DIR [--prompts 64] [--rounds 5] [--eager]
Prints new tokens a second of both, in turn and in changing order, and the ratio with a 95% bootstrap interval over the rounds
(wanted: 0.95 or more).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from cytoscribe.captions.backends.base import Prompt
from cytoscribe.captions.generation import GenerateSettings, make_recipe, read_material
from cytoscribe.captions.plan import plan
from cytoscribe.llm.in_vllm import EngineSettings, VllmBackend, token_ids
from cytoscribe.prompts.loader import load_prompts


def main() -> None:
    """Measure both in turn, so that a machine that grows busier slows both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--descriptions", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=64, help="prompts a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, each of both sides")
    parser.add_argument("--eager", action="store_true", help="vLLM does not compile")
    arguments = parser.parse_args()
    prompts = make_prompts(arguments.descriptions, arguments.prompts)
    backend = VllmBackend(arguments.model, EngineSettings(max_model_len=2048, eager=arguments.eager))
    for measure in (_ours, _bare):  # warms the prefix cache and whatever is compiled late
        measure(backend, prompts[:8])
    sides = {"backend": _ours, "bare": _bare}
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(arguments.rounds):
        for name in sorted(sides, reverse=bool(number % 2)):
            started = time.perf_counter()
            tokens = sides[name](backend, prompts)
            seconds = time.perf_counter() - started
            speeds[name].append(tokens / seconds)
            print(f"round {number + 1} {name:8s} {tokens:6d} tokens {seconds:7.1f} s {tokens / seconds:8.1f} tokens/s", flush=True)
    print_ratio(speeds["backend"], speeds["bare"])


def print_ratio(ours: list[float], theirs: list[float]) -> None:
    """The ratio of mean speeds, with an interval from drawing rounds (pairs of both sides) with replacement."""
    pairs = np.asarray([ours, theirs])  # (2, rounds)
    drawn = np.random.default_rng(0).integers(0, pairs.shape[1], (2000, pairs.shape[1]))
    ratios = pairs[0][drawn].mean(axis=1) / pairs[1][drawn].mean(axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    print(f"ratio {pairs[0].mean() / pairs[1].mean():.3f} [{low:.3f}, {high:.3f}], {pairs.shape[1]} rounds")


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
