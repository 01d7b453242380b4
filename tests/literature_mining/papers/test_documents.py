"""Finding papers and choosing their reader."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.literature_mining.papers.open import find_papers, find_unread, read_document
from cytoscribe.literature_mining.papers.sentences import split_sentences


def test_folders_are_searched_and_files_counted_once(tmp_path: Path) -> None:
    for name in ("b/two.txt", "a/one.md", "a/deep/three.TXT", ".hidden/four.md", "a/.five.md", "a/six.docx", "README.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Layer IV is granular.")
    (tmp_path / "link.md").symlink_to(tmp_path / "a" / "one.md")
    found = find_papers([tmp_path, tmp_path / "a" / "one.md"])
    assert [f.name for f in found] in (["link.md", "three.TXT", "two.txt"], ["one.md", "three.TXT", "two.txt"])
    assert find_papers([tmp_path / "a" / "one.md"]) == [tmp_path / "a" / "one.md"]


def test_other_suffixes_of_text_are_read_and_other_formats_listed(tmp_path: Path) -> None:
    for name in ("a.markdown", "b.text", "c.htm", "d.docx", "e.tex", "f.png", "README.rst"):
        (tmp_path / name).write_text("Layer IV is granular.")
    assert [f.name for f in find_papers([tmp_path])] == ["a.markdown", "b.text", "c.htm"]
    assert [f.name for f in find_unread([tmp_path])] == ["d.docx", "e.tex"]
    for name in ("a.markdown", "b.text", "c.htm"):
        assert read_document(tmp_path / name).text == "Layer IV is granular."


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "table.docx").write_text("x")
    with pytest.raises(InputError, match="no paper to read"):
        find_papers([tmp_path])
    with pytest.raises(InputError, match=r"docx"):
        find_papers([tmp_path / "table.docx"])
    with pytest.raises(InputError, match="no such file"):
        find_papers([tmp_path / "nowhere"])


@pytest.mark.parametrize("name", ["empty.pdf", "empty.xml", "empty.md", "empty.txt"])
def test_empty_files_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=rf"{name}: the file is empty"):
        read_document(tmp_path / name)


def test_what_is_no_paper_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "page.pdf").write_text("<!DOCTYPE html><html><body>Please log in</body></html>")
    with pytest.raises(InputError, match="not a regular file"):
        read_document(tmp_path / "pipe.md")
    with pytest.raises(InputError, match=r"page\.pdf: not a PDF \(HTML"):
        read_document(tmp_path / "page.pdf")


def test_blank_and_binary_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "blank.txt").write_text(" \n\n ")
    (tmp_path / "binary.md").write_bytes(b"ab\0cd" * 50)
    with pytest.raises(InputError, match="holds no text"):
        read_document(tmp_path / "blank.txt")
    with pytest.raises(InputError, match="not a text file"):
        read_document(tmp_path / "binary.md")


@pytest.mark.real_data
def test_real_papers_keep_their_offsets(real_data: Path) -> None:
    papers = [p for p in find_papers([real_data / "literature"]) if p.suffix != ".xml"][:8]
    for path in papers:
        document = read_document(path)
        sentences = split_sentences(document)
        assert len(sentences) > 200
        assert all(document.text[s.start : s.end] == s.text for s in sentences)
        assert all(a.end <= b.start for a, b in zip(document.blocks, document.blocks[1:], strict=False))
        assert document.doi.startswith("10.")
        assert document.title
