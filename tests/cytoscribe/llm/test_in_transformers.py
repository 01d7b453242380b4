"""Transformers in this process: a tiny model made here writes, and what it cannot do is said."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.llm.base import Question, Sampling
from cytoscribe.llm.in_transformers import TransformersBackend
from cytoscribe.llm.models import BackendSettings, open_model

WORDS = ["layer", "cells", "is", "the", "area", "absent", "iv", "v"]


def write_model(folder: Path, says: int) -> Path:
    """A causal language model of one layer whose every next token is number `says`: 0 ends the answer."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokens = {w: i for i, w in enumerate(["<end>", "<unknown>", *WORDS])}
    words = Tokenizer(models.WordLevel(tokens, unk_token="<unknown>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<end>", unk_token="<unknown>").save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=len(tokens) + len(tokens) % 2,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        eos_token_id=0,
        bos_token_id=None,
        tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    model = LlamaForCausalLM(config)
    with torch.no_grad():  # every hidden state is all ones, and one row of the head answers to it
        model.model.embed_tokens.weight[:] = 1.0
        for parameter in model.model.layers.parameters():
            parameter[:] = 0.0
        model.lm_head.weight[:] = 0.0
        model.lm_head.weight[says] = 1.0
    model.save_pretrained(folder)
    return folder


def _questions(count: int, schema: dict[str, Any] | None = None) -> list[Question]:
    sampling = Sampling(temperature=0.0, max_new_tokens=5)
    return [Question(str(n), "the area", "layer iv is absent" + " v" * n, sampling, schema) for n in range(count)]


@pytest.mark.slow
def test_answers_are_whole_or_said_to_be_cut_off(tmp_path: Path) -> None:
    ended = TransformersBackend(str(write_model(tmp_path / "ends", 0)), batch_size=2)
    running = TransformersBackend(str(write_model(tmp_path / "runs", 2)), batch_size=2)
    prompts = _questions(3)
    assert {(c.key, c.text, c.truncated) for c in ended.complete(prompts)} == {(k, "", False) for k in "012"}
    told = list(running.complete(prompts))
    assert {(c.key, c.text, c.truncated, c.completion_tokens) for c in told} == {
        (k, " ".join(["layer"] * 5), True, 5) for k in "012"
    }
    assert [c.prompt_tokens for c in told] == [6, 7, 8]


def test_a_form_of_answers_is_not_to_be_had_and_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backend = TransformersBackend(str(write_model(tmp_path / "runs", 2)))
    formed = _questions(2, {"type": "object"})
    assert len([*backend.complete(formed), *backend.complete(formed)]) == 4
    assert capsys.readouterr().err.count("cannot be held to a form of answers") == 1


def test_a_gguf_file_without_its_reader_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    real = importlib.util.find_spec
    monkeypatch.setattr("cytoscribe.llm.in_transformers.find_spec", lambda name: None if name == "gguf" else real(name))
    with pytest.raises(
        InputError, match=r"model\.gguf: the package gguf, which reads this file, is not installed; pip install gguf"
    ):
        open_model(str(path), BackendSettings())


def test_a_gguf_file_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF but no more")
    with pytest.raises(InputError, match=r"model\.gguf: the model cannot be loaded"):
        list(open_model(str(path), BackendSettings()).complete(_questions(1)))
