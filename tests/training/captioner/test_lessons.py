"""What steps show: few images are passed over often, telling captions come more often, and no answer fits the other image."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.records import ImageRecord
from cytoscribe.training.captioner.lessons import Lessons
from cytoscribe.training.captioner.outliers import OutlierBank
from cytoscribe.training.captioner.settings import Schedule
from cytoscribe.training.captioner.wording import answer_unseen
from cytoscribe.training.data.pairs import Variant, build_pool
from tests.training.captioner.conftest import images


def _lessons(schedule: Schedule, count: int = 40) -> Lessons:
    records = [ImageRecord(Path(f"{i}.png"), "ab"[i % 2]) for i in range(count)]
    short = [Variant(f"{r} short", r, frozenset(), ("1",)) for r in "ab"]
    long = [Variant(f"{r} long", r, frozenset(), ("1", "2", "3")) for r in "ab"]
    pool = build_pool(records, [*short, *long], ("a", "b"))
    return Lessons(pool, pool, OutlierBank(images(count), pool.image_regions, ()), schedule, 0)


@given(count=st.integers(1, 90), batch=st.integers(1, 40), epochs=st.integers(1, 5), least=st.integers(0, 60))
def test_every_step_has_its_images_and_there_are_steps_enough(count: int, batch: int, epochs: int, least: int) -> None:
    lessons = _lessons(Schedule(epochs=epochs, label_epochs=1, batch_size=batch, least_steps=least), count)
    sizes = [len(lessons.order(e)) for e in range(1 + epochs)]
    size = min(batch, count)
    assert all(n % size == 0 for n in sizes)
    assert sum(n // size for n in sizes) == lessons.steps(1 + epochs)
    assert sum(n // size for n in sizes[1:]) >= least


def test_an_epoch_repeats_no_order() -> None:
    lessons = _lessons(Schedule(epochs=2, label_epochs=0, batch_size=40, least_steps=4))
    turns = [tuple(lessons.order(e)[s : s + 40]) for e in (0, 1) for s in (0, 40)]
    assert len(set(turns)) == 4
    assert all(sorted(turn) == list(range(40)) for turn in turns)


@pytest.mark.parametrize(("detail", "share"), [(0.0, 0.5), (1.0, 0.75), (2.0, 0.9)])
def test_captions_that_state_more_are_drawn_more_often(detail: float, share: float) -> None:
    lessons = _lessons(Schedule(detail=detail))
    drawn = lessons.captions(lessons.named, np.arange(40).repeat(50), np.random.default_rng(0))
    told = Counter(lessons.named.texts[c].split()[1] for c in drawn)
    assert told["long"] / 2000 == pytest.approx(share, abs=0.05)


def test_the_other_image_is_one_that_the_answer_does_not_fit() -> None:
    lessons = _lessons(Schedule(label_epochs=0, outlier_share=0.3))
    lesson = lessons.draw(0, np.arange(40), np.random.default_rng(0))
    strange = [a == answer_unseen() for a in lesson.answers]
    for i, other in enumerate(lesson.others):
        assert other >= 0
        assert strange[i] != strange[other] or (not strange[i] and i % 2 != other % 2)


def test_images_of_one_region_have_no_other() -> None:
    records = [ImageRecord(Path(f"{i}.png"), "a") for i in range(8)]
    pool = build_pool(records, [Variant("a", "a", frozenset())], ("a",))
    lessons = Lessons(pool, pool, OutlierBank(images(8), pool.image_regions, ()), Schedule(label_epochs=0), 0)
    assert lessons.draw(0, np.arange(8), np.random.default_rng(0)).others.tolist() == [-1] * 8
