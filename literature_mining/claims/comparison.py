"""What a comparative is measured by: regions after "than", "compared to", "differs from", and partners named in other ways."""

from __future__ import annotations

from collections.abc import Sequence, Set

from literature_mining.claims.clauses import Clause
from literature_mining.claims.findings import Context
from literature_mining.claims.patterns import Item
from literature_mining.claims.reference import names_of

_CHANGES = ("increas", "decreas", "declin", "reduc", "drop", "presence", "existence", "appearance", "disappear", "emergence")
_DIFFER = ("differ", "distinguish", "separat")


def compared_regions(clauses: Sequence[Clause]) -> frozenset[int]:
    """Start offsets of the regions that stand only as the measure: after "than", "compared to", "differs from"."""
    measures: set[int] = set()
    for clause in clauses:
        items = clause.items
        for at, item in enumerate(items):
            if item.is_("compared") or _differs_from(items, at):
                measures |= _following(items, at)
            elif item.text.lower() == "not":
                measures |= _set_aside(items, at)
    return frozenset(measures)


def _set_aside(items: Sequence[Item], at: int) -> set[int]:
    """`but not Fo5`, `but not in Fo5`: a region that is only excluded."""
    for item in items[at + 1 : at + 8]:
        if item.is_("region"):
            return {item.start}
        if not item.is_("preposition", "determiner", "layer") and item.noun != "area":
            return set()
    return set()


def _differs_from(items: Sequence[Item], at: int) -> bool:
    return items[at].text.lower() == "from" and any(i.text.lower().startswith(_DIFFER) for i in items[max(0, at - 6) : at])


def _following(items: Sequence[Item], at: int) -> set[int]:
    found: set[int] = set()
    for item in items[at + 1 :]:
        if item.is_("region"):
            found.add(item.start)
        elif item.text.lower() in {"that", "those"}:
            continue
        elif (item.text == "," and found) or item.is_("verb", "break", "word") or (found and item.text.lower() in {"by", "with"}):
            break
    return found


def partners(
    clauses: Sequence[Clause],
    clause: Clause,
    word: Item,
    head: Item,
    compares: bool,
    names: Sequence[str],
    measures: frozenset[int],
    context: Context,
) -> tuple[str, ...]:
    """Regions that a trait of the regions `names` is measured by, as the sentence names them, or those spoken of before."""
    aside = {*names, *(_likened(clauses) if compares else ())}
    compared = tuple(n for n in _measured(clauses, clause, measures, context) if n not in aside)
    if compared or not compares or _compares_layers(clause):
        return compared
    other = () if _is_apart(clause, word, head) else _only_other(clauses, names, aside)
    return other or tuple(r for r in context.rivals if r not in aside)


def _likened(clauses: Sequence[Clause]) -> frozenset[str]:
    """`similar to A`, `as in A`: regions of which the sentence says that they are alike, so no comparative is measured by them."""
    found: set[str] = set()
    for clause in clauses:
        for at, item in enumerate(clause.items):
            if item.is_("compared") and item.text.lower().startswith(("similar", "like", "as in")):
                ahead = _following(clause.items, at)
                found |= {n for i in clause.items if i.start in ahead for n in i.names}
    return frozenset(found)


def _only_other(clauses: Sequence[Clause], names: Sequence[str], aside: Set[str]) -> tuple[str, ...]:
    """`A adjoins B, which has a denser layer II`: the one other region of the sentence is what a comparative is measured by."""
    named = {n for c in clauses for i in c.items if i.is_("region") for n in i.names}
    others = named - aside
    return tuple(others) if len(others) == 1 and not named.isdisjoint(names) else ()


def _is_apart(clause: Clause, word: Item, head: Item) -> bool:
    """`the most rudimentary layers`, `a deep, less dense sublayer`: measured by all others, or by the area's other sublayers."""
    before = [i.text.lower() for i in clause.items if i.start < word.start][-1:]
    return before == ["most"] or word.text.lower().endswith("est") or head.text.lower() in {"sublayer", "sublayers"}


def _compares_layers(clause: Clause) -> bool:
    """`less dense than layer VI`, `larger towards layer V`: the measure is another layer of the same area."""
    for at, item in enumerate(clause.items):
        if item.is_("compared") or item.text.lower() in {"towards", "toward"}:
            ahead = clause.items[at + 1 : at + 6]
            return not any(i.is_("region") for i in ahead)
    return False


def compares_or_changes(word: Item, compares: bool) -> bool:
    """True for a word that states a difference."""
    return compares or word.text.lower().startswith(_CHANGES)


def _measured(clauses: Sequence[Clause], clause: Clause, measures: frozenset[int], context: Context) -> tuple[str, ...]:
    here = [n for i in clause.items if i.start in measures for n in _meant(clauses, i, measures, context)]
    if not here and not clause.fresh:
        here = [n for c in clauses[: clause.index + 1] for i in c.items if i.start in measures for n in i.names]
    return tuple(dict.fromkeys(here))


def _meant(clauses: Sequence[Clause], item: Item, measures: frozenset[int], context: Context) -> tuple[str, ...]:
    """The region's names, or those that `the latter` and `the former` stand for."""
    return item.names if item.back not in {"latter", "former"} else names_of(clauses, item, measures, context)[0]
