"""A lexicon of the user's own that holds anything but words ends in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.literature_mining.claims.lexicon import load_lexicon


@pytest.mark.parametrize(
    "text",
    [
        "word = 1",
        "word = [1]",
        '[[word]]\nforms = "a"\nany = "cell_size = large"',
        '[[word]]\nforms = ["-"]\nany = "cell_size = large"',
        '[[word]]\nforms = ["a"]\nany = 5',
        "nouns = []",
        "[nouns]\narea = 1",
        "[cell_types]\nother = {}",
        "[silent]\nwords = 3",
        "[poles]\nlarge = 1",
        "a = " + "[" * 5000,
    ],
)
def test_what_is_no_lexicon_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_lexicon(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
