"""Language models through transformers in this process: a Hub id, a folder, or a GGUF file (dequantised on loading)."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import console, say
from cytoscribe.llm.base import Completion, Request, messages
from cytoscribe.llm.settings import BackendSettings


class TransformersBackend:
    """Batched generation on the best device at hand; prompts are sorted by length, so that little padding is computed."""

    def __init__(self, model: str, batch_size: int = 16, device: str = "auto") -> None:
        self.name = Path(model).name if Path(model).exists() else model
        self.batch_size = batch_size
        self._source, self._device_wish = model, device
        self._model: Any = None
        self._tokenizer: Any = None
        self._said = False
        self._locate()

    def complete(self, prompts: Sequence[Request]) -> Iterator[Completion]:
        if not prompts:
            return
        self._load()
        if not self._said and any(p.schema for p in prompts):
            self._said = True
            say(f"note: {self.name} in transformers cannot be held to a form of answers; they are read as they come")
        ordered = sorted(prompts, key=lambda p: len(p.user))
        for start in range(0, len(ordered), self.batch_size):
            yield from self._batch(ordered[start : start + self.batch_size])

    def close(self) -> None:
        self._model = self._tokenizer = None

    def _locate(self) -> None:
        """Find out early that a path is wrong; a Hub id is looked up when the model loads."""
        path = Path(self._source)
        if path.suffix == ".gguf" and not path.is_file():
            raise InputError("no such GGUF file", where=path, fix="check --model")
        if path.is_dir() and not (path / "config.json").exists():
            ggufs = sorted(path.glob("*.gguf"))
            if len(ggufs) != 1:
                raise InputError(
                    "neither config.json nor one .gguf file", where=path, fix="name the .gguf file itself with --model"
                )
            self._source = str(ggufs[0])
        if self._source.endswith(".gguf") and find_spec("gguf") is None:
            raise InputError(
                "the package gguf, which reads this file, is not installed", where=self._source, fix="pip install gguf"
            )

    def _load(self) -> None:
        if self._model is not None:
            return
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        if not console.is_terminal:
            logging.disable_progress_bar()
        source, options = _source_of(self._source)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(source, padding_side="left", **options.get("tokenizer", {}))
            self._model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.bfloat16, **options.get("model", {}))
        except (OSError, ValueError, ImportError, LookupError, RuntimeError, struct.error) as error:  # the last of a file cut short
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise InputError(
                f"the model cannot be loaded ({first})",
                where=self._source,
                fix="give a Hub id, a model folder or a .gguf file",
            ) from error
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._model.to(self._device()).eval()

    def _device(self) -> str:
        import torch

        if self._device_wish != "auto":
            return self._device_wish
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"

    def _batch(self, prompts: Sequence[Request]) -> Iterator[Completion]:
        import torch

        started = time.perf_counter()
        sampling = prompts[0].sampling
        texts = [self._chat(p) for p in prompts]
        inputs = self._tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(self._model.device)
        torch.manual_seed(prompts[0].seed % 2**31)
        draw: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        if sampling.temperature > 0:
            draw = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p}
        with torch.inference_mode():
            output = self._model.generate(
                **inputs, max_new_tokens=sampling.max_new_tokens, pad_token_id=self._tokenizer.pad_token_id, **draw
            )
        new = output[:, inputs["input_ids"].shape[1] :]  # (B, T)
        seconds = (time.perf_counter() - started) / len(prompts)
        pad, ends = self._tokenizer.pad_token_id, self._ends()
        for prompt, mask, ids in zip(prompts, inputs["attention_mask"], new, strict=True):
            text = self._tokenizer.decode(ids, skip_special_tokens=True)
            cut = len(ids) == sampling.max_new_tokens and ends.isdisjoint(ids.tolist())
            yield Completion(prompt.key, text, int(mask.sum()), int((ids != pad).sum()), seconds, truncated=cut)

    def _ends(self) -> set[int]:
        """Tokens that end an answer, as the model's own settings and its tokenizer name them."""
        named = self._model.generation_config.eos_token_id
        several = named if isinstance(named, list) else [named]
        return {t for t in (*several, self._tokenizer.eos_token_id) if t is not None}

    def _chat(self, prompt: Request) -> str:
        if not getattr(self._tokenizer, "chat_template", None):
            return f"{prompt.system}\n\n{prompt.user}\n"
        try:
            return self._tokenizer.apply_chat_template(messages(prompt), tokenize=False, add_generation_prompt=True)
        except Exception:  # a template that knows no system role raises an error of Jinja's
            joined = [{"role": "user", "content": f"{prompt.system}\n\n{prompt.user}"}]
            return self._tokenizer.apply_chat_template(joined, tokenize=False, add_generation_prompt=True)


def open_engine(model: str, settings: BackendSettings) -> TransformersBackend:
    """The engine `transformers` of `--engine`."""
    return TransformersBackend(model, settings.batch_size)


def _source_of(model: str) -> tuple[str, dict[str, dict[str, Any]]]:
    path = Path(model)
    if path.suffix != ".gguf":
        return model, {}
    from transformers import GgufConfig

    file = {"gguf_file": path.name}
    return str(path.parent), {"tokenizer": file, "model": {**file, "quantization_config": GgufConfig(dequantize=True)}}
