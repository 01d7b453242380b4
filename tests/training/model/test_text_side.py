"""Texts through a tower that learns or not: each caption's own features, in few shapes of batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cytoscribe.training.model.base_models import Base, load_base
from cytoscribe.training.model.text_side import STEP, TextSide

TEXTS = tuple(f"{word} cells" + " in rows" * (i % 3) for i, word in enumerate(["pale", "dark", "small", "large", "round", "thin"]))


@pytest.fixture(scope="module")
def base(bert_base: tuple[Path, Path]) -> Base:
    return load_base(str(bert_base[0]))


@pytest.mark.parametrize("frozen", [True, False])
def test_features_are_those_of_each_caption_alone(base: Base, frozen: bool) -> None:
    base.model.requires_grad_(not frozen)
    side = TextSide(base.model, base.tokenize, TEXTS, torch.device("cpu"))
    assert side.cached == frozen
    asked = np.array([3, 0, 3, 5])
    with torch.no_grad():
        together = side.features(asked)
        alone = [base.model.encode_text(base.tokenize([TEXTS[i]]), normalize=True)[0] for i in asked]
    assert (together - torch.stack(alone)).abs().max() < 1e-5


def test_a_tower_that_learns_meets_few_shapes(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    base.model.requires_grad_(True)
    side = TextSide(base.model, base.tokenize, TEXTS, torch.device("cpu"))
    met, real = [], base.model.encode_text
    monkeypatch.setattr(base.model, "encode_text", lambda tokens: (met.append(tuple(tokens.shape)), real(tokens))[1])
    for count in range(1, len(TEXTS) + 1):
        side.features(np.arange(count))
    assert all(rows % STEP == 0 and length % STEP == 0 for rows, length in met)
    assert len(set(met)) <= 3


def test_gradients_are_not_counted_twice_for_rows_that_fill_up(base: Base) -> None:
    base.model.requires_grad_(True)
    side = TextSide(base.model, base.tokenize, TEXTS, torch.device("cpu"))
    weight: Any = base.model.text.proj.weight

    def gradient(features: torch.Tensor) -> torch.Tensor:
        base.model.zero_grad()
        (features * torch.arange(features.shape[1])).sum().backward()
        return weight.grad.clone()

    plain = base.model.encode_text(base.tokenize([TEXTS[0], TEXTS[1]]), normalize=True)
    assert torch.allclose(gradient(side.features(np.array([0, 1]))), gradient(plain), atol=1e-5)
