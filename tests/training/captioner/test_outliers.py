"""Outliers: spoilt pictures, blends of two regions, and drawn shares."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.records import ImageRecord
from cytoscribe.training.captioner.decoder import Decoder
from cytoscribe.training.captioner.lessons import Lessons
from cytoscribe.training.captioner.outliers import WAYS, OutlierBank, spoil
from cytoscribe.training.captioner.resampler import Seen
from cytoscribe.training.captioner.settings import Schedule
from cytoscribe.training.captioner.wording import Answer, Writer, answer_unseen
from cytoscribe.training.data.pairs import Variant, build_pool
from tests.training.captioner.conftest import images


@given(number=st.integers(0, 200), height=st.integers(16, 40), width=st.integers(16, 40))
def test_a_spoilt_picture_is_another_picture_of_the_same_size(number: int, height: int, width: int) -> None:
    picture = np.random.default_rng(number).integers(0, 255, (3, height, width)).astype(np.uint8)
    found = spoil(picture, number)
    assert (found.shape, found.dtype) == (picture.shape, np.uint8)
    assert not np.array_equal(found, picture)
    assert np.array_equal(found, spoil(picture, number))


def test_all_ways_are_used() -> None:
    drawn = {int(np.random.default_rng([n, 11]).integers(len(WAYS))) for n in range(60)}
    assert drawn == set(range(len(WAYS)))


def test_a_spoilt_vector_keeps_its_values_in_another_order() -> None:
    vector = np.arange(12, dtype=np.float32)
    found = spoil(vector, 3)
    assert sorted(found) == sorted(vector)
    assert not np.array_equal(found, vector)


def test_blends_lie_between_images_of_different_regions() -> None:
    grid = torch.zeros(4, 6, 2)
    grid[2:] = 1.0
    bank = OutlierBank(Seen(grid, grid[:, 0]), np.array([0, 0, 1, 1]), ())
    drawn = bank.draw(50, np.random.default_rng(0))
    assert len(drawn) == 50
    inside = (drawn.vector > 0.3) & (drawn.vector < 0.7)
    assert bool(inside.all())
    assert bool(((drawn.grid.mean((1, 2)) > 0) & (drawn.grid.mean((1, 2)) < 1)).all())


def test_one_region_and_no_bank_make_no_outliers() -> None:
    bank = OutlierBank(images(3), np.zeros(3, dtype=int), ())
    assert not bank.usable
    assert len(bank.draw(2, np.random.default_rng(0))) == 0


def _lessons(schedule: Schedule) -> Lessons:
    from pathlib import Path

    records = [ImageRecord(Path(f"{i}.png"), region) for i, region in enumerate(["a", "b"] * 100)]
    pools = [
        build_pool(records, [Variant(f"{kind} {r}", r, frozenset()) for r in "ab"], ("a", "b")) for kind in ("named", "masked")
    ]
    bank = OutlierBank(images(200), np.array([0, 1] * 100), (images(5, seed=9),))
    return Lessons(pools[0], pools[1], bank, schedule, 0)


def test_questions_and_outliers_come_in_the_shares_asked_for() -> None:
    lessons = _lessons(Schedule(label_epochs=0, masked_share=0.25, outlier_share=0.3, batch_size=200))
    rng = np.random.default_rng(0)
    lesson = lessons.draw(0, np.arange(200), rng)
    named, answers = lesson.named, lesson.answers
    assert 0.65 < np.mean(named) < 0.85
    assert 0.2 < np.mean([a == answer_unseen() for a in answers]) < 0.4
    known = [(n, a) for n, a in zip(named, answers, strict=True) if a != answer_unseen()]
    assert all(a.text in (" a: named a", " b: named b") if n else a.text in (" masked a", " masked b") for n, a in known)


def test_known_regions_play_the_unseen_one_in_turn() -> None:
    lessons = _lessons(Schedule(label_epochs=0, outlier_share=0.0, rotating_share=0.9, masked_share=0.0))
    for epoch, turn in ((0, 0), (1, 1)):
        answers = lessons.draw(epoch, np.arange(200), np.random.default_rng(1)).answers
        strange = np.array([a == answer_unseen() for a in answers])
        assert strange[turn::2].mean() > 0.7
        assert not strange[1 - turn :: 2].any()


def test_first_only_names_are_learned() -> None:
    lessons = _lessons(Schedule(label_epochs=1, masked_share=0.9))
    first, later = (lessons.draw(epoch, np.arange(200), np.random.default_rng(1)) for epoch in (0, 1))
    assert all(first.named)
    assert {a.text for a in first.answers} == {" a:", " b:", " unseen:"}
    assert not all(later.named)
    assert all(a.body for a in later.answers)


def test_known_images_are_not_changed_by_drawing() -> None:
    lessons = _lessons(Schedule(outlier_share=0.9))
    before = lessons.bank.known.grid.clone()
    lessons.draw(0, np.arange(200), np.random.default_rng(2))
    assert torch.equal(lessons.bank.known.grid, before)


def test_long_answers_are_cut_and_short_ones_padded(decoder: Decoder) -> None:
    batch = Writer(decoder).batch([True, True], [Answer("", " a"), Answer("", " lines" * 400)])
    assert batch.ids.shape == batch.mask.shape == batch.labels.shape
    assert int(batch.mask[0].sum()) < int(batch.mask[1].sum()) < 300
