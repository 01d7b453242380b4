"""Claims by a language model: what it says is believed only where its words stand in the sentence.

The model is any function from a prompt to text; `Served` is one behind an OpenAI-compatible server's address.
"""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from cytoscribe.answers import REFUSED, response_format
from cytoscribe.errors import InputError
from cytoscribe.progress import say
from literature_mining.claims.findings import FoundClaim, united
from literature_mining.claims.layers import find_layers
from literature_mining.claims.lexicon import ATTRIBUTES
from literature_mining.claims.findings import Extractor
from literature_mining.regions.table import RegionTable, squeeze

Generate = Callable[[str], str]
_LIST = re.compile(r"\[.*\]", re.DOTALL)
_GREETING = "Answer with an empty list of claims."
_WORD = re.compile(r"[^\W\d_]{3}")
_LONGEST = 768
"""New tokens of an answer; the claims of one sentence take far fewer."""
_SCORE = 0.6
"""Score of a claim that only a model states; one that the rules state too keeps the rules' score."""
_TEXT = {"type": "string"}
_FIELDS = {
    "region": _TEXT,
    "layer": _TEXT,
    "attribute": {"type": "string", "enum": list(ATTRIBUTES)},
    "value": _TEXT,
    "polarity": {"type": "boolean"},
    "compared_to": {"type": "array", "items": _TEXT},
    "span": _TEXT,
}
_CLAIM = {"type": "object", "properties": _FIELDS, "required": list(_FIELDS), "additionalProperties": False}
CLAIMS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"claims": {"type": "array", "items": _CLAIM}},
    "required": ["claims"],
    "additionalProperties": False,
}
"""The form of a model's answer; an object around the list, since some servers take no list."""


class ModelExtractor:
    """Asks a language model, and keeps each claim whose span is found in the text and whose region and attribute are known."""

    def __init__(self, generate: Generate, table: RegionTable | None = None) -> None:
        self._generate, self._table = generate, table or RegionTable()

    def read(self, text: str, topic: str | None = None) -> list[FoundClaim]:
        """Claims of a text in its order; an answer that is no JSON list gives none."""
        answer = self._generate(_template().render(sentence=text, topic=topic, attributes=ATTRIBUTES))
        claims = [c for row in _rows(answer) if (c := self._checked(row, text, topic)) is not None]
        return sorted(dict.fromkeys(claims), key=lambda c: (c.start, c.end, c.layer, c.attribute))

    def _checked(self, row: Mapping[str, Any], text: str, topic: str | None) -> FoundClaim | None:
        span, attribute = str(row.get("span", "")).strip(), str(row.get("attribute", ""))
        start = text.find(span) if _WORD.search(span) else -1
        region = self._region(str(row.get("region", "")), topic, text)
        layer = _layer(str(row.get("layer", "all")))
        value = str(row.get("value", "")).strip()
        if start < 0 or attribute not in ATTRIBUTES or not region or not layer or not value:
            return None
        compared = row.get("compared_to")
        others = [self._region(str(c), None, text) for c in compared] if isinstance(compared, list) else []
        return FoundClaim(
            region,
            layer,
            attribute,
            value,
            row.get("polarity") is not False,
            tuple(dict.fromkeys(o for o in others if o and o != region)),
            start,
            start + len(span),
            _SCORE,
        )

    def _region(self, name: str, topic: str | None, text: str) -> str:
        """The region of that name, where the text names it too or is about it; "" else."""
        found = self._table.find(name) if name else None
        if found is not None:
            flat = squeeze(text)
            return found.name if found.name == topic or any(squeeze(n) in flat for n in found.names) else ""
        return topic or "" if not self._table.regions or name == topic else ""


@dataclass(frozen=True)
class BothExtractors:
    """Union of two extractors; a claim that both state has full agreement (score 1), another keeps its own score."""

    rules: Extractor
    model: Extractor

    def read(self, text: str, topic: str | None = None) -> list[FoundClaim]:
        """Claims of either, those of the rules first where both state one."""
        return united(self.rules.read(text, topic), self.model.read(text, topic))


@dataclass(frozen=True)
class Served:
    """A model behind an OpenAI-compatible server, e.g. `http://localhost:8000/v1`: call it with a question.

    seconds: for one answer; tries: a question, `pause_s` apart; schema: the form that answers are asked for in, None for any. Answers
    are bounded in length, so that a model that never ends does not hold up the run: a list that is cut off gives no claims.
    """

    url: str
    model: str
    seconds: float = 120
    schema: Mapping[str, Any] | None = None
    tries: int = 3
    pause_s: float = 1.0
    before: Callable[[float], None] = lambda seconds: None
    """Called before each try with the seconds that it may take."""

    def __call__(self, question: str) -> str:
        """The answer. Raises InputError where none comes."""
        for left in reversed(range(self.tries)):
            try:
                return self._answer(question)
            except (OSError, http.client.HTTPException, ValueError, KeyError, IndexError, TypeError) as error:
                if not left or (isinstance(error, urllib.error.HTTPError) and error.code < 500):
                    raise self._silence(error) from error
                time.sleep(self.pause_s)
        raise self._silence(None)

    def _answer(self, question: str) -> str:
        body = {"model": self.model, "temperature": 0, "max_tokens": _LONGEST, "messages": [{"role": "user", "content": question}]}
        if self.schema:
            body["response_format"] = response_format(self.schema)
        request = urllib.request.Request(
            f"{self.url.rstrip('/')}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        self.before(self.seconds)
        with urllib.request.urlopen(request, timeout=self.seconds) as answer:
            return str(json.load(answer)["choices"][0]["message"]["content"] or "")

    def _silence(self, error: Exception | None) -> InputError:
        late = isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError)
        if late:
            return InputError(
                f"the language model took longer than {self.seconds:g} s for one answer, {self.tries} times over",
                where=self.url,
                fix="give it more with --timeout, or take a smaller model",
            )
        return InputError(
            f"the language model does not answer ({error})", where=self.url, fix="start the server, or check its address and model"
        )


def bears_schema(model: Served) -> bool:
    """Whether the server takes the form of answers; one that refuses just that is said so in one line. Raises InputError as the model does."""
    try:
        model(_GREETING)
    except InputError as error:
        cause = error.__cause__
        if model.schema is None or not (isinstance(cause, urllib.error.HTTPError) and cause.code in REFUSED):
            raise
        replace(model, schema=None)(_GREETING)
        say(f"note: {model.url} refuses a form of answers ({cause}); asked without, read as they come")
        return False
    return model.schema is not None


@lru_cache(maxsize=1)
def _template() -> Template:
    source = resources.files("literature_mining").joinpath("data/extract_claims.jinja").read_text(encoding="utf-8")
    return SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True).from_string(source)


def _rows(answer: str) -> Iterable[Mapping[str, Any]]:
    match = _LIST.search(answer)
    try:
        rows = json.loads(match.group()) if match else []
    except ValueError:
        return []
    return [r for r in rows if isinstance(r, Mapping)] if isinstance(rows, Sequence) else []


def _layer(name: str) -> str:
    if name.strip().lower() in {"", "all", "whole", "none"}:
        return "all"
    if re.fullmatch(r"VI[-/]WM", name.strip()):
        return "VI-WM"
    found = find_layers(name if "layer" in name.lower() or "stratum" in name.lower() else f"layer {name}")
    return found[0].layers[0] if found and found[0].layers else ""
