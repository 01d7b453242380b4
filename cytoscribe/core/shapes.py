"""The form that read data must have, as rules: a value that breaks one is named with its place and with what was expected there.

A file that somebody else wrote may hold anything that its format allows. Rules are checked once, where the file is read, so that
the code behind may count on types, sizes and bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError

Part = tuple[str, Any, "Rule"]
_SHOWN = 40


def _no_parts(value: Any, name: str) -> Iterator[Part]:
    return iter(())


@dataclass(frozen=True)
class Rule:
    """expected: what a value must be, for the message; holds: whether it is; parts: what is inside, each with a rule of its own."""

    expected: str
    holds: Callable[[Any], bool]
    parts: Callable[[Any, str], Iterator[Part]] = _no_parts

    def fault(self, value: Any, name: str) -> str:
        """What is wrong with a value called `name`; "" where it is as it must be."""
        if isinstance(value, _Absent):
            return f"{name} is missing; it must be {self.expected}"
        if not self.holds(value):
            return f"{name or 'the content'} is {_shown(value)}, not {self.expected}"
        faults = (rule.fault(part, inner) for inner, part, rule in self.parts(value, name))
        return next((fault for fault in faults if fault), "")


def check(value: Any, rule: Rule, where: str | Path, fix: str) -> Any:
    """The value itself; raises InputError that names the first entry that breaks the rule."""
    if fault := rule.fault(value, ""):
        raise InputError(fault, where=where, fix=fix)
    return value


def anything() -> Rule:
    """Whatever JSON can hold."""
    return Rule("anything", lambda v: not isinstance(v, _Absent))


def whole(low: int, high: int) -> Rule:
    """A whole number within bounds, both included; true and false are none."""
    return Rule(f"a whole number from {low} to {high}", lambda v: type(v) is int and low <= v <= high)


def number(low: float = -math.inf, high: float = math.inf) -> Rule:
    """A finite number within bounds, both included."""
    bounds = f" from {low:g} to {high:g}" if math.isfinite(low) and math.isfinite(high) else ""
    return Rule(f"a number{bounds}", lambda v: type(v) in (int, float) and low <= v <= high and abs(v) < 1e300)


def text(most: int = 100_000) -> Rule:
    """A string of at most `most` characters that UTF-8 can hold."""
    return Rule(f"a text of at most {most} characters", lambda v: isinstance(v, str) and len(v) <= most and _encodable(v))


def flag() -> Rule:
    """True or false."""
    return Rule("true or false", lambda v: isinstance(v, bool))


def one_of(*choices: str) -> Rule:
    """One of these words."""
    return Rule(f"one of {', '.join(repr(c) for c in choices)}", lambda v: isinstance(v, str) and v in choices)


def maybe(rule: Rule) -> Rule:
    """Null, or what the rule says."""
    return Rule(
        f"{rule.expected} or null",
        lambda v: v is None or rule.holds(v),
        lambda v, n: _no_parts(v, n) if v is None else rule.parts(v, n),
    )


def either(first: Rule, second: Rule) -> Rule:
    """What one of two rules says."""

    def parts(value: Any, name: str) -> Iterator[Part]:
        return (first if first.holds(value) else second).parts(value, name)

    return Rule(f"{first.expected} or {second.expected}", lambda v: first.holds(v) or second.holds(v), parts)


def listed(rule: Rule, most: int = 1_000_000, least: int = 0) -> Rule:
    """A list of `least` to `most` values, each as the rule says."""

    def parts(value: Any, name: str) -> Iterator[Part]:
        return ((f"{name}[{i}]", v, rule) for i, v in enumerate(value))

    return Rule(f"a list of {least} to {most} values", lambda v: isinstance(v, (list, tuple)) and least <= len(v) <= most, parts)


def mapping(rule: Rule, most: int = 1_000_000) -> Rule:
    """An object whose values are all as the rule says, whatever their names."""

    def parts(value: Any, name: str) -> Iterator[Part]:
        return ((_inside(name, k), v, rule) for k, v in value.items())

    return Rule(f"an object of at most {most} entries", lambda v: isinstance(v, Mapping) and len(v) <= most, parts)


def entries(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, *, others: bool = True) -> Rule:
    """An object with these entries; others: entries of other names are let be, else they are refused by name."""
    known = {**required, **(optional or {})}

    def parts(value: Any, name: str) -> Iterator[Part]:
        for key, rule in known.items():
            if key in value:
                yield _inside(name, key), value[key], rule
            elif key in required:
                yield _inside(name, key), _Absent(), rule
        if not others:
            yield from ((_inside(name, k), v, _UNKNOWN) for k, v in value.items() if k not in known)

    return Rule("an object", lambda v: isinstance(v, Mapping), parts)


class _Absent:
    """An entry that is not there."""


_UNKNOWN = Rule("an entry that is read here", lambda v: False)


def _inside(name: str, key: str) -> str:
    return f"{name}.{key}" if name else f"'{str(key)[:_SHOWN]}'"


def _shown(value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple)):
        kind = "an object" if isinstance(value, Mapping) else "a list"
        return f"{kind} of {len(value)}"
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
