"""The language model that speaks: an alias, a Hub name, a folder, a GGUF file, or a small one learned from the captions themselves."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from cytoscribe.core.digests import is_file
from cytoscribe.core.errors import InputError
from cytoscribe.core.hub import quickly
from cytoscribe.llm.models import read_aliases
from cytoscribe.training.captioner.settings import SMALL
from cytoscribe.training.model.base_models import DEFAULT_WEIGHTS, WEIGHTS_VARIABLE

EMBEDDED = "smollm2"
_EMBEDDED_FILES = "SmolLM2-135M-Instruct*.gguf"
_SMALL_VOCABULARY = 2048
_SMALL = {
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 512,
    "tie_word_embeddings": True,
}
_PAD, _START, _END = "<pad>", "<s>", "</s>"


@dataclass(frozen=True)
class Decoder:
    """A causal language model with its tokenizer. whole: all of its weights are trained, since it was drawn at random."""

    name: str
    model: Any
    tokenizer: Any
    whole: bool

    @property
    def end(self) -> int:
        """The token that ends a caption."""
        return int(self.tokenizer.eos_token_id)

    @property
    def pad(self) -> int:
        """The token that fills rows up."""
        pad = self.tokenizer.pad_token_id
        return self.end if pad is None else int(pad)

    def ids(self, text: str) -> list[int]:
        """Token ids of a text, without any that mark its start or end."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def text(self, ids: Sequence[int]) -> str:
        """The text of token ids, without those that mark its end."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True)).strip()


def open_decoder(
    name: str,
    texts: Sequence[str] = (),
    *,
    bf16: bool = False,
    four_bit: bool = False,
    seed: int = 0,
    aliases: Path | None = None,
) -> Decoder:
    """The decoder that `--llm` names.

    texts: what `tiny` learns its tokenizer from; bf16: hold frozen weights in bf16; four_bit: hold them in 4 bits on the GPU. Raises
    InputError where there is no such model, and for 4 bits where bitsandbytes or a GPU is missing.
    """
    if four_bit:
        _check_four_bit(name)
    if name == SMALL:
        return small_decoder(texts, seed)
    source = _located(name, aliases)
    tokenizer, model = _loaded(source, torch.bfloat16 if bf16 else torch.float32, four_bit)
    return Decoder(name, model, tokenizer, whole=False)


def small_decoder(texts: Sequence[str], seed: int) -> Decoder:
    """A Llama of about a million weights, drawn at random, with a tokenizer made from the texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    made.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=_SMALL_VOCABULARY, special_tokens=[_PAD, _START, _END], initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(sorted(set(texts)), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, bos_token=_START, eos_token=_END, pad_token=_PAD)
    torch.manual_seed(seed)
    ids = {"pad_token_id": tokenizer.pad_token_id, "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **_SMALL, **ids))  # type: ignore[arg-type]
    return Decoder(SMALL, model, tokenizer, whole=True)


def small_from(folder: Path) -> Decoder:
    """The small decoder as `save_small` wrote it, weights drawn at random: those that were learned come with the captioner's own."""
    from transformers import AutoConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    try:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        model = LlamaForCausalLM(AutoConfig.from_pretrained(folder))  # type: ignore[arg-type]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("no decoder can be read here", where=folder, fix="train the captioner again") from error
    return Decoder(SMALL, model, tokenizer, whole=True)


def save_small(decoder: Decoder, folder: Path) -> None:
    """Write tokenizer and config; the weights are among the captioner's own."""
    folder.mkdir(parents=True, exist_ok=True)
    decoder.tokenizer.save_pretrained(folder)
    decoder.model.config.save_pretrained(folder)


def _located(name: str, aliases: Path | None) -> str:
    """A path or Hub name; the embedded model comes from the folder of weights where a file of it lies there."""
    if name == EMBEDDED:
        folder = Path(os.environ.get(WEIGHTS_VARIABLE) or DEFAULT_WEIGHTS).expanduser()
        found = sorted(folder.glob(_EMBEDDED_FILES)) or sorted(DEFAULT_WEIGHTS.expanduser().glob(_EMBEDDED_FILES))
        if found:
            return str(found[0])
    source = read_aliases(aliases).get(name, name)
    path = Path(source)
    if path.suffix == ".gguf" and not is_file(path):
        raise InputError("no such GGUF file", where=path, fix="check --llm")
    if path.is_dir() and not (path / "config.json").exists():
        ggufs = sorted(path.glob("*.gguf"))
        if len(ggufs) != 1:
            raise InputError("neither config.json nor one .gguf file", where=path, fix="name the .gguf file itself with --llm")
        return str(ggufs[0])
    return source


def _check_four_bit(name: str) -> None:
    if name == SMALL or name.endswith(".gguf"):
        raise InputError(f"--four-bit has no effect on '{name}'", fix="leave it out")
    if find_spec("bitsandbytes") is None:
        raise InputError("--four-bit needs the package bitsandbytes", fix="pip install bitsandbytes, or leave it out")
    if not torch.cuda.is_available():
        raise InputError("--four-bit needs a GPU", fix="leave it out")


def _loaded(source: str, dtype: torch.dtype, four_bit: bool) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    path, more = Path(source), {}
    place = source
    quantised: dict[str, Any] = {}
    if path.suffix == ".gguf":
        from transformers import GgufConfig

        place, more = str(path.parent), {"gguf_file": path.name}
        quantised = {"quantization_config": GgufConfig(dequantize=True)}
    if four_bit and not more:
        from transformers import BitsAndBytesConfig

        form = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)
        quantised = {"quantization_config": form, "device_map": {"": 0}}
    try:
        with quickly():
            tokenizer = AutoTokenizer.from_pretrained(place, **more)
            model = AutoModelForCausalLM.from_pretrained(place, dtype=dtype, **more, **quantised)
    except (OSError, ValueError, ImportError, LookupError, RuntimeError, struct.error) as error:
        first = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
        fix = f"give a Hub name, a folder, a .gguf file, or {SMALL} (needs no download)"
        raise InputError(f"the language model cannot be loaded ({first})", where=source, fix=fix) from error
    if tokenizer.eos_token_id is None:
        raise InputError("the tokenizer has no token that ends a text", where=source, fix="give another --llm")
    return tokenizer, model.eval()
