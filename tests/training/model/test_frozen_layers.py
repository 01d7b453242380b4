"""Lower layers that no training changes: the rest of the tower, started from what they gave, answers as the whole tower does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from cytoscribe.training.loop import as_in_use
from cytoscribe.training.model import text_side
from cytoscribe.training.model.base_models import Base, load_base
from cytoscribe.training.model.frozen_layers import FrozenLayers, KeptStates, frozen_layers
from cytoscribe.training.model.text_side import TextSide

TEXTS = ("pale cells", "dark cells in rows of many small and round cells", "small", "no cells at all")


@pytest.fixture
def base(bert_base: tuple[Path, Path]) -> Base:
    base = load_base(str(bert_base[0]))
    base.model.requires_grad_(True)
    as_in_use(base.model)
    return base


def freeze(base: Base, layers: int) -> FrozenLayers:
    transformer = base.model.text.transformer
    transformer.embeddings.requires_grad_(False)
    for layer in transformer.encoder.layer[:layers]:
        layer.requires_grad_(False)
    found = frozen_layers(base.model.text)
    assert found is not None
    return found


def test_the_rest_answers_as_the_whole_tower(base: Base) -> None:
    layers = freeze(base, 1)
    assert layers.depth == 1
    tower, pad = base.model.text, base.model.text.config.pad_token_id
    tokens = base.tokenize(list(TEXTS))
    mask = (tokens != pad).long()
    kept = KeptStates(layers, tokens, mask.sum(1), pad, torch.device("cpu"))
    every = list(tower.transformer.encoder.layer)
    hidden, own_mask = kept.padded(torch.tensor([3, 1]), tokens.shape[1])
    with torch.no_grad():
        whole = tower.transformer(input_ids=tokens, attention_mask=mask).last_hidden_state[[3, 1]]
        rest = layers.rest(hidden, own_mask).last_hidden_state
    assert torch.equal(own_mask, mask[[3, 1]])
    assert (whole - rest)[own_mask.bool()].abs().max() < 1e-5
    assert list(tower.transformer.encoder.layer) == every
    assert type(tower.transformer.embeddings).__name__ == "BertEmbeddings"


def test_a_tower_without_frozen_layers_has_none(base: Base) -> None:
    assert frozen_layers(base.model.text) is None  # everything learns
    base.model.text.transformer.embeddings.requires_grad_(False)
    assert frozen_layers(base.model.text) is None  # the embeddings alone save nothing
    base.model.requires_grad_(False)
    assert frozen_layers(base.model.text) is None  # nothing learns: the whole tower is remembered elsewhere
    assert frozen_layers(object()) is None


def test_gradients_do_not_depend_on_keeping(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    freeze(base, 1)
    weight = base.model.text.transformer.encoder.layer[1].output.dense.weight

    def gradient(keep_bytes: int) -> torch.Tensor:
        monkeypatch.setattr(text_side, "KEEP_BYTES", keep_bytes)
        weight.grad = None
        features = TextSide(base.model, base.tokenize, TEXTS, torch.device("cpu")).features(torch.tensor([2, 0, 1, 2]).numpy())
        (features * torch.arange(features.shape[1])).sum().backward()
        assert weight.grad is not None
        return weight.grad.clone()

    kept, run_anew = gradient(2**30), gradient(0)
    assert kept.abs().max() > 0
    assert torch.allclose(kept, run_anew, atol=1e-5)


def test_nothing_is_kept_while_dropout_shakes_the_layers(base: Base) -> None:
    freeze(base, 1)
    side = TextSide(base.model, base.tokenize, TEXTS, torch.device("cpu"))
    base.model.text.transformer.embeddings.train()
    side.features(torch.tensor([0]).numpy())
    assert side._states is None
