"""Strangers' text means nothing to terminals, Markdown or spreadsheets, and comes back unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoscribe.core.plain_text import code, counted, from_cell, line, markdown, printable, some, to_cell


def test_terminals_are_given_no_commands() -> None:
    assert printable("a\x1b[31mred\x07\x9b2J\u202eb\n\tc") == "aredb\n\tc"
    assert line("a\u2028b\x85c\r\nd\x0be") == "a b c d e"


def test_markdown_shows_names_as_they_are() -> None:
    assert markdown("<script>alert(1)</script>") == "\\<script\\>alert(1)\\</script\\>"
    assert markdown("[V1](javascript:alert(1))") == "\\[V1\\](javascript:alert(1))"
    assert markdown("V1 |\n# head\n---") == "V1 \\| \\# head ---"
    assert code("a`b\nc") == "a'b c"


def test_formulas_are_text_and_numbers_stay_numbers() -> None:
    assert to_cell("=cmd|' /C calc'!A0") == "'=cmd|' /C calc'!A0"
    assert to_cell("@SUM(A1)") == "'@SUM(A1)"
    assert [to_cell(v) for v in ("-1.5", "+3", 7, -2.5, "V1", "", "-", "'=1")] == ["-1.5", "+3", 7, -2.5, "V1", "", "'-", "''=1"]


@pytest.mark.slow
@given(st.text())
def test_cells_come_back(text: str) -> None:
    assert from_cell(str(to_cell(text))) == text


def test_counts_and_first_names_read_as_english() -> None:
    assert [counted(n, "paper") for n in (0, 1, 2000)] == ["0 papers", "1 paper", "2,000 papers"]
    assert counted(2, "copy", "copies") == "2 copies"
    assert [some(list("abc"), 3), some(list("abcd"), 2), some([])] == ["a, b, c", "a, b and 2 more", ""]
