"""Attributes and how their values stand to one another: opposites, weaker values, denials that have a word of their own.

They come from the same data files as the words (`[attributes.NAME]` of cytoarchitecture.toml and of every further vocabulary), and are
what mining, consensus, captions and the gate all ask.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from cytoscribe.core import toml
from cytoscribe.core.errors import InputError
from cytoscribe.core.shapes import Rule, check, entries, flag, listed, mapping, text

CORTEX = "cytoarchitecture"
"""The default vocabulary."""


def _says_a_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 200 and bool(value.replace("-", " ").replace("/", " ").split())


_WORDINGS = listed(Rule("a form: words, at most 200 characters", _says_a_word))
_PAIR = listed(text(200), most=2, least=2)
_ATTRIBUTE = entries(
    {},
    {
        **dict.fromkeys(("about", "noun"), text(1000)),
        **dict.fromkeys(("free", "one", "of_range", "of_layer", "open", "measured"), flag()),
        "opposed": listed(_PAIR),
        "weaker": mapping(listed(text(200))),
        "denied": mapping(text(200)),
    },
)
_FORM = entries(
    {},
    {
        "word": listed(entries({}, dict.fromkeys(("forms", "compare", "nouns", "verbs", "changes"), _WORDINGS))),
        "attributes": mapping(_ATTRIBUTE),
        "nouns": mapping(_WORDINGS),
        "cell_types": mapping(mapping(_WORDINGS)),
        "grammar": mapping(_WORDINGS),
        "poles": mapping(text(200)),
        "silent": mapping(_WORDINGS),
        "plural_names": flag(),
    },
)
"""The keys of a vocabulary file; any other key is ignored."""


@dataclass(frozen=True)
class Attribute:
    """One attribute. opposed: pairs of values that cannot both hold; weaker: value to values that it bears out beside itself; denied:
    value to the one that is stated by denying it; the rest as in the data file."""

    about: str = ""
    noun: str = ""
    opposed: frozenset[frozenset[str]] = frozenset()
    weaker: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    denied: Mapping[str, str] = field(default_factory=dict)
    free: bool = False
    one: bool = False
    of_range: bool = False
    of_layer: bool = False
    open: bool = False
    measured: bool = False

    def opposites(self, value: str) -> tuple[str, ...]:
        """Values that cannot hold where `value` does, sorted."""
        return tuple(sorted(v for pair in self.opposed if value in pair for v in pair - {value}))


_UNKNOWN = Attribute()


def attribute_of(name: str) -> Attribute:
    """The attribute of that name in any of the shipped vocabularies; a plain one, without opposites, where none has it."""
    return known_attributes().get(name, _UNKNOWN)


def are_opposed(attribute: str, one: str, other: str) -> bool:
    """Whether two values of an attribute cannot both hold of one layer of one region."""
    return frozenset((one, other)) in attribute_of(attribute).opposed


@lru_cache(maxsize=1)
def known_attributes() -> Mapping[str, Attribute]:
    """Attributes of all shipped vocabularies; where two have one of the same name, cortex comes first."""
    found: dict[str, Attribute] = {}
    for name in (CORTEX, *(n for n in shipped() if n != CORTEX)):
        found = {**attributes_in(read_toml(name), name), **found}
    return found


def attributes_in(table: Mapping[str, Any], where: object) -> dict[str, Attribute]:
    """The attributes of a vocabulary file. Raises InputError on a key that no attribute has."""
    known = {f.name for f in fields(Attribute)}
    found = {}
    for name, entry in table.get("attributes", {}).items():
        unknown = [k for k in entry if k not in known] if isinstance(entry, dict) else [str(entry)]
        if unknown:
            fix = f"use {', '.join(sorted(known))}"
            raise InputError(f"attribute '{name}': unknown key '{unknown[0]}'", where=str(where), fix=fix)
        pairs = frozenset(frozenset(p) for p in entry.get("opposed", []))
        weaker = {k: tuple(v) for k, v in entry.get("weaker", {}).items()}
        found[name] = Attribute(**{**entry, "opposed": pairs, "weaker": weaker})
    return found


def has_plural_names(vocabulary: str | Path) -> bool:
    """Whether the plural of a region's name means the region: "neutrophils"."""
    return bool(read_toml(vocabulary).get("plural_names"))


@lru_cache(maxsize=1)
def shipped() -> tuple[str, ...]:
    """Names of the vocabularies that come with the package."""
    folder = resources.files("cytoscribe.literature_mining") / "data"
    files = [f for f in folder.iterdir() if f.name.endswith(".toml")]
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if "\n[attributes." in f.read_text(encoding="utf-8")))


def read_toml(name: str | Path) -> dict[str, Any]:
    """A vocabulary by its shipped name or its file. Raises InputError where there is none, or it is not TOML."""
    if str(name) in shipped():
        source = resources.files("cytoscribe.literature_mining") / "data" / f"{name}.toml"
        return tomllib.loads(source.read_text(encoding="utf-8"))
    if not Path(name).suffix and not Path(name).exists():
        raise InputError(f"no vocabulary '{name}'", where="--vocabulary", fix=f"name one of {', '.join(shipped())}, or a TOML file")
    return check(toml.read_toml(name), _FORM, name, "write it like literature_mining/data/cytoarchitecture.toml")
