"""Features of images and texts in batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cytoscribe.core.errors import InputError
from cytoscribe.training.model.encoding import image_features, reads_whole, view_of
from cytoscribe.training.settings import ImageOptions

PLAIN = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


class Corners(nn.Module):
    """Features are the four corners of the first channel."""

    def encode_image(self, images: Tensor) -> Tensor:
        return images[:, 0][:, [0, 0, -1, -1], [0, -1, 0, -1]]


def test_views_are_the_four_that_need_no_resampling() -> None:
    images = torch.arange(4.0).view(1, 1, 2, 2)
    seen = {tuple(view_of(images, view).flatten().tolist()) for view in range(4)}
    assert seen == {(0, 1, 2, 3), (1, 0, 3, 2), (3, 2, 1, 0), (2, 3, 0, 1)}


def test_four_views_make_features_that_mirroring_does_not_change() -> None:
    squares = np.random.default_rng(0).integers(1, 255, (3, 3, 4, 4), dtype=np.uint8)
    cpu = torch.device("cpu")
    plain = image_features(Corners(), squares, *PLAIN, cpu, batch=2)
    mirrored = image_features(Corners(), squares[..., ::-1].copy(), *PLAIN, cpu, batch=2)
    assert not torch.allclose(plain, mirrored, atol=1e-3)
    plain = image_features(Corners(), squares, *PLAIN, cpu, batch=2, views=4)
    mirrored = image_features(Corners(), squares[..., ::-1].copy(), *PLAIN, cpu, batch=2, views=4)
    assert torch.allclose(plain, mirrored, atol=1e-6)
    assert torch.allclose(plain.norm(dim=1), torch.ones(3))


def test_views_that_turn_are_refused_where_layers_have_a_direction() -> None:
    with pytest.raises(InputError, match="--views 3"):
        ImageOptions(views=3)
    with pytest.raises(InputError, match="upside down"):
        ImageOptions(views=4, laminar=True)
    assert ImageOptions(views=2, laminar=True).views == 2


def test_a_text_longer_than_the_context_is_noticed() -> None:
    import open_clip

    tokenize = open_clip.get_tokenizer("ViT-B-32")
    assert reads_whole(tokenize, ["a short text", "cell " * 60])
    assert not reads_whole(tokenize, ["a short text", "cell " * 100])
    assert reads_whole(tokenize, [])
