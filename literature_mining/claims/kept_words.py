"""The words that a mining run read with, kept in its folder: captions of its claims are worded and checked by the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from cytoscribe.core.runs import write_text
from cytoscribe.literature_mining.claims.lexicon import Lexicon, load_lexicon
from cytoscribe.literature_mining.claims.vocabulary import CORTEX, has_plural_names, shipped

_VOCABULARY, _EXTRA = "vocabulary.toml", "lexicon.toml"


@dataclass(frozen=True)
class Words:
    """vocabulary: name of a shipped one, or a file; extra: a file of words added to it."""

    vocabulary: str | Path = CORTEX
    extra: Path | None = None

    @property
    def of_cells(self) -> bool:
        """Whether the regions are kinds of cells ("neutrophils") rather than areas of tissue."""
        return has_plural_names(self.vocabulary)

    def lexicon(self) -> Lexicon:
        """Both, ready to read with. Raises InputError where a file has changed into something unreadable."""
        return load_lexicon(self.extra, self.vocabulary)


def keep_words(folder: Path, words: Words) -> None:
    """Write what differs from the default into a mining folder; what an earlier run left there goes."""
    for name, source in ((_VOCABULARY, _file_of(words.vocabulary)), (_EXTRA, words.extra)):
        if source is None:
            (folder / name).unlink(missing_ok=True)
        else:
            write_text(folder / name, Path(source).read_text(encoding="utf-8"))


def words_of(folder: Path) -> Words:
    """The words of a mining folder."""
    vocabulary, extra = folder / _VOCABULARY, folder / _EXTRA
    return Words(vocabulary if vocabulary.is_file() else CORTEX, extra if extra.is_file() else None)


def _file_of(vocabulary: str | Path) -> Path | None:
    if str(vocabulary) == CORTEX:
        return None
    if str(vocabulary) in shipped():
        return Path(str(resources.files("cytoscribe.literature_mining") / "data" / f"{vocabulary}.toml"))
    return Path(vocabulary)
