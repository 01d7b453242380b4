"""What a language model may say of tissue: traits and layers, from the lexicon and from `data/language_model.toml`."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from cytoscribe.core.records import WHOLE
from cytoscribe.literature_mining.claims.layers import ORDER, find_layers
from cytoscribe.literature_mining.claims.lexicon import Lexicon

OPEN = "?"
"""In place of a value: the claim has the text's own."""
WHITE_MATTER = "VI-WM"
_LONGEST = 40
"""Characters of an open value."""
_QUANTITY = re.compile(r"\d[\w\s.,–µμ%±/-]*")
_WORDS = re.compile(r"[^\W\d_][\w\s'-]{2,}")


@dataclass(frozen=True)
class Vocabulary:
    """values: attribute to its values; about: attribute to what it means; opposites: value to value; denied: a trait to the one that
    is stated by denying it; cues, orders: what makes a sentence worth sending, and what forbids it. The rest as in the data file."""

    values: Mapping[str, tuple[str, ...]]
    about: Mapping[str, str]
    opposites: Mapping[str, str]
    denied: Mapping[str, str]
    open: frozenset[str]
    measured: frozenset[str]
    exclusive: frozenset[str]
    cues: re.Pattern[str]
    orders: re.Pattern[str]
    examples: Sequence[Mapping[str, Any]]

    @property
    def traits(self) -> tuple[str, ...]:
        """Every `attribute=value`, and `attribute=?` where the text's own words may stand."""
        return tuple(f"{a}={v}" for a in self.values for v in self.choices(a))

    def choices(self, attribute: str) -> tuple[str, ...]:
        """Values of an attribute, OPEN last where it has them."""
        return (*self.values[attribute], *((OPEN,) if attribute in self.open | self.measured else ()))

    def value_of(self, attribute: str, value: str, span: str) -> str:
        """The value where it may stand: of the vocabulary, or open and word for word in the span; "" else.

        Open words that hold a value of the vocabulary give that value ("oblique rows" is "rows").
        """
        if value in self.values.get(attribute, ()):
            return value
        plain = " ".join(value.split())
        fits = (attribute in self.open and _WORDS.fullmatch(plain)) or (attribute in self.measured and _QUANTITY.fullmatch(plain))
        if not fits or len(plain) > _LONGEST or plain not in " ".join(span.split()):
            return ""
        return next((v for v in self.values[attribute] if re.search(rf"\b{re.escape(v)}\b", plain, re.IGNORECASE)), plain)


def load_vocabulary(lexicon: Lexicon) -> Vocabulary:
    """The vocabulary of this lexicon; attributes that the data file does not describe are shown by their name alone."""
    source = resources.files("cytoscribe.literature_mining").joinpath("data/language_model.toml").read_text(encoding="utf-8")
    data = tomllib.loads(source)
    values = values_by_attribute(lexicon)
    known = lexicon.kinds
    values |= {a: () for a, kind in known.items() if kind.open and a not in values}
    return Vocabulary(
        values=values,
        about={a: (known[a].about if a in known else "") or a.replace("_", " ") for a in values},
        opposites=lexicon.poles,
        denied={f"{a}={one}": f"{a}={other}" for a, kind in known.items() for one, other in kind.denied.items()},
        open=frozenset(a for a, kind in known.items() if kind.open),
        measured=frozenset(a for a, kind in known.items() if kind.measured),
        exclusive=frozenset(a for a, kind in known.items() if kind.one),
        cues=re.compile(rf"\b(?:{'|'.join(data['cues'])})\b", re.IGNORECASE),
        orders=re.compile("|".join(data["orders"]), re.IGNORECASE),
        examples=data["example"],
    )


def values_by_attribute(lexicon: Lexicon) -> dict[str, tuple[str, ...]]:
    """Every value that the lexicon can give to an attribute, in the lexicon's order."""
    found: dict[str, dict[str, None]] = {}
    for words in lexicon.words.values():
        for word in words:
            for attribute, value in word.senses.values():
                found.setdefault(attribute, {})[value] = None
    for name, _ in lexicon.types.values():
        found.setdefault("cell_type", {})[name] = None
    return {a: tuple(v for v in values if re.search(r"\w", v)) for a, values in found.items()}


def layers_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Layers that a claim on these texts may be about: those named, borders between named neighbours, the whole depth."""
    named = dict.fromkeys(n for text in texts for mention in find_layers(text) for n in mention.layers)
    parts = {p.rstrip("abc") for n in named for p in n.split("-")}
    bases = [layer for layer in ORDER if layer in parts]
    borders = [f"{a}-{b}" for a, b in itertools.pairwise(ORDER) if a in parts and b in parts]
    white = [WHITE_MATTER] if "WM" in parts else []
    return tuple(dict.fromkeys([WHOLE, *bases, *(n for n in named if "WM" not in n), *borders, *white]))
