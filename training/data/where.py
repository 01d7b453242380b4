"""Rows of an images table by a condition such as `age < 20 and plane == coronal`: a parser of its own, nothing is evaluated as code.

    condition   := both ("or" both)*
    both        := one ("and" one)*
    one         := "(" condition ")" | COLUMN OPERATOR VALUE
    OPERATOR    := "<" | "<=" | ">" | ">=" | "==" | "=" | "!="

COLUMN and VALUE are words, or anything in quotes. `<` and its like compare numbers; the others compare numbers where both sides are
numbers, else words. A cell that is empty, or no number where one is needed, makes a comparison false, `!=` too: nothing is known.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from cytoscribe.core.errors import InputError
from cytoscribe.core.records import ImageRecord

_TOKEN = re.compile(r"""\s*(?:(<=|>=|==|!=|=|<|>|\(|\))|"([^"]*)"|'([^']*)'|([^\s<>=!()"']+))""")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUAL = ("==", "=", "!=")
_FIELDS = ("region", "subject", "section", "plane", "age", "scale", "split", "pixel_size_um")
_EXAMPLE = 'write COLUMN, a comparison and a value, joined by and / or: --train-where "age < 20 and plane == coronal"'
MOST_CHARACTERS = 2000


class Condition(Protocol):
    """True or false of an image."""

    def holds(self, record: ImageRecord) -> bool: ...

    def columns(self) -> Iterator[str]: ...


@dataclass(frozen=True)
class _Comparison:
    column: str
    sign: str
    value: str

    def holds(self, record: ImageRecord) -> bool:
        cell = cell_of(record, self.column)
        if not cell:
            return False
        numbers = _number(cell), _number(self.value)
        if self.sign in _COMPARE:
            return None not in numbers and _COMPARE[self.sign](*numbers)  # type: ignore[arg-type]
        same = numbers[0] == numbers[1] if None not in numbers else cell == self.value
        return same is (self.sign != "!=")

    def columns(self) -> Iterator[str]:
        yield self.column


@dataclass(frozen=True)
class _Joined:
    """parts that must hold all, or any."""

    together: Callable[[Iterator[bool]], bool]
    parts: tuple[Condition, ...]

    def holds(self, record: ImageRecord) -> bool:
        return self.together(part.holds(record) for part in self.parts)

    def columns(self) -> Iterator[str]:
        for part in self.parts:
            yield from part.columns()


@dataclass(frozen=True)
class _Token:
    """A sign, or a word; quoted words are never read as `and` or `or`."""

    text: str
    sign: bool = False
    quoted: bool = False


def parse_where(text: str, flag: str = "--test-where") -> Condition:
    """Read a condition. Raises InputError, naming the option `flag`, where it is none."""
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"a condition of {len(text)} characters", where=flag, fix=f"use at most {MOST_CHARACTERS}")
    reader = _Reader(list(_tokens(text, flag)), flag)
    condition = reader.condition()
    if reader.left:
        raise InputError(f"'{reader.left[0].text}' is not expected there", where=flag, fix=_EXAMPLE)
    return condition


def where(records: Sequence[ImageRecord], text: str, flag: str) -> list[ImageRecord]:
    """The records of which the condition holds, in order.

    Raises InputError where it cannot be read, names a column that the table does not have, or holds of no image.
    """
    condition = parse_where(text, flag)
    there = {*_FIELDS, *(name for r in records for name in r.attributes)}
    for name in condition.columns():
        if name not in there:
            raise InputError(f"the table has no column '{name}'", where=flag, fix=f"use one of {', '.join(sorted(there))}")
    kept = [r for r in records if condition.holds(r)]
    if not kept:
        raise InputError(f"no image fits '{text}'", where=flag, fix="check the values of that column")
    return kept


def refuse_shared(first: Sequence[ImageRecord], other: Sequence[ImageRecord], flags: str) -> None:
    """Raise InputError where images of one subject (or of one section, where no subject is stated) are on both sides."""
    for unit in ("subject", "section"):
        sides = [
            {(r.subject, r.section) if unit == "section" else (r.subject,) for r in side if getattr(r, unit)}
            for side in (first, other)
        ]
        both = sorted(sides[0] & sides[1])
        if both:
            fix = "choose conditions that hold for whole subjects, or leave those subjects out"
            raise InputError(f"{unit} '{both[0][-1]}' is on both sides ({len(both)} in all)", where=flags, fix=fix)


def cell_of(record: ImageRecord, column: str) -> str:
    """What the table says of an image in a column; "" where it says nothing."""
    value = getattr(record, column) if column in _FIELDS else record.attributes.get(column, "")
    return "" if value is None else str(value)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value else None


def _tokens(text: str, flag: str) -> Iterator[_Token]:
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            raise InputError(f"'{text[place:].strip()[:20]}' cannot be read", where=flag, fix=_EXAMPLE)
        sign, double, single, word = found.groups()
        quoted = double if double is not None else single
        yield _Token(sign or (quoted if quoted is not None else word), sign is not None, quoted is not None)
        place = found.end()


class _Reader:
    """Takes tokens from the left; `left` are those not yet read."""

    def __init__(self, tokens: list[_Token], flag: str, deepest: int = 50) -> None:
        self.left, self._flag, self._deepest, self._depth = tokens, flag, deepest, 0

    def condition(self) -> Condition:
        return self._joined("or", any, lambda: self._joined("and", all, self._one))

    def _joined(self, word: str, together: Callable[[Iterator[bool]], bool], inner: Callable[[], Condition]) -> Condition:
        parts = [inner()]
        while self.left and not self.left[0].quoted and self.left[0].text.lower() == word:
            self.left.pop(0)
            parts.append(inner())
        return parts[0] if len(parts) == 1 else _Joined(together, tuple(parts))

    def _one(self) -> Condition:
        if self.left and self.left[0] == _Token("(", True):
            self.left.pop(0)
            return self._bracket()
        column = self._word("a column")
        sign = self.left.pop(0) if self.left else _Token("")
        if not sign.sign or sign.text not in (*_COMPARE, *_EQUAL):
            told = f"'{sign.text}'" if sign.text else "nothing"
            raise InputError(f"{told} where a comparison is needed after '{column}'", where=self._flag, fix=_EXAMPLE)
        value = self._word("a value")
        if sign.text in _COMPARE and _number(value) is None:
            raise InputError(f"'{sign.text}' compares numbers, and '{value}' is not one", where=self._flag, fix="use == for words")
        return _Comparison(column, sign.text, value)

    def _bracket(self) -> Condition:
        self._depth += 1
        if self._depth > self._deepest:
            raise InputError("too many brackets within brackets", where=self._flag, fix=_EXAMPLE)
        inner = self.condition()
        if not self.left or self.left[0] != _Token(")", True):
            raise InputError("a bracket is not closed", where=self._flag, fix=_EXAMPLE)
        self.left.pop(0)
        self._depth -= 1
        return inner

    def _word(self, what: str) -> str:
        if not self.left or self.left[0].sign:
            told = f"'{self.left[0].text}'" if self.left else "nothing"
            raise InputError(f"{told} where {what} is needed", where=self._flag, fix=_EXAMPLE)
        return self.left.pop(0).text
