"""What a region, or a word that stands for one, refers to: "it", "the latter", "both areas", regions joined by "and"."""

from __future__ import annotations

from collections.abc import Sequence

from literature_mining.claims.clauses import Clause
from literature_mining.claims.findings import Context
from literature_mining.claims.patterns import Item


def names_of(
    clauses: Sequence[Clause], item: Item | None, measures: frozenset[int], context: Context
) -> tuple[tuple[str, ...], float]:
    """Names of the regions that the item stands for, with how sure that is, in [0, 1]; those spoken of last for no item."""
    if item is None:
        return context.topic, 0.7
    if item.names:
        return item.names + _coordinated(clauses, item, measures), 1.0
    earlier = _named_before(clauses, item)
    if item.is_("pronoun"):
        before = [
            i for c in clauses for i in c.items if i.is_("region") and i.names and i.start < item.start and i.start not in measures
        ]
        if before:
            return before[-1 if item.text.lower() == "its" else 0].names, 0.8
        return context.topic, 0.8
    if item.back == "one" or item.is_("pronoun"):
        return (earlier[-1:] if earlier and item.back == "one" else context.topic), 0.8
    if item.back in {"two", "they"}:
        unique = tuple(dict.fromkeys(earlier))
        if len(unique) == 1 and item.back == "they":
            return unique, 0.8
        return (context.pair or context.topic if len(unique) < 2 else unique[-2:]), 0.7
    if item.back == "latter":
        return (earlier[-1:] if earlier else context.pair[-1:]), 0.8
    if item.back == "former":
        return (earlier[-2:-1] if len(earlier) > 1 else context.pair[:1]), 0.8
    return (), 0.0


def _coordinated(clauses: Sequence[Clause], item: Item, measures: frozenset[int]) -> tuple[str, ...]:
    """`both pre-SMA and PMdr`, `Fo4 and Fo6`: regions joined to this one share its traits."""
    items = next((c.items for c in clauses if item in c.items), [])
    if item not in items:
        return ()
    at = items.index(item)
    names: list[str] = []
    joined = False
    for step in (-1, 1):
        position = at + step
        while (
            0 <= position + step < len(items) and items[position].is_("glue") and items[position].text.lower() in {"and", ",", "&"}
        ):
            joined = joined or items[position].text != ","
            nearby = position + step
            while 0 <= nearby < len(items) and (items[nearby].noun == "area" or items[nearby].is_("determiner", "glue")):
                joined = joined or items[nearby].text.lower() == "and"
                nearby += step
            if (
                not (0 <= nearby < len(items))
                or not items[nearby].is_("region")
                or not items[nearby].names
                or items[nearby].start in measures
            ):
                break
            names += items[nearby].names
            position = nearby + step
    return tuple(names) if joined else ()


def _named_before(clauses: Sequence[Clause], item: Item) -> tuple[str, ...]:
    return tuple(n for c in clauses for i in c.items if i.is_("region") and i.start < item.start for n in i.names)
