"""The words of cytoarchitecture, read from data files that a neuroanatomist can edit and add to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.literature_mining.claims.vocabulary import CORTEX, Attribute, attributes_in, read_toml, shipped

_CELL_TYPES = ("plain", "claimed")
"""Names of cell types: those that only say which cells are meant, and those that are a claim by themselves."""
NOUNS = ("cells", "density", "size", "thickness", "border", "lamination", "arrangement", "area", "zone", "other")
_FORMS = {
    "forms": (False, "adj"),
    "compare": (True, "adj"),
    "nouns": (False, "noun"),
    "verbs": (False, "verb"),
    "changes": (True, "noun"),
}
"""Keys of an entry: whether its forms compare, and their part of speech."""
_PRODUCT = ("before", "after")
"""Keys of an entry whose words make its forms two by two: `before = ["densely", "tightly"]`, `after = ["packed", "set"]`."""
Sense = tuple[str, str]
"""An attribute and its value."""


@dataclass(frozen=True)
class Word:
    """One form of the lexicon. `senses` maps the noun it qualifies (or "any") to what it then says.

    `pos`: "adj"; "noun" for forms that name the trait ("widening"), "verb" for those whose subject has it ("disappears").
    """

    form: str
    senses: Mapping[str, Sense]
    compares: bool = False
    needs: str = ""
    pos: str = "adj"


@dataclass(frozen=True)
class Lexicon:
    """All lists of the data files, ready to be looked up by a form's first word."""

    words: Mapping[tuple[str, ...], tuple[Word, ...]]
    nouns: Mapping[tuple[str, ...], str]
    types: Mapping[tuple[str, ...], tuple[str, bool]]
    grammar: Mapping[str, frozenset[tuple[str, ...]]]
    poles: Mapping[str, str]
    silent: tuple[tuple[str, ...], ...]
    unless: tuple[tuple[str, ...], ...]
    attributes: frozenset[str]
    kinds: Mapping[str, Attribute] = field(default_factory=dict)
    """What each attribute is, by name."""
    first: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]] = field(default_factory=dict, repr=False)
    """First word to (whole form, list it stands in), longest form first."""

    def glued(self, word: str) -> tuple[str, ...]:
        """The form of two words that a text has as one ("celldense"), () for none."""
        return self._glued.get(word, ())

    @cached_property
    def _glued(self) -> Mapping[str, tuple[str, ...]]:
        return {"".join(form): form for form in self.words if len(form) == 2}


def forms(text: str) -> tuple[str, ...]:
    """A form as its words: lower case, hyphens and slashes as spaces."""
    return tuple(text.lower().replace("-", " ").replace("/", " ").split())


@lru_cache(maxsize=8)
def load_lexicon(extra: Path | None = None, vocabulary: str | Path = CORTEX) -> Lexicon:
    """The lexicon of a vocabulary, shipped by name or a file, and what the file `extra` adds to it.

    A vocabulary that says `grammar_of = "NAME"` takes that one's small words too. Raises InputError where a file is missing, is no
    TOML, or has an entry that names no attribute and value.
    """
    table = read_toml(vocabulary)
    tables = [(Path(f"{vocabulary}.toml") if str(vocabulary) in shipped() else Path(vocabulary), table)]
    if base := table.get("grammar_of"):
        tables.insert(0, (Path(f"{base}.toml"), {"grammar": read_toml(base).get("grammar", {})}))
    if extra is not None:
        tables.append((extra, read_toml(extra)))
    return _build(tables)


