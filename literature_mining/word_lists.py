"""Word lists that ship with the stage as data."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


def word_list(name: str) -> tuple[str, ...]:
    """One list of data/word_lists.toml."""
    return tuple(_lists()[name])


@cache
def _lists() -> dict[str, list[str]]:
    return tomllib.loads((files("cytoscribe.literature_mining") / "data" / "word_lists.toml").read_text(encoding="utf-8"))
