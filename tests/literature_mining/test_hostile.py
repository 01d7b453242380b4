"""Whatever a file holds, reading it ends in a document whose offsets hold, or in one clear line; and in time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cytoscribe.core.errors import InputError
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.papers.sentences import split_sentences
from tests.literature_mining.typeset import Typesetter, body

STEADY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
MARKUP = st.text(alphabet=" \n#*_[](){}|<>&;/!-–.ab1Ié¨ﬁ\u00ad\t\"'=:", max_size=300)


def check(path: Path) -> None:
    document, refusal = None, ""
    try:
        document = read_document(path)
    except InputError as error:
        refusal = str(error)
    if document is None:
        assert path.name in refusal
        assert "\n" not in refusal
        return
    for sentence in split_sentences(document):
        assert document.text[sentence.start : sentence.end] == sentence.text
    ends = 0
    for block in document.blocks:
        assert ends <= block.start < block.end <= len(document.text)
        ends = block.end


@STEADY
@given(text=MARKUP, suffix=st.sampled_from([".md", ".txt", ".html"]))
def test_any_text(tmp_path: Path, text: str, suffix: str) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_text(text, encoding="utf-8")
    check(path)


@STEADY
@given(raw=st.binary(max_size=400), suffix=st.sampled_from([".md", ".txt", ".html", ".xml", ".pdf"]))
def test_any_bytes(tmp_path: Path, raw: bytes, suffix: str) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(raw)
    check(path)


@STEADY
@given(inner=MARKUP)
def test_any_article(tmp_path: Path, inner: str) -> None:
    path = tmp_path / "any.xml"
    path.write_text(f"<article><body><sec><title>A</title><p>Layer IV. {inner}</p></sec></body></article>", encoding="utf-8")
    check(path)


@STEADY
@given(share=st.floats(0.02, 0.999))
def test_any_cut(tmp_path: Path, share: float) -> None:
    whole = tmp_path / "whole.pdf"
    if not whole.exists():
        setter = Typesetter()
        setter.paragraph(body(3))
        setter.save(whole)
    raw = whole.read_bytes()
    path = tmp_path / "cut.pdf"
    path.write_bytes(raw[: int(share * len(raw))])
    check(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "**a" * 100_000,
        "_" * 200_000,
        "a. " * 100_000,
        "(" * 200_000 + ".",
        "\n\n".join(["a cut line that goes on and"] * 20_000),
    ],
    ids=["brackets", "stars", "underscores", "stops", "parentheses", "paragraphs"],
)
def test_time_grows_with_length_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "long.md"
    path.write_text(text, encoding="utf-8")
    started = time.process_time()
    check(path)
    assert time.process_time() - started < 5