def _build(tables: Iterable[tuple[Path, dict[str, Any]]]) -> Lexicon:
    words: dict[tuple[str, ...], list[Word]] = {}
    nouns: dict[tuple[str, ...], str] = {}
    types: dict[tuple[str, ...], tuple[str, bool]] = {}
    grammar: dict[str, set[tuple[str, ...]]] = {}
    poles: dict[str, str] = {}
    silent: list[tuple[str, ...]] = []
    unless: list[tuple[str, ...]] = []
    kinds: dict[str, Attribute] = {}
    own = (n for _, table in tables if "attributes" in table for n in table.get("nouns", {}))
    allowed = tuple(dict.fromkeys([*NOUNS, *own]))
    for path, table in tables:
        kinds |= attributes_in(table, path)
        for number, entry in enumerate(table.get("word", []), start=1):
            for word in _words(path, number, entry, allowed):
                words.setdefault(forms(word.form), []).append(word)
        for kind, wordings in table.get("nouns", {}).items():
            if kind not in allowed:
                raise InputError(f"unknown kind of noun '{kind}'", where=path, fix=f"use one of {', '.join(allowed)}")
            nouns.update({forms(n): kind for n in wordings})
        for group, named in table.get("cell_types", {}).items():
            if group not in _CELL_TYPES:
                raise InputError(f"unknown group of cell types '{group}'", where=path, fix=f"use {' or '.join(_CELL_TYPES)}")
            types.update({forms(n): (name, group == "claimed") for name, wordings in named.items() for n in wordings})
        for name, wordings in table.get("grammar", {}).items():
            grammar.setdefault(name, set()).update(forms(x) for x in wordings)
        poles.update(table.get("poles", {}))
        silent += [forms(x) for x in table.get("silent", {}).get("words", [])]
        unless += [forms(x) for x in table.get("silent", {}).get("unless", [])]
    frozen = {k: frozenset(v) for k, v in grammar.items()}
    attributes = frozenset(sense[0] for entries in words.values() for w in entries for sense in w.senses.values())
    return Lexicon(
        {k: tuple(v) for k, v in words.items()},
        nouns,
        types,
        frozen,
        poles,
        tuple(silent),
        tuple(unless),
        attributes,
        kinds,
        _index(words, nouns, types, frozen),
    )


def _words(path: Path, number: int, entry: Mapping[str, Any], allowed: Sequence[str]) -> Iterable[Word]:
    where = f"{path}, word {number}"
    bearers = (*allowed, "layer", "nominal", "any")
    unknown = [k for k in entry if k not in {*bearers, *_FORMS, *_PRODUCT, "needs"}]
    if unknown:
        raise InputError(f"unknown key '{unknown[0]}'", where=where, fix=f"use {', '.join(_FORMS)}, needs, {', '.join(bearers)}")
    senses = {k: _sense(where, str(entry[k])) for k in bearers if k in entry}
    products = [f"{first} {last}".strip() for first in entry.get("before", []) for last in entry.get("after", [])]
    entry = {**entry, "forms": [*entry.get("forms", []), *products]}
    if not senses or not any(entry.get(key) for key in _FORMS):
        raise InputError(
            "the entry has no forms or says nothing", where=where, fix='give forms = ["..."] and any = "attribute = value"'
        )
    for key, (compares, pos) in _FORMS.items():
        for form in entry.get(key, []):
            yield Word(str(form), senses, compares, str(entry.get("needs", "")), pos)


def _sense(where: str, text: str) -> Sense:
    attribute, _, value = (part.strip() for part in text.partition("="))
    if not attribute or not value:
        raise InputError(f"'{text}' is not an attribute with a value", where=where, fix='write "attribute = value"')
    return attribute, value


def _index(
    words: Mapping[tuple[str, ...], Any],
    nouns: Mapping[tuple[str, ...], Any],
    types: Mapping[tuple[str, ...], Any],
    grammar: Mapping[str, frozenset[tuple[str, ...]]],
) -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    listed = [(f, "word") for f in words] + [(f, "noun") for f in nouns] + [(f, "type") for f in types]
    listed += [(f, name) for name, group in grammar.items() for f in group]
    rank = {"word": 0, "noun": 1, "type": 2}
    first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for form, kind in listed:
        first.setdefault(form[0], []).append((form, kind))
    return {k: tuple(sorted(v, key=lambda x: (-len(x[0]), rank.get(x[1], 3), x))) for k, v in first.items()}
