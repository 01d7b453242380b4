"""A mining folder knows the words that it was read with."""

from __future__ import annotations

from pathlib import Path

from cytoscribe.literature_mining.claims.kept_words import Words, keep_words, words_of


def test_the_default_leaves_no_file(tmp_path: Path) -> None:
    keep_words(tmp_path, Words())
    assert list(tmp_path.iterdir()) == []
    assert words_of(tmp_path) == Words()


def test_a_shipped_vocabulary_is_kept_whole(tmp_path: Path) -> None:
    keep_words(tmp_path, Words("blood_cells"))
    kept = words_of(tmp_path)
    assert kept.of_cells
    assert kept.lexicon().attributes == Words("blood_cells").lexicon().attributes


def test_added_words_are_kept_and_those_of_an_earlier_run_go(tmp_path: Path) -> None:
    extra, folder = tmp_path / "mine.toml", tmp_path / "run"
    folder.mkdir()
    extra.write_text('[[word]]\nforms = ["wafer thin"]\narea = "cell_size = small"\n', encoding="utf-8")
    keep_words(folder, Words(extra=extra))
    extra.unlink()
    assert ("wafer", "thin") in words_of(folder).lexicon().words
    keep_words(folder, Words())
    assert words_of(folder) == Words()
