"""vLLM in this process: continuous batching, prefix caching, tensor parallel; completions are handed on as each is finished."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.llm.base import Completion, Request, messages
from cytoscribe.llm.settings import BackendSettings, EngineSettings


class VllmBackend:
    """One `vllm.LLM`; it starts on the first batch."""

    def __init__(self, model: str, settings: EngineSettings | None = None) -> None:
        self.name = Path(model).name if Path(model).exists() else model
        self.settings = settings or EngineSettings()
        self._source = model
        self._llm: Any = None
        self._count = 0
        _check_installed()

    def complete(self, prompts: Sequence[Request]) -> Iterator[Completion]:
        if not prompts:
            return
        engine, tokenizer = self._engine()
        started: dict[str, tuple[Request, float]] = {}
        for prompt in prompts:
            self._count += 1
            ids = token_ids(tokenizer, prompt)
            limit = self._llm.model_config.max_model_len - prompt.sampling.max_new_tokens
            if len(ids) > limit:
                yield Completion(prompt.key, "", len(ids), error=f"the prompt has {len(ids)} tokens where {limit} fit")
                continue
            engine.add_request(str(self._count), {"prompt_token_ids": ids}, self.sampling_params(prompt))
            started[str(self._count)] = (prompt, time.perf_counter())
        while engine.has_unfinished_requests():
            for output in engine.step():
                if output.finished:
                    prompt, begun = started.pop(str(output.request_id).split("-")[0])
                    yield _completion(prompt, output, time.perf_counter() - begun)

    def close(self) -> None:
        self._llm = None

    def _engine(self) -> tuple[Any, Any]:
        if self._llm is None:
            from vllm import LLM  # pyright: ignore[reportMissingImports]

            try:
                self._llm = LLM(
                    model=self._source,
                    tensor_parallel_size=self.settings.tensor_parallel,
                    max_model_len=self.settings.max_model_len or None,
                    gpu_memory_utilization=self.settings.memory_share,
                    enforce_eager=self.settings.eager,
                    enable_prefix_caching=True,
                    disable_log_stats=True,
                )
            except (OSError, ValueError, RuntimeError) as error:
                first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
                fix = "check --model, or use --engine transformers"
                raise InputError(f"vLLM cannot start ({first})", where=self._source, fix=fix) from error
        return self._llm.llm_engine, self._llm.get_tokenizer()

    @property
    def engine(self) -> Any:
        """The `vllm.LLM` itself, started where it is not yet."""
        self._engine()
        return self._llm

    def sampling_params(self, prompt: Request) -> Any:
        """vLLM's own form of the prompt's sampling. It carries no seed: batching makes seeds worthless, so answers are stored."""
        from vllm import SamplingParams  # pyright: ignore[reportMissingImports]
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams  # pyright: ignore[reportMissingImports]

        sampling = prompt.sampling
        return SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_new_tokens,
            output_kind=RequestOutputKind.FINAL_ONLY,
            structured_outputs=StructuredOutputsParams(json=dict(prompt.schema)) if prompt.schema else None,
        )


def open_engine(model: str, settings: BackendSettings) -> VllmBackend:
    """The engine `vllm` of `--engine`."""
    return VllmBackend(model, settings.vllm)


def _check_installed() -> None:
    from importlib.util import find_spec

    if find_spec("vllm") is None:
        raise InputError("vLLM is not installed", fix="install the extra 'vllm', or use --engine transformers")


def token_ids(tokenizer: Any, prompt: Request) -> list[int]:
    """The prompt as the model's chat template writes it, in tokens."""
    if not getattr(tokenizer, "chat_template", None):
        return list(tokenizer.encode(f"{prompt.system}\n\n{prompt.user}\n"))
    encoded = tokenizer.apply_chat_template(messages(prompt), tokenize=True, add_generation_prompt=True, return_dict=True)
    return list(encoded["input_ids"])


def _completion(prompt: Request, output: Any, seconds: float) -> Completion:
    best = output.outputs[0]
    return Completion(
        prompt.key,
        best.text,
        len(output.prompt_token_ids or ()),
        len(best.token_ids),
        seconds,
        truncated=best.finish_reason == "length",
    )
