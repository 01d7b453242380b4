"""The small words of English, read from a data file: what each word or phrase does in a sentence."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from cytoscribe.literature_mining.claims.lexicon import forms

Form = tuple[str, ...]
_VERB_CLASSES = ("be", "become", "have", "lack", "place", "other", "modal", "by_having")


@dataclass(frozen=True)
class English:
    """`roles[form]` holds every role of a form, e.g. ("not",) -> {"negatives"}; verbs have the role "verb:CLASS".

    `first[word]` lists the forms that begin with a word, longest first. `species[form]` is the animal that a word names.
    """

    roles: Mapping[Form, frozenset[str]]
    first: Mapping[str, tuple[Form, ...]]
    species: Mapping[Form, str]


@lru_cache(maxsize=1)
def load_english() -> English:
    """The word lists that come with the package."""
    source = resources.files("cytoscribe.literature_mining").joinpath("data/english.toml").read_text(encoding="utf-8")
    table = tomllib.loads(source)
    roles: dict[Form, set[str]] = {}
    verbs, species = table.pop("verbs"), table.pop("species")
    for role, words in table.items():
        _add(roles, role, words)
    for group in _VERB_CLASSES:
        inflected = verbs[group] if group in ("by_having", "modal") else [f for v in verbs[group] for f in inflections(v)]
        _add(roles, f"verb:{group}", inflected)
    animals = {forms(word): name for name, words in species.items() for word in words}
    for form in animals:
        roles.setdefault(form, set()).add("species")
    first: dict[str, list[Form]] = {}
    for form in roles:
        first.setdefault(form[0], []).append(form)
    return English(
        {form: frozenset(names) for form, names in roles.items()},
        {word: tuple(sorted(listed, key=len, reverse=True)) for word, listed in first.items()},
        animals,
    )


def _add(roles: dict[Form, set[str]], role: str, words: Iterable[str]) -> None:
    for word in words:
        form = forms(word) or (word,)
        roles.setdefault(form, set()).add(role)


def inflections(verb: str) -> list[str]:
    """A verb's regular forms; of a phrasal verb the first word is inflected ("stand out": "stands out")."""
    head, _, rest = verb.partition(" ")
    tail = f" {rest}" if rest else ""
    stem = head[:-1] if head.endswith("e") else head
    third = (
        f"{head[:-1]}ies" if _consonant_y(head) else f"{head}es" if head.endswith(("s", "sh", "ch", "x", "z", "o")) else f"{head}s"
    )
    past = f"{head[:-1]}ied" if _consonant_y(head) else f"{stem}ed"
    listed = [head, third, past, f"{stem}ing"]
    if (
        len(head) <= 6
        and head[-1] in "bdglmnprt"
        and head[-2:-1] in ("a", "e", "i", "o", "u")
        and head[-3:-2] not in ("a", "e", "i", "o", "u")
    ):
        listed += [f"{head}{head[-1]}ed", f"{head}{head[-1]}ing"]
    return [f"{form}{tail}" for form in listed]


def _consonant_y(word: str) -> bool:
    return word.endswith("y") and word[-2:-1] not in ("a", "e", "i", "o", "u")
