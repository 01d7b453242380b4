"""Conditions on rows: what they select, and that nothing else than a condition is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord
from cytoscribe.training.data.where import parse_where, refuse_shared, where


def row(age: str = "", plane: str = "", subject: str = "", **more: str) -> ImageRecord:
    return ImageRecord(Path(f"{age}{plane}{subject}.png"), "V1", age=age, plane=plane, subject=subject, attributes=more)


ROWS = [
    row("4", "coronal", "a"),
    row("20", "coronal", "b"),
    row("31.5", "sagittal", "c", site="north wing"),
    row("", "sagittal", "d"),
]


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("age < 20", "a"),
        ("age >= 20", "bc"),
        ("age == 20.0", "b"),
        ("age != 20", "ac"),
        ("plane = sagittal", "cd"),
        ("plane == coronal and age > 5", "b"),
        ("plane == sagittal or age < 5", "acd"),
        ("plane == coronal and age > 5 or subject == d", "bd"),
        ("plane == coronal and (age > 5 or subject == a)", "ab"),
        ("site == 'north wing'", "c"),
        ('"subject"!="a" AND plane==coronal', "b"),
    ],
)
def test_rows_that_fit(text: str, subjects: str) -> None:
    assert "".join(r.subject for r in where(ROWS, text, "--test-where")) == subjects


@pytest.mark.parametrize(
    "text",
    [
        "",
        "age",
        "age <",
        "< 20",
        "age < young",
        "age << 2",
        "age < 2 plane == x",
        "(age < 2",
        "age < 2)",
        "age < 2 and",
        "a == 'b",
        "!",
        "(" * 60 + "age < 2" + ")" * 60,
        "__import__('os').system('x')",
        "x" * 3000,
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_where(text, "--train-where")
    assert "--train-where" in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_one_clear_error(text: str) -> None:
    try:
        condition = parse_where(text)
    except InputError:
        return
    assert condition.holds(ROWS[0]) in (True, False)


def test_an_unknown_column_and_an_empty_choice_are_named() -> None:
    with pytest.raises(InputError, match="no column 'sex'"):
        where(ROWS, "sex == f", "--test-where")
    with pytest.raises(InputError, match="no image fits"):
        where(ROWS, "age > 99", "--test-where")


def test_a_subject_on_both_sides_is_refused() -> None:
    with pytest.raises(InputError, match="subject 'b' is on both sides"):
        refuse_shared(ROWS[:2], [row("9", "coronal", "b")], "--train-where and --test-where")
    refuse_shared(ROWS[:2], ROWS[2:], "")
