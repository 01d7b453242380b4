"""Tiny decoders with random weights, a tokenizer made here, and a captioner trained on drawn patterns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from cytoscribe.training.captioner.decoder import Decoder
from cytoscribe.training.captioner.model import CaptionerNet
from cytoscribe.training.captioner.resampler import Seen, Shape
from cytoscribe.training.captioner.settings import Adapter, CaptionerSettings, Schedule
from tests.training.conftest import KINDS

TEXTS = ["The region in the image, named and described: striped: It shows lines.", "pale: The ground is light. unseen"]
SHAPE = Shape(tokens=5, width=6, vector=4)
SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}


def tiny_decoder(kind: str = "llama", seed: int = 0) -> Decoder:
    """A decoder of two layers with random weights, frozen as one from the Hub would be."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import (
        LlamaConfig,
        LlamaForCausalLM,
        MistralConfig,
        MistralForCausalLM,
        PreTrainedTokenizerFast,
        Qwen2Config,
        Qwen2ForCausalLM,
    )

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    made.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(TEXTS, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")
    torch.manual_seed(seed)
    kinds: dict[str, Any] = {
        "llama": (LlamaConfig, LlamaForCausalLM),
        "mistral": (MistralConfig, MistralForCausalLM),
        "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    }
    config, model = kinds[kind]
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    return Decoder(kind, model(config(vocab_size=len(tokenizer), **SMALL, **ids)).eval(), tokenizer, whole=False)


def opened(net: CaptionerNet) -> CaptionerNet:
    """The same network with its gates open, as training leaves them."""
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if ".gate" in name:
                parameter.fill_(0.7)
    return net.eval()


def images(count: int, seed: int = 0) -> Seen:
    """Encoded images, drawn."""
    generator = torch.Generator().manual_seed(seed)
    return Seen(
        torch.randn(count, SHAPE.tokens, SHAPE.width, generator=generator), torch.randn(count, SHAPE.vector, generator=generator)
    )


@pytest.fixture
def decoder() -> Decoder:
    return tiny_decoder()


@pytest.fixture
def net(decoder: Decoder) -> CaptionerNet:
    """A network over the tiny decoder, as training begins."""
    torch.manual_seed(1)
    return CaptionerNet(decoder.model, SHAPE, Adapter(latents=2, width=16, layers=1)).eval()


def write_grids(folder: Path, table: Path) -> Path:
    """Token grids (4, 6) of the drawn patterns, as a lab's own encoder would give them: the kind and noise."""
    import numpy as np

    from cytoscribe.core.tables import read_images

    rng, records = np.random.default_rng(0), read_images(table)
    kinds = list(KINDS)
    made = rng.normal(0, 0.2, (len(records), 4, 6)).astype(np.float32)
    for row, record in enumerate(records):
        made[row, :, kinds.index(record.region)] += 2.0
    path = folder / "grids.npz"
    np.savez(path, image_path=np.array([r.path.name for r in records]), embedding=made)
    return path


def tiny_settings(drawn: tuple[Path, Path], grids: Path, out: Path, llm: Path, **schedule: Any) -> CaptionerSettings:
    """Settings of a training run that takes a second or two."""
    table, captions = drawn
    chosen: dict[str, Any] = {
        "epochs": 6,
        "batch_size": 8,
        "label_epochs": 1,
        "sight_epochs": 1,
        "least_steps": 0,
        "learning_rate": 2e-3,
        "checkpoint_steps": 1,
        **schedule,
    }
    return CaptionerSettings(
        images=table,
        captions=(captions,),
        out=out,
        embeddings=grids,
        llm=str(llm),
        alpha=0.2,
        precision="fp32",
        adapter=Adapter(latents=2, width=32, layers=1),
        schedule=Schedule(**chosen),
    )


@pytest.fixture(scope="session")
def llm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny decoder as a Hugging Face folder."""
    folder = tmp_path_factory.mktemp("llm")
    decoder = tiny_decoder()
    decoder.model.save_pretrained(folder)
    decoder.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def grids(drawn: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_grids(tmp_path_factory.mktemp("grids"), drawn[0])


@pytest.fixture(scope="session")
def trained(drawn: tuple[Path, Path], grids: Path, tmp_path_factory: pytest.TempPathFactory) -> CaptionerSettings:
    """A captioner with a decoder of its own, small enough to be learned in a few seconds."""
    from cytoscribe.training.captioner import decoder
    from cytoscribe.training.captioner.fit import train

    settings = tiny_settings(
        drawn, grids, tmp_path_factory.mktemp("fit") / "captioner", Path("tiny"), label_epochs=24, epochs=6, checkpoint_steps=500
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder, "_SMALL", {**SMALL, "tie_word_embeddings": True})
        patch.setattr(decoder, "_SMALL_VOCABULARY", 300)
        train(settings)
    return settings
