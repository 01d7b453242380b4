"""Scores are chosen by known regions that play the stranger; a region that is left out leaves no trace in the fold."""

from __future__ import annotations

import torch
from torch.nn import functional

from cytoscribe.training.rejection.scores import SCORES, context_from
from cytoscribe.training.rejection.selection import DEFAULT, choose_scores, without


def material(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Class features, and 40 features each of four regions with their labels."""
    classes = torch.eye(10)[:4]
    noise = 0.2 * torch.randn(160, 10, generator=torch.Generator().manual_seed(seed))
    labels = torch.arange(4).repeat_interleave(40)
    return classes, functional.normalize(classes[labels] + noise, dim=-1), labels


def test_a_left_out_region_is_gone_from_captions_bank_and_probe() -> None:
    classes, bank, labels = material()
    fold = without(context_from(classes, bank, labels, 20.0), 1)
    assert torch.equal(fold.classes, classes[[0, 2, 3]])
    assert torch.equal(fold.bank, bank[labels != 1])
    assert fold.labels.tolist() == [0] * 40 + [1] * 40 + [2] * 40
    assert fold.probe.shape == (3, 11)


def test_the_choice_tells_strangers_apart_and_says_how_it_was_made() -> None:
    classes, bank, labels = material()
    _, held_out, truth = material(seed=1)
    choice = choose_scores(context_from(classes, bank, labels, 20.0), held_out, truth.numpy(), "abcd")
    assert set(choice.names) <= set(SCORES)
    assert choice.auroc[" + ".join(choice.names)] > 0.9
    assert choice.folds == ("a", "b", "c", "d")
    told = choice.told()
    assert "leave one known region out" in told["how"]
    assert len(told["auroc"]) == 10


def test_a_useless_score_is_not_chosen() -> None:
    """Captions that point nowhere: what compares with them cannot win against what compares with images."""
    _, bank, labels = material()
    _, held_out, truth = material(seed=1)
    nowhere = functional.normalize(torch.ones(4, 10), dim=-1)
    choice = choose_scores(context_from(nowhere, bank, labels, 20.0), held_out, truth.numpy(), "abcd")
    assert not {"mcm", "max_cosine", "energy"} & set(choice.names)


def test_with_two_regions_the_default_stays() -> None:
    classes, bank, labels = material()
    two = labels < 2
    context = context_from(classes[:2], bank[two], labels[two], 20.0)
    choice = choose_scores(context, bank[two], labels[two].numpy(), "ab")
    assert choice.names == DEFAULT
    assert choice.folds == ()
    assert "fewer than three" in choice.told()["how"]
