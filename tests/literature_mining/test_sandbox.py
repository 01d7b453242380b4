"""Limits that hold: a call that takes too long, too much, or the whole process with it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pymupdf
import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.sandbox import BoundedWorker


def misbehave(how: str) -> str:
    if how == "sleep":
        time.sleep(60)
    if how == "eat":
        return str(len(bytearray(4_000_000_000)))
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "refuse":
        raise InputError("is refused", where="here.pdf", fix="try another")
    if how == "fail":
        raise KeyError("odd")
    return how.upper()


@pytest.mark.slow
def test_each_fault_is_named_and_the_next_call_works() -> None:
    with BoundedWorker(misbehave, seconds=3.0, megabytes=500) as worker:
        assert worker.call("fine") == "FINE"
        for how, message in (
            ("sleep", r"made\.pdf: took longer than 3 s"),
            ("eat", r"made\.pdf: needs more than 500 MB"),
            ("crash", r"made\.pdf: crashed"),
            ("refuse", r"here\.pdf: is refused; try another"),
            ("fail", r"made\.pdf: could not be read \(KeyError"),
        ):
            with pytest.raises(InputError, match=message):
                worker.call(how, where="made.pdf")
            assert worker.call("fine") == "FINE"


def nested_forms(path: Path, depth: int) -> Path:
    """A small file whose one page draws 10 ** depth lines of text: each form draws the form below it ten times."""
    pdf = pymupdf.open()
    page = pdf.new_page()
    page.insert_text((72, 72), "Layer IV is granular.")
    xref = page.get_contents()[0]
    resources = pdf.xref_get_key(page.xref, "Resources")[1]
    inner = xref
    for _ in range(depth):
        form = pdf.get_new_xref()
        head = f"<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</F {inner} 0 R>>>>>>"
        if inner == xref:
            pdf.update_object(form, f"<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources {resources}>>")
            pdf.update_stream(form, pdf.xref_stream(xref))
        else:
            pdf.update_object(form, head)
            pdf.update_stream(form, b"/F Do " * 10)
        inner = form
    pdf.xref_set_key(page.xref, "Resources", f"<</XObject<</F {inner} 0 R>>>>")
    pdf.update_stream(xref, b"/F Do " * 10)
    pdf.save(path)
    return path


@pytest.mark.slow
def test_a_bomb_is_passed_over(tmp_path: Path) -> None:
    bomb = nested_forms(tmp_path / "bomb.pdf", 10)
    small = pymupdf.open()
    small.new_page().insert_text((72, 72), "Layer IV is granular.")
    small.save(tmp_path / "small.pdf")
    with BoundedWorker(read_document, seconds=4.0, megabytes=800) as reader:
        started = time.monotonic()
        with pytest.raises(InputError, match=r"bomb\.pdf"):
            reader.call(bomb, where=bomb)
        assert time.monotonic() - started < 30
        assert reader.call(tmp_path / "small.pdf", where="small.pdf") == read_document(tmp_path / "small.pdf")
