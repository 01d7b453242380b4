"""Whether a clause denies a describing word, or turns its value round."""

from __future__ import annotations

from collections.abc import Sequence

from literature_mining.claims.clauses import Clause
from literature_mining.claims.findings import Head
from literature_mining.claims.patterns import Item


def is_denied(clause: Clause, at: int, head: Head) -> bool:
    """True where the clause denies the word: before it ("no sharp border") or after ("... was not found")."""
    items = clause.items
    for position in range(at - 1, max(-1, at - 9), -1):
        item = items[position]
        if item.is_("negator"):
            return True
        if item.is_("glue") and item.text.lower() in {"but", ","} and not (position and items[position - 1].is_("word")):
            break
        if item.is_("glue") and item.text.lower() == "but":
            break
        if (item.is_("layer", "region") or (item.noun and item.noun not in {"arrangement", "cells"})) and position != head.at:
            break
        if (item.is_("layer") or item.noun == "density") and not any(i.is_("verb") for i in items[position:at]):
            break
    return head.before and _denied_after(items, max(at, head.at))


def _denied_after(items: Sequence[Item], at: int) -> bool:
    verb = next((k for k in range(at + 1, len(items)) if items[k].is_("verb")), None)
    if verb is None or any(i.is_("verb") for i in items[:at]):
        return False
    rest = items[verb : verb + 4]
    if any(i.is_("denied") or i.text.lower() == "absent" for i in rest):
        return True
    return any(i.is_("negator") for i in rest) and any(i.is_("existence") for i in rest)


def is_reversed(clause: Clause, at: int) -> bool:
    """True after `less` or `least` ("less clearly defined")."""
    for item in reversed(clause.items[max(0, at - 2) : at]):
        if item.is_("reverser"):
            return True
        if not (
            item.text.lower().endswith("ly")
            or item.text.lower() in {"well", "clearly", "obvious", "prominent", "pronounced", "distinct", "clear", "marked"}
        ):
            return False
    return False
