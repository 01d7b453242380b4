"""Answers of a language model, believed only as far as the text and the vocabulary bear them out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cytoscribe.literature_mining.claims.findings import FoundClaim
from cytoscribe.literature_mining.claims.llm.question import ITEMS
from cytoscribe.literature_mining.claims.llm.vocabulary import OPEN, Vocabulary, layers_in
from cytoscribe.literature_mining.claims.llm.windows import Target, Window
from cytoscribe.literature_mining.regions.table import RegionTable
from cytoscribe.llm.base import Completion

SCORE = 0.6
"""Score of a claim that a model alone states."""
_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
_OPENING = re.compile(r"[\[{]")
_WORD = re.compile(r"[^\W\d_]{3}")
_LONGEST_SPAN = 400
_TRIES = 50
"""Places in an answer at which a list is looked for."""


@dataclass(frozen=True)
class CheckedAnswer:
    """claims: number of the target (from 0) and claim; refused: reasons, one a claim that failed a check; fault: why the answer as a
    whole cannot be used ("failed: REASON", "cut off", "empty", "not a list of claims"), "" where it can."""

    claims: tuple[tuple[int, FoundClaim], ...] = ()
    refused: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class AnswerChecker:
    """Checks answers against their windows: every field of every claim, nothing is mended by guessing."""

    table: RegionTable
    vocabulary: Vocabulary

    def check(self, window: Window, completion: Completion) -> CheckedAnswer:
        """The claims of an answer that hold, each once."""
        if fault := _fault(completion):
            return CheckedAnswer(fault=fault)
        rows = _rows(completion.text)
        if rows is None:
            return CheckedAnswer(fault="not a list of claims")
        taken = rows[: ITEMS * len(window.targets)]
        results = [self._claim(row, window) for row in taken]
        claims = tuple(dict.fromkeys(r for r in results if isinstance(r, tuple)))
        refused = [r for r in results if isinstance(r, str)] + ["too many"] * (len(rows) - len(taken))
        return CheckedAnswer(claims, tuple(refused))

    def _claim(self, row: Any, window: Window) -> tuple[int, FoundClaim] | str:
        """A claim with the number of its sentence, or the name of the field that is wrong."""
        if not isinstance(row, Mapping):
            return "form"
        span = row.get("span")
        number = _sentence(row, window, span)
        if not isinstance(span, str) or not _WORD.search(span) or len(span) > _LONGEST_SPAN or number is None:
            return "span"
        target = window.targets[number]
        start = target.text.find(span)
        if start < 0:
            return "span"
        compared = self._compared(row.get("compared_to", []), target, window, number)
        region = self._region(row.get("region"))
        if not region or not _is_meant(region, compared, target, window.regions_for(number)):
            return "region"
        layer = _layer(row.get("layer"), layers_in(window.texts_for(number)))
        if not layer:
            return "layer"
        attribute, value = self._trait(row, span)
        if not value:
            return "value"
        stated = row.get("stated", row.get("polarity", True))
        if not isinstance(stated, bool):
            return "stated"
        others = tuple(c for c in compared if c != region)
        if row.get("compared_to") and not others:  # recorded without the other area, a comparison would read as absolute
            return "compared_to"
        return number, FoundClaim(region, layer, attribute, value, stated, others, start, start + len(span), SCORE)

    def _region(self, name: Any) -> str:
        if not isinstance(name, str) or len(name) > 200:
            return ""
        found = self.table.find(name) if name else None
        return found.name if found else ""

    def _compared(self, names: Any, target: Target, window: Window, number: int) -> tuple[str, ...]:
        """Regions of a comparison that the text names; areas outside the table cannot be recorded."""
        listed = names[:8] if isinstance(names, list) else []
        spoken = {*target.regions, *window.regions_for(number)}
        return tuple(dict.fromkeys(r for n in listed if (r := self._region(n)) in spoken))

    def _trait(self, row: Mapping[str, Any], span: str) -> tuple[str, str]:
        """(attribute, value), from the joint field or from two; the value is "" where it may not stand."""
        trait, value = row.get("trait", row.get("attribute")), row.get("value", "")
        if not isinstance(trait, str) or not isinstance(value, str) or len(trait) + len(value) > 200:
            return "", ""
        attribute, _, listed = trait.partition("=")
        said = value if listed in ("", OPEN) else listed
        return attribute, self.vocabulary.value_of(attribute, said, span)


def _fault(completion: Completion) -> str:
    if completion.error:
        return f"failed: {completion.error}"
    return "cut off" if completion.truncated else "" if completion.text.strip() else "empty"


def _sentence(row: Mapping[str, Any], window: Window, span: Any) -> int | None:
    """Which target the claim is of; the first that holds the span where the answer gives no number."""
    number = row.get("sentence")
    if number is None and isinstance(span, str):
        return next((n for n, t in enumerate(window.targets) if span in t.text), None)
    return number - 1 if type(number) is int and 0 < number <= len(window.targets) else None


def _is_meant(region: str, compared: Sequence[str], target: Target, carried: Sequence[str]) -> bool:
    """Whether the sentence can be about the region: it names it, or names none but those compared with and the text before does."""
    return region in target.regions or (region in carried and set(target.regions) <= {*compared} - {region})


def _layer(name: Any, allowed: Sequence[str]) -> str:
    if not isinstance(name, str) or len(name) > 60:
        return ""
    if name in allowed:
        return name
    read = layers_in([name, f"layer {name}"])
    return next((n for n in read[1:] if n in allowed), "") if len(read) == 2 else ""


def _rows(text: str) -> list[Any] | None:
    """The list of claims in an answer, None where it holds none."""
    text = _THOUGHT.sub(" ", text)
    decoder = json.JSONDecoder()
    for number, opening in zip(range(_TRIES), _OPENING.finditer(text), strict=False):
        try:
            value, _ = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            continue
        rows = value.get("claims") if isinstance(value, dict) else value
        if isinstance(rows, list) and all(isinstance(r, dict) for r in rows) and (rows or isinstance(value, dict) or not number):
            return rows  # an empty list further in may be a field of a claim that broke off
    return None
