"""Another source of images: scores moved and widened, and the promise kept there again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from cytoscribe.core.errors import InputError
from cytoscribe.training.data.label_sets import HeldOut
from cytoscribe.training.rejection.conformal import Rejection, calibrate
from cytoscribe.training.rejection.scores import context_from
from cytoscribe.training.rejection.sources import SOURCES_FILE, SourceSample, aligned, check_sample, read_sources, sample_of

CLASSES = torch.eye(12)[:3]


def images(count: int, seed: int, shift: float = 0.0, of: int = 3) -> torch.Tensor:
    """Features of `of` regions, `count` each; shift: how far another microscope moves them all."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.eye(12)[:of].repeat_interleave(count, 0)
    moved = centres + shift * torch.eye(12)[8] + 0.2 * torch.randn(of * count, 12, generator=generator)
    return functional.normalize(moved, dim=-1)


@pytest.fixture(scope="module")
def rejection() -> Rejection:
    context = context_from(CLASSES, images(60, 0), torch.arange(3).repeat_interleave(60), 20.0)
    return calibrate(("energy", "knn"), images(50, 1), context, ("a", "b", "c"))


def judge(rejection: Rejection, count: int, labelled: bool, seed: int = 2) -> Rejection:
    per_region = -(-count // 3)
    keep = torch.randperm(3 * per_region, generator=torch.Generator().manual_seed(seed))[:count]
    labels = torch.arange(3).repeat_interleave(per_region)[keep] if labelled else torch.full((count,), -1)
    source = SourceSample("scanner", images(per_region, seed, 0.8)[keep], labels, "few.csv")
    found = replace(rejection, sources={"scanner": source}).for_source("scanner")
    assert found is not None
    return found


def rejected(judged: Rejection) -> float:
    return float(judged.rejects(judged.scores(images(200, 99, 0.8))).mean())


def test_the_promise_fails_on_another_microscope_and_comes_back(rejection: Rejection) -> None:
    assert rejected(rejection) > 0.3
    for count, labelled, most in ((150, False, 0.08), (50, True, 0.08), (25, True, 0.12), (6, True, 0.15)):
        rates = [rejected(judge(rejection, count, labelled, seed)) for seed in range(2, 12)]
        assert np.mean(rates) <= most, (count, labelled)


def test_strange_tissue_in_an_unlabelled_sample_never_breaks_the_promise(rejection: Rejection) -> None:
    strange = functional.normalize(
        torch.eye(12)[10] + 0.2 * torch.randn(40, 12, generator=torch.Generator().manual_seed(0)), dim=-1
    )
    source = SourceSample("scanner", torch.cat([images(40, 5, 0.8), strange]), torch.full((160,), -1))
    judged = replace(rejection, sources={"scanner": source}).for_source("scanner")
    assert judged is not None
    assert rejected(judged) <= 0.05


def test_scores_of_sources_can_be_ranked_with_those_of_home(rejection: Rejection) -> None:
    judged = judge(rejection, 90, False)
    strangers = rejection.scores(functional.normalize(torch.eye(12)[10] + 0.1 * torch.randn(50, 12), dim=-1))
    assert np.quantile(judged.scores(images(100, 7, 0.8)), 0.9) < np.median(strangers)


def test_other_sources_are_unknown_and_notes_say_what_is_assumed(rejection: Rejection) -> None:
    assert rejection.for_source("elsewhere") is None
    assert "strange tissue among them only weakens" in judge(rejection, 30, False).notes[0]
    assert "fewer than 19" in judge(rejection, 7, True).notes[0]
    assert judge(rejection, 30, True).label_sets() is not None


def test_without_enough_labels_a_source_has_no_sets_of_plausible_regions(rejection: Rejection) -> None:
    own = replace(rejection, held_out=HeldOut(images(50, 1), torch.arange(3).repeat_interleave(50)))
    assert own.label_sets() is not None
    for count, labelled in ((150, False), (7, True)):
        assert judge(own, count, labelled).label_sets() is None
        assert "take 19 labelled images" in judge(own, count, labelled).notes[0]


def test_sources_are_read_back_and_may_be_removed(rejection: Rejection, tmp_path: Path) -> None:
    source = sample_of("scanner", images(400, 3), torch.full((1200,), -1), "few.csv", torch.ones(1200, 13))
    assert len(source.labels) == 1000
    replace(rejection, sources={"scanner": source}).save(tmp_path)
    found = Rejection.load(tmp_path, ("a", "b", "c"))
    assert torch.equal(found.sources["scanner"].features, source.features)
    assert found.sources["scanner"].table == "few.csv"
    with pytest.raises(InputError, match="does not fit the model"):
        read_sources(tmp_path, 3, 99)
    rejection.save(tmp_path)
    assert not (tmp_path / SOURCES_FILE).exists()


@pytest.mark.parametrize(("count", "labelled", "name"), [(19, False, "x"), (4, True, "x"), (50, True, " ")])
def test_a_sample_that_says_too_little_is_refused(count: int, labelled: bool, name: str) -> None:
    with pytest.raises(InputError):
        check_sample(name, count, labelled, "few.csv")


def test_a_sample_without_spread_is_moved_alone() -> None:
    assert aligned(np.ones(30), np.random.default_rng(0).normal(size=50), 19, False).factor == 1.0
