"""Splits by brain, section or image, and a refusal of every leak."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.core.tables import read_images
from cytoscribe.training.data.splits import chosen_rows, split_images, write_splits


def images(count: int, **given: str) -> list[ImageRecord]:
    return [ImageRecord(Path(f"{i}.png"), "AB"[i % 2], row=i + 2, **given) for i in range(count)]  # type: ignore[arg-type]


def test_given_splits_are_kept() -> None:
    records = [ImageRecord(Path(f"{s}.png"), "A", split=s, row=i) for i, s in enumerate(("train", "val", "test"))]
    done = split_images(records, seed=0)
    assert not done.made
    assert [r.split for r in done.records] == ["train", "val", "test"]


@settings(max_examples=40, deadline=None)
@given(subjects=st.integers(4, 12), each=st.integers(1, 5), seed=st.integers(0, 20))
def test_no_subject_is_on_two_sides(subjects: int, each: int, seed: int) -> None:
    records = [
        ImageRecord(Path(f"{s}_{i}.png"), "A", subject=f"brain {s}", row=s * each + i) for s in range(subjects) for i in range(each)
    ]
    done = split_images(records, seed)
    sides = {r.subject: set[str]() for r in done.records}
    for record in done.records:
        sides[record.subject].add(record.split)
    assert all(len(v) == 1 for v in sides.values())
    assert {r.split for r in done.records} == {"train", "val", "test"}


def test_image_draws_leave_every_region_something_to_learn_from() -> None:
    done = split_images(images(40), seed=3)
    assert Counter((r.region, r.split) for r in done.records)[("A", "train")] == 14
    assert done.unit == "image"
    assert split_images(images(40), seed=3).records == done.records


def test_validation_is_taken_out_of_training_where_it_lacks() -> None:
    records = [ImageRecord(Path(f"{i}.png"), "A", split="test" if i < 5 else "train", row=i) for i in range(30)]
    done = split_images(records, seed=0)
    assert {r.path for r in done.of("test")} == {r.path for r in records[:5]}
    assert len(done.of("val")) == 4


def test_unseen_region_in_training_is_refused() -> None:
    records = [ImageRecord(Path("1.png"), "A", split="train", row=2), ImageRecord(Path("2.png"), "A", split="unseen", row=3)]
    with pytest.raises(InputError, match="region 'A' is unseen in one row and 'train' in row 2"):
        split_images([*records, ImageRecord(Path("3.png"), "B", split="val", row=4)], seed=0)


def test_section_on_both_sides_is_refused() -> None:
    records = [
        ImageRecord(Path(f"{i}.png"), "A", section=f"s{i // 2}", split=s, row=i)
        for i, s in enumerate(["train", "train", "val", "val", "train", "test"])
    ]
    with pytest.raises(InputError, match="section 's2' is in test and train"):
        split_images(records, seed=0)


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(InputError, match="no image to train on"):
        split_images([ImageRecord(Path("1.png"), "A", split="test", row=2)], seed=0)


def test_written_table_reads_back(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    records = [ImageRecord(tmp_path / "pictures" / f"{i}.png", "A", attributes={"tone": "dark"}, row=i) for i in range(10)]
    done = split_images(records, seed=0)
    (tmp_path / "run").mkdir()
    write_splits(done, tmp_path / "run")
    again = read_images(tmp_path / "run" / "images.csv")
    assert [(r.path.resolve(), r.split, r.attributes) for r in again] == [(r.path, r.split, {"tone": "dark"}) for r in done.records]


def test_two_sections_alone_are_watched_too() -> None:
    records = [
        ImageRecord(Path(f"{i}.png"), "A", section=f"s{i % 2}", split=s, row=i) for i, s in enumerate(["train", "val", "test"])
    ]
    with pytest.raises(InputError, match="section 's0' is in test and train"):
        split_images(records, seed=0)
    apart = [ImageRecord(Path(f"{i}.png"), "A", section=f"s{i}", split=s, row=i) for i, s in enumerate(["train", "val", "test"])]
    assert not split_images(apart, seed=0).made


def grown(age: int, subject: str, split: str = "") -> ImageRecord:
    return ImageRecord(Path(f"{subject}{age}.png"), "V1", subject=subject, age=str(age), split=split, row=age)


def test_conditions_choose_rows_to_train_and_to_test_on() -> None:
    rows = [grown(3, "a"), grown(9, "b", "test"), grown(25, "c", "val"), grown(40, "d"), grown(90, "u", "unseen")]
    chosen = chosen_rows(rows, "age < 20", "age >= 30")
    assert {(r.subject, r.split) for r in chosen} == {("a", "train"), ("b", "train"), ("d", "test"), ("u", "unseen")}
    assert chosen_rows(rows, "", "") == rows
    tested = {(r.subject, r.split) for r in chosen_rows(rows, "", "age >= 30")}
    assert tested == {("a", "train"), ("c", "val"), ("d", "test"), ("u", "unseen")}


@pytest.mark.parametrize(
    ("train", "test", "says"),
    [
        ("age < 20", "age < 5", "fulfils both"),
        ("age < 20", "age >= 20", "subject 'a' is on both sides"),
        ("age < 1", "", "no image fits"),
    ],
)
def test_conditions_that_leak_are_refused(train: str, test: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        chosen_rows([grown(3, "a"), grown(21, "a"), grown(22, "b")], train, test)
