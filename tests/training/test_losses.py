"""Losses that know which pairs are true: values checked against the formulas, on small numbers."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from cytoscribe.core.errors import InputError
from cytoscribe.training.losses import WHOLE_SCALE, contrast, image_contrast, positives_first, to_regions, whole_contrast
from cytoscribe.training.settings import HARD_WEIGHT, REGION_POSITIVES, Objective


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_one_positive_a_row_is_cross_entropy() -> None:
    logits = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    expected = functional.cross_entropy(logits, torch.arange(5))
    assert positives_first(logits, torch.eye(5, dtype=torch.bool)) == pytest.approx(expected.item(), abs=1e-6)


def test_plain_clip_equals_open_clip() -> None:
    from open_clip.loss import ClipLoss

    images, texts, scale = unit(6, 8, seed=2), unit(6, 8, seed=3), torch.tensor(10.0)
    everything = torch.ones(6, 6, dtype=torch.bool)
    ours = contrast(images, texts, scale, everything, None, Objective("clip"))
    assert ours.item() == pytest.approx(ClipLoss()(images, texts, scale).item(), abs=1e-6)


def test_true_pairs_are_not_pushed_apart() -> None:
    """Two images and captions of one region: plain InfoNCE punishes the cross pairs, the label loss is at its optimum."""
    images = texts = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    same = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    scale = torch.tensor(50.0)
    label = contrast(images, texts, scale, same, None, Objective("label"))
    plain = contrast(images, texts, scale, same, None, Objective("clip"))
    assert label.item() == pytest.approx(0.0, abs=1e-3)
    both = images.clone().requires_grad_(True)
    contrast(both, texts, scale, same, None, Objective("label")).backward()
    assert both.grad is not None
    assert both.grad.abs().max() < 1e-4
    assert plain.item() > 0.4


def test_region_term_leaves_the_captions_of_a_region_their_order() -> None:
    """Captions spread about the same mean cost no more than equal ones; a mean over positives would punish the spread."""
    images, other = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 1.0]])
    same = torch.tensor([[True, True, False], [False, False, True]])
    spread = torch.cat([torch.tensor([[0.8, 0.6], [0.8, -0.6]]), other])
    equal = torch.cat([torch.tensor([[1.0, 0.0], [1.0, 0.0]]), other])
    scale = torch.tensor(2.0)
    assert to_regions(images, spread, scale, same).item() == pytest.approx(to_regions(images, equal, scale, same).item(), abs=1e-6)
    assert positives_first(scale * images @ spread.T, same) > positives_first(scale * images @ equal.T, same) + 0.05


def test_region_positives_choose_what_an_image_must_lie_near() -> None:
    """An image that equals one caption of its region, the other being far: enough for `any`, not for the mean of both."""
    images, other = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 1.0]])
    texts = torch.cat([torch.tensor([[1.0, 0.0], [-0.8, -0.6]]), other])
    same, scale = torch.tensor([[True, True, False], [False, False, True]]), torch.tensor(5.0)
    found = {name: contrast(images, texts, scale, same, None, Objective(region_positives=name)) for name in REGION_POSITIVES}
    assert found["mean"] > found["any"] + 0.03
    assert found["auto"] == found["any"]
    fits = same.clone()
    with_claims = {n: contrast(images, texts, scale, same, fits, Objective(region_positives=n)) for n in REGION_POSITIVES}
    assert with_claims["auto"] == with_claims["mean"] > with_claims["any"]
    with pytest.raises(InputError, match="unknown --region-positives 'some'"):
        Objective(region_positives="some")


def test_hard_negatives_are_on_where_captions_speak_of_single_images() -> None:
    assert Objective().hard(claims=True) == HARD_WEIGHT > 0
    assert Objective().hard(claims=False) == Objective("clip").hard(claims=True) == 0.0
    assert Objective(hard_weight=0.0).hard(claims=True) == 0.0
    assert Objective(hard_weight=2.0).hard(claims=False) == 2.0


def test_claim_term_tells_captions_apart_that_the_region_term_cannot() -> None:
    images, texts = unit(2, 4), unit(2, 4, seed=5)
    same, fits = torch.ones(2, 2, dtype=torch.bool), torch.eye(2, dtype=torch.bool)
    right = contrast(images, images, torch.tensor(5.0), same, fits, Objective())
    wrong = contrast(images, images.flip(0), torch.tensor(5.0), same, fits, Objective())
    assert right < wrong
    blind = Objective(claim_weight=0.0)
    assert contrast(images, texts, torch.tensor(5.0), same, fits, blind) == contrast(
        images, texts.flip(0), torch.tensor(5.0), same, fits, blind
    )


def test_whole_captions_are_contrasted_with_all_that_are_remembered() -> None:
    """By the formula, on three captions of which one is fresh: images see all three, captions see the images."""
    images, texts = unit(2, 4), unit(3, 4, seed=5)
    own = torch.tensor([[True, False, False], [False, True, False]])
    fresh = torch.tensor([1])
    logits = WHOLE_SCALE * images @ texts.T
    expected = functional.cross_entropy(logits, torch.tensor([0, 1])) + functional.cross_entropy(
        logits[:, 1][None], torch.tensor([1])
    )
    assert whole_contrast(images, texts, own, fresh).item() == pytest.approx(expected.item() / 2, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 6), m=st.integers(1, 6), seed=st.integers(0, 99), loss=st.sampled_from(["label", "sigmoid"]))
def test_any_batch_gives_a_finite_loss_and_gradient(n: int, m: int, seed: int, loss: str) -> None:
    generator = torch.Generator().manual_seed(seed)
    images, texts = unit(n, 4, seed=seed).requires_grad_(True), unit(m, 4, seed=seed + 1)
    same = torch.rand(n, m, generator=generator) < 0.5
    fits = same & (torch.rand(n, m, generator=generator) < 0.5)
    value = contrast(images, texts, torch.tensor(14.0), same, fits, Objective(loss))
    value.backward()
    assert torch.isfinite(value)
    assert images.grad is not None
    assert torch.isfinite(images.grad).all()


def test_images_attract_their_region_only() -> None:
    together = image_contrast(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0, 1]), torch.tensor(20.0))
    apart = image_contrast(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), torch.tensor([0, 0, 1]), torch.tensor(20.0))
    assert together < 0.01 < apart


def test_unknown_loss_is_named() -> None:
    with pytest.raises(InputError, match="unknown loss 'triplet'"):
        Objective("triplet")
