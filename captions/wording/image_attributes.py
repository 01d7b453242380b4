"""Columns of an images table as claims, and their wordings: known columns by a phrase file, others by a plain fallback."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from cytoscribe.captions.wording.english import article
from cytoscribe.captions.wording.facets import Facet
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import WHOLE, Claim, image_claim_id
from cytoscribe.core.runs import read_json
from cytoscribe.core.shapes import check, entries, flag, listed, mapping, text

_WORDS = listed(text(1000), most=200)
_VALUE = entries(
    {},
    dict.fromkeys(("with", "clause", "short", "adjective", "attribute"), _WORDS)
    | {"absence": flag(), "same_as": listed(text(200), most=2, least=2)},
)
_FORM = entries(
    {"columns": mapping(entries({"values": mapping(_VALUE, most=10_000)}, {"ask": _WORDS}), most=10_000)},
    {
        "subject": entries({}, dict.fromkeys(("noun", "plural", "kind"), text(200))),
        "joins": listed(
            entries({"columns": listed(text(200), most=4, least=1)}, dict.fromkeys(("with", "clause", "short"), _WORDS)), most=200
        ),
    },
)
_YES = {"yes", "true", "1", "present", "y", "+"}
_NO = {"no", "false", "0", "absent", "n", "-", "nil", "none"}


@dataclass(frozen=True)
class Subject:
    """What one image shows: `noun` ("cell"), its plural, and a word for its kind ("blood cell")."""

    noun: str = "sample"
    plural: str = "samples"
    kind: str = "sample"


@dataclass(frozen=True)
class PhraseBook:
    """How the columns of an images table read in English; `columns` may be empty, then every column uses the fallback."""

    subject: Subject
    columns: Mapping[str, Any]
    joins: tuple[Mapping[str, Any], ...] = ()

    def canonical(self, column: str, value: str) -> tuple[str, str]:
        """The pair that carries the wording: a value marked `same_as` reads as another column's value."""
        same = self.columns.get(column, {}).get("values", {}).get(value, {}).get("same_as")
        return (same[0], same[1]) if same else (column, value)


def read_phrases(path: str | Path | None = None) -> PhraseBook:
    """The phrase file at `path`, else the one that ships with the package. Raises InputError where it is not of that form."""
    if path is None:
        return _shipped()
    fix = "write it like captions/data/attributes.json"
    raw = check(read_json(path), _FORM, path, fix)
    for join in raw.get("joins", ()):
        named = {n for key in ("with", "clause", "short") for frame in join.get(key, ()) for n in re.findall(r"\{(\w+)\}", frame)}
        if unknown := sorted(named - {*join["columns"]}):
            raise InputError(f"a join names '{unknown[0]}', which is not one of its columns", where=path, fix=fix)
    return _book(raw)


@lru_cache
def _shipped() -> PhraseBook:
    return _book(read_json(Path(str(files("cytoscribe.captions") / "data" / "attributes.json"))))


def _book(raw: Mapping[str, Any]) -> PhraseBook:
    subject = raw.get("subject", {})
    noun = subject.get("noun", "sample")
    return PhraseBook(
        Subject(noun, subject.get("plural", f"{noun}s"), subject.get("kind", noun)), raw["columns"], tuple(raw.get("joins", ()))
    )


def subject_of(book: PhraseBook, columns: Sequence[str], noun: str = "") -> Subject:
    """The phrase file's subject where it knows most of the columns, else `noun`, else a plain "sample"."""
    if noun:
        return Subject(noun, f"{noun}s", noun)
    known = sum(c in book.columns for c in columns)
    return book.subject if known * 2 > len(columns) else Subject()


def image_claim(column: str, value: str, region: str, document: str) -> Claim:
    """The claim that a cell of an images table makes; `document` is the table's file name."""
    return Claim(
        claim_id=image_claim_id(column, value),
        region=region,
        document=document,
        doi="",
        page=None,
        sentence="",
        sentence_start=0,
        sentence_end=0,
        span=value,
        layer=WHOLE,
        attribute=column,
        value=value,
        polarity=True,
        compared_to=(),
        score=1.0,
    )


