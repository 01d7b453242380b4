"""Before anything is said: the resampler learns to tell regions apart, and the same seed gives the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from cytoscribe.core.records import ImageRecord
from cytoscribe.training.captioner import sight
from cytoscribe.training.captioner.lessons import Lessons
from cytoscribe.training.captioner.outliers import OutlierBank
from cytoscribe.training.captioner.resampler import Resampler, Seen
from cytoscribe.training.captioner.settings import Schedule
from cytoscribe.training.data.pairs import Variant, build_pool
from tests.training.captioner.conftest import SHAPE, images

COUNT = 60


def _lessons(schedule: Schedule) -> Lessons:
    """Two regions that differ in their vectors, with an attribute that halves each."""
    records = [ImageRecord(Path(f"{i}.png"), "ab"[i % 2], attributes={"size": ("big", "small")[i % 4 // 2]}) for i in range(COUNT)]
    variants = [Variant(f"{r} {s}", r, frozenset({f"image:size={s}"})) for r in "ab" for s in ("big", "small")]
    pool = build_pool(records, variants, ("a", "b"))
    seen = images(COUNT)
    seen.vector[:, 0] = torch.tensor([float(i % 2) for i in range(COUNT)]) * 6
    seen.vector[:, 1] = torch.tensor([float(i % 4 // 2) for i in range(COUNT)]) * 6
    return Lessons(pool, pool, OutlierBank(seen, pool.image_regions, ()), schedule, 0)


def _taught(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> tuple[Resampler, Lessons]:
    monkeypatch.setattr(sight, "LEAST_STEPS", 120)
    lessons = _lessons(schedule)
    torch.manual_seed(0)
    resampler = Resampler(SHAPE, 2, 16, 1)
    resampler.standardise(lessons.bank.known)
    sight.learn_to_see(resampler, lessons, torch.device("cpu"))
    return resampler.eval(), lessons


def _separation(resampler: Resampler, seen: Seen, labels: np.ndarray) -> float:
    """Share of images that lie nearer to the mean latents of their own label."""
    with torch.no_grad():
        latents = resampler(seen).flatten(1)
    means = torch.stack([latents[torch.from_numpy(labels == k)].mean(0) for k in (0, 1)])
    return float((torch.cdist(latents, means).argmin(1).numpy() == labels).mean())


def test_regions_and_attributes_come_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    resampler, lessons = _taught(Schedule(outlier_share=0.1), monkeypatch)
    labels = lessons.named.image_regions
    sizes = lessons.named.image_claims[:, 0].astype(int)
    assert _separation(resampler, lessons.bank.known, labels) > 0.95
    for region in (0, 1):
        own = np.flatnonzero(labels == region)
        assert _separation(resampler, lessons.bank.known.rows(torch.from_numpy(own)), sizes[own]) > 0.9


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_no_passes_leave_them(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (_taught(Schedule(), monkeypatch)[0].state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    torch.manual_seed(0)
    fresh = Resampler(SHAPE, 2, 16, 1).state_dict()
    untouched = _taught(Schedule(sight_epochs=0), monkeypatch)[0].state_dict()
    learned = [n for n in fresh if not n.endswith(("_centre", "_spread"))]
    assert all(torch.equal(fresh[n], untouched[n]) for n in learned)
    assert not torch.equal(one["queries"], fresh["queries"])
