"""Facets: the ways in which a claim (or a few that belong together) can be put into words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from cytoscribe.captions.wording.english import LayerName, article, layer_name
from cytoscribe.core.records import WHOLE, Claim
from cytoscribe.literature_mining.claims.comparatives import compares
from cytoscribe.literature_mining.claims.lexicon import load_lexicon

_TOKEN = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\[a\]\s+(\S+)")
_PLAIN = re.compile(r"[\w*/.]+(?:[ -][\w*/.]+){0,4}", re.ASCII)
_OPEN = ("arrangement", "cell_type", "cortical_type")
_MORE = ("more", "predmore", "statemore", "advmore")
_MIDDLE = ("medium", "low-medium")


@dataclass(frozen=True)
class Facet:
    """What one or a few claims say, in every wording that the phrase files know.

    with_: noun phrases that fit "an area with ..."; clauses: whole sentences without a full stop; terse: entries of a list;
    asks: questions that a clause answers; adjectives: words before the noun; diffs: what follows "Compared with X, it has".
    absent: the facet says that something is not there.
    """

    claims: tuple[Claim, ...]
    with_: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    terse: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    diffs: tuple[str, ...] = ()
    absent: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """Claims that the facet states, each once."""
        return tuple(dict.fromkeys(c.claim_id for c in self.claims))


@lru_cache
def phrases(of_cells: bool = False) -> Mapping[str, Any]:
    """The phrase file of claims about areas of tissue, or about kinds of cells: attribute to frames and words of its values."""
    name = "cell_phrases.json" if of_cells else "claim_phrases.json"
    return json.loads((files("cytoscribe.captions") / "data" / name).read_text(encoding="utf-8"))["attributes"]


def speaks_of_cells(claim: Claim) -> bool:
    """True for a trait that only a kind of cell has, as against an area of tissue: its granules, the shape of its nucleus."""
    return claim.attribute in phrases(of_cells=True) and claim.attribute not in phrases()


@lru_cache(maxsize=16384)
def literature_facet(claim: Claim, others: tuple[str, ...] = (), *, of_cells: bool = False) -> Facet:
    """Wordings of one claim of the mining vocabulary; a value the phrase file does not know is used unchanged.

    others: how to call the regions of `claim.compared_to`, in the same order; of_cells: the region is a kind of cell.
    """
    if not _PLAIN.fullmatch(claim.value) or not _PLAIN.fullmatch(claim.layer or WHOLE):
        return Facet((claim,))  # a paper's words that are no value, and may be an order
    if is_relative(claim):
        return Facet((claim,))
    attribute = phrases(of_cells).get(claim.attribute)
    whole = claim.layer in ("", WHOLE)
    place = "whole" if whole else "layer"
    if attribute is None or place not in attribute:
        return _plain_facet(claim)
    unscaled = claim.value not in attribute["values"] or claim.value in _MIDDLE
    if claim.compared_to and unscaled and claim.attribute not in _OPEN:
        return Facet((claim,))  # no wording is known for "more" of this value
    manner = "compared" if claim.compared_to else ("stated" if claim.polarity else "denied")
    frames = attribute[place][manner] | attribute.get("existence", {}).get(claim.value, {}).get(place, {}).get(manner, {})
    layer = layer_name(claim.layer or WHOLE)
    words = dict(attribute["values"].get(claim.value, {}))
    filled = {
        kind: _fill_all(texts, words, layer, claim.value, _others(others or claim.compared_to)) for kind, texts in frames.items()
    }
    if claim.compared_to and not claim.polarity:
        return Facet((claim,), clauses=_denied(filled["clause"]), terse=_denied(filled["clause"]), absent=True)
    asks = attribute[place]["stated"]["ask"]
    return Facet(
        (claim,),
        with_=filled["with"],
        clauses=filled["clause"],
        terse=filled["terse"],
        asks=() if claim.compared_to else _fill_all(asks, words, layer, claim.value, ""),
        diffs=filled.get("diff", ()),
        absent=manner == "denied" or claim.value == "absent",
    )


def is_relative(claim: Claim) -> bool:
    """True where the paper compares ("a thinner layer V") with something that the claim does not name: a neighbour that the text
    leaves open, or another layer. No caption may tell it, since without its partner a comparison says nothing that can be checked."""
    if claim.compared_to or not claim.polarity or claim.value not in load_lexicon().poles:
        return False
    return compares(claim.span)


def _others(names: Sequence[str]) -> str:
    """`area 4`, `areas 4 and 6`, `area 4 or the subiculum`."""
    codes = [n.removeprefix("area ") for n in names]
    if len(names) > 1 and all(c != n and " " not in c for c, n in zip(codes, names, strict=True)):
        return f"areas {', '.join(codes[:-1])} and {codes[-1]}"
    return " or ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} or {names[-1]}"


def _denied(texts: Sequence[str]) -> tuple[str, ...]:
    """A comparison denied: "layer V is not thinner than in area 4"."""
    return tuple(re.sub(r"\b(is|are)\b", r"\1 not", t, count=1) for t in texts if re.search(r"\b(is|are)\b", t))


def _fill_all(
    frames: Sequence[str], words: Mapping[str, Sequence[str]], layer: LayerName, value: str, other: str
) -> tuple[str, ...]:
    texts = [t for frame in frames for t in _fill(frame, words, layer, value, other)]
    return tuple(dict.fromkeys(texts))


def _fill(frame: str, words: Mapping[str, Sequence[str]], layer: LayerName, value: str, other: str) -> list[str]:
    fixed = {**_grammar(layer), "other": other, "value": re.sub(r"\s+(cells?|neurons?)$", "", value)}
    names = list(dict.fromkeys(n for n in _TOKEN.findall(frame) if n not in fixed))
    texts = [frame]
    for name in names:
        choices = words.get(name) or ([f"more {value}"] if name in _MORE else [value])
        texts = [t.replace(f"{{{name}}}", choice) for t in texts for choice in choices]
    return [with_articles(_TOKEN.sub(lambda m: fixed.get(m[1], m[0]), t)) for t in texts]


def _grammar(layer: LayerName) -> dict[str, str]:
    plural = layer.plural
    return {
        "layer": layer.noun,
        "bare": layer.bare,
        "borderof": layer.border,
        "a": "" if plural else "[a]",
        "is": "are" if plural else "is",
        "has": "have" if plural else "has",
        "shows": "show" if plural else "shows",
        "contains": "contain" if plural else "contains",
        "appears": "appear" if plural else "appears",
    }


def with_articles(text: str) -> str:
    """Resolve each `[a]` by the sound of the next word, and single the spaces."""
    text = text.replace("more less ", "less ").replace("more more ", "more ")
    resolved = _ARTICLE.sub(lambda m: f"{article(m[1])} {m[1]}", text)
    return " ".join(resolved.split())


def _plain_facet(claim: Claim) -> Facet:
    """An attribute that no phrase file knows, in the plainest words."""
    name = claim.attribute.replace("_", " ").strip()
    place = "" if claim.layer in ("", WHOLE) else f" in {layer_name(claim.layer).noun}"
    value = claim.value.replace("_", " ").strip()
    negation = "" if claim.polarity else "not "
    return Facet(
        (claim,),
        with_=(
            f"{article(name)} {name}{place} that is {negation}{value}",
            *((f"{value} {name}{place}",) if claim.polarity else ()),
        ),
        clauses=(f"the {name}{place} is {negation}{value}",),
        terse=(f"{name}{place} {negation}{value}", f"{name}{place}: {negation}{value}"),
        asks=(f"What is the {name}{place}?",),
        absent=not claim.polarity,
    )