def image_facets(claims: Sequence[Claim], book: PhraseBook) -> list[Facet]:
    """One facet a distinct statement: claims that say the same (no granules, no granule colour) share one."""
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        groups.setdefault(book.canonical(claim.attribute, claim.value), []).append(claim)
    return [_facet(tuple(group), column, value, book) for (column, value), group in groups.items()]


def joined_facets(facets: Sequence[Facet], book: PhraseBook) -> list[Facet]:
    """Facets that say two of these at once ("small, pink granules"), as far as the phrase file joins their columns."""
    by_column = {f.claims[0].attribute: f for f in facets if len(f.claims) == 1}
    joined = []
    for join in book.joins:
        members = [by_column.get(c) for c in join["columns"]]
        if any(m is None for m in members):
            continue
        claims = tuple(m.claims[0] for m in members if m is not None)
        words = {c.attribute: _value(book, c.attribute, c.value).get("attribute", ()) for c in claims}
        if all(words.values()):
            joined.append(
                Facet(
                    claims,
                    with_=_combine(join.get("with", ()), words),
                    clauses=_combine(join.get("clause", ()), words),
                    terse=_combine(join.get("short", ()), words),
                )
            )
    return joined


def _combine(frames: Iterable[str], words: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    names = list(words)
    return tuple(
        re.sub(r"\{(\w+)\}", lambda m, choice=choice: choice[m[1]], frame)
        for frame in frames
        for choice in (dict(zip(names, pick, strict=True)) for pick in itertools.product(*words.values()))
    )


def _value(book: PhraseBook, column: str, value: str) -> Mapping[str, Any]:
    return book.columns.get(column, {}).get("values", {}).get(value, {})


def _facet(claims: tuple[Claim, ...], column: str, value: str, book: PhraseBook) -> Facet:
    entry = _value(book, column, value)
    if not entry:
        return _fallback(claims, column, value)
    return Facet(
        claims,
        with_=tuple(entry.get("with", ())),
        clauses=tuple(entry.get("clause", ())),
        terse=tuple(entry.get("short", ())),
        asks=tuple(book.columns[column].get("ask", ())),
        adjectives=tuple(entry.get("adjective", ())),
        absent=bool(entry.get("absence")),
    )


def _fallback(claims: tuple[Claim, ...], column: str, value: str) -> Facet:
    """A column that the phrase file does not know: "tumour grade: high" reads as "a high tumour grade"."""
    name = " ".join(re.sub(r"[_\s]+", " ", column).split())
    said = " ".join(re.sub(r"[_\s]+", " ", value).split())
    if said.lower() in _YES | _NO:
        return _presence(claims, name, said.lower() in _YES)
    return Facet(
        claims,
        with_=(f"{article(said)} {said} {name}", f"{article(name)} {name} that is {said}", f"{said} {name}"),
        clauses=(f"the {name} is {said}", f"its {name} is {said}", f"the {name} appears {said}"),
        terse=(f"{said} {name}", f"{name} {said}", f"{name}: {said}"),
        asks=(f"What is the {name}?", f"How would one describe the {name}?"),
    )


def _presence(claims: tuple[Claim, ...], name: str, present: bool) -> Facet:
    if present:
        return Facet(
            claims,
            with_=(f"visible {name}", f"{name} present"),
            clauses=(f"{name} is present", f"{name} is seen"),
            terse=(f"{name} present", f"{name}: yes"),
            asks=(f"Is {name} present?",),
        )
    return Facet(
        claims,
        with_=(f"no {name}", f"no visible {name}"),
        clauses=(f"{name} is absent", f"no {name} is seen"),
        terse=(f"{name} absent", f"no {name}"),
        asks=(f"Is {name} present?",),
        absent=True,
    )
