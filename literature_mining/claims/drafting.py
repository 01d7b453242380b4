"""Drafts of claims: each describing word with the noun it qualifies, its layers, its value, stated or denied; no region yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from literature_mining.claims.clauses import Clause, governor, is_plain_noun
from literature_mining.claims.denial import is_denied, is_reversed
from literature_mining.claims.findings import Context, Head
from literature_mining.claims.layers import WHITE_MATTER, base
from literature_mining.claims.lexicon import Lexicon, Sense, Word
from literature_mining.claims.patterns import Item
from literature_mining.claims.placing import layers_of
from literature_mining.claims.qualify import head_of

_DEEP = re.compile(r"(?:deep|lower)\s+(?:sub)?layers?\s+[IV]+[bc]\b")


@dataclass(frozen=True)
class Draft:
    """What a word of a sentence says of a layer; `compares`: it compares with another region or layer."""

    layer: str
    attribute: str
    value: str
    polarity: bool
    start: int
    end: int
    word: Item
    clause: Clause
    head: Head
    compares: bool

    @property
    def hedged(self) -> bool:
        """True where a word such as "rather" stands just before the describing word."""
        before = [i for i in self.clause.items if i.start < self.word.start][-2:]
        return any(i.is_("hedge") for i in before)


class Drafter:
    """Turns the words of a sentence's clauses into drafts, by a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    def drafts(self, clauses: Sequence[Clause], context: Context) -> Iterable[Draft]:
        """Drafts of all clauses, in order."""
        for clause in clauses:
            for position, item in enumerate(clause.items):
                if item.words:
                    yield from self._word(clauses, clause, position, context)
                elif item.is_("type") and (item.back == "claimed" or _made_of(clause, position)):
                    yield from self._type(clauses, clause, position, context)
            yield from self._missing_layers(clause)
            yield from self._more_cells(clauses, clause, context)

    def _word(self, clauses: Sequence[Clause], clause: Clause, at: int, context: Context) -> Iterable[Draft]:
        item = clause.items[at]
        if any(w.needs for w in item.words) and not _has(clauses, item.words[0].needs):
            return
        for head in head_of(clauses, clause, at):
            sense = _sense(item.words, head)
            if sense is None:
                continue
            yield from self._stated(clauses, clause, at, head, sense, context)

    def _stated(
        self, clauses: Sequence[Clause], clause: Clause, at: int, head: Head, sense: Sense, context: Context
    ) -> Iterable[Draft]:
        item = clause.items[at]
        attribute, value = self._gradient(clause, at, head, sense)
        if attribute != "size_gradient" and _is_gradual(clause, at):
            return
        if value == "*":
            value = _type_of(clause, at, head)
            if not value or _sized(clause, at, head):
                return
        if attribute == "cell_density" and any(i.text.lower() == "moderately" for i in clause.items[max(0, at - 1) : at]):
            value = "medium"
        polarity = not is_denied(clause, at, head)
        reversed_, compares = is_reversed(clause, at), any(w.compares for w in item.words)
        if reversed_:
            value = self.lexicon.poles.get(value, f"less {value}")
        compares = compares or reversed_ or _comparer_before(clause, at)
        layers = layers_of(clauses, clause, at, head, context, border=attribute == "border")
        if attribute == "size_gradient":
            layers = _whole_layers(layers if layers != ("all",) else _towards(clause))
        if attribute in {"layer_thickness", "layer_visibility"} and layers == ("all",) and head.kind == "layer":
            return
        if attribute == "layer_thickness" and (_is_area(clause, head) or (head.kind == "thickness" and layers == ("all",))):
            return
        if value == "sublaminated" and (layers == ("all",) or any(base(x) != x for x in layers)):
            return
        if head.kind == "size" and head.item.text.lower() in {"size", "sizes"} and not _has(clauses, "cells"):
            return
        if attribute == "cortical_type" and any(_is_border(i) and i.start < item.start for i in clause.items):
            return  # "its medial border is the granular cortex of B": a neighbour's type
        if attribute == "cortical_type" and head.kind != "layer":
            layers = ("all",)
        if head.kind == "zone" and (not layers or attribute == "cortical_type"):
            return
        if attribute == "border" and not layers:
            return
        start, end = _span(clause, at, head)
        for layer in layers or ("all",):
            if layer == WHITE_MATTER:
                continue
            yield Draft(layer, attribute, value, polarity, start, end, item, clause, head, compares)

    def _gradient(self, clause: Clause, at: int, head: Head, sense: Sense) -> Sense:
        """An increase of size towards a deeper layer is a gradient within the area, not a size."""
        change = clause.items[at].text.lower()
        if sense[0] != "cell_size" or not change.startswith(("increas", "decreas", "declin")):
            return sense
        near = [i for i in clause.items if i.is_("deepward") or (i.is_("layer") and _DEEP.match(i.text))]
        towards = [
            k
            for k, i in enumerate(clause.items)
            if i.is_("layer") and governor(clause.items, k) in {"to", "towards", "toward", "from"}
        ]
        if near or towards:
            outward = any(
                i.text.lower().startswith(("outer", "upper", "superficial"))
                for k in towards
                for i in clause.items[max(0, k - 1) : k + 1]
            )
            return "size_gradient", f"{'increases' if change.startswith('inc') != outward else 'decreases'} with depth"
        return sense

    def _type(self, clauses: Sequence[Clause], clause: Clause, at: int, context: Context) -> Iterable[Draft]:
        item = clause.items[at]
        if [i.text.lower() for i in clause.items[max(0, at - 2) : at]] == ["that", "of"]:
            return  # "a size like that of Betz cells" does not say that there are any
        after = clause.items[at + 1 : at + 4]
        if not any(i.noun == "cells" for i in after):
            return
        place = at + 1 + next(k for k, i in enumerate(after) if i.noun == "cells")
        beyond = clause.items[place + 1 : place + 2]
        if beyond and is_plain_noun(beyond[0]):
            return
        head = Head(clause.items[place], place, "cells", True, clause)
        denied = is_denied(clause, at, head)
        for layer in layers_of(clauses, clause, at, head, context, border=False) or ("all",):
            yield Draft(layer, "cell_type", item.names[0], not denied, item.start, head.item.end, item, clause, head, False)

    def _missing_layers(self, clause: Clause) -> Iterable[Draft]:
        """`no layer IV`, `lacks an inner granular layer`: a layer that is denied outright."""
        for at, item in enumerate(clause.items):
            if not item.is_("layer") or not item.names or "all" in item.names or WHITE_MATTER in item.names:
                continue
            before = [i for i in clause.items[max(0, at - 3) : at] if not i.is_("determiner", "type")]
            granular = [i for i in before if i.words and i.text.lower() in {"granular", "true", "visible"}]
            before = [i for i in before if i not in granular]
            if (
                before
                and before[-1].is_("negator")
                and before[-1].text.lower() not in {"not", "nor", "neither", "instead of", "without"}
            ):
                head = Head(item, at, "layer", True, clause)
                for layer in item.names:
                    yield Draft(layer, "layer_visibility", "absent", True, before[-1].start, item.end, item, clause, head, False)

    def _more_cells(self, clauses: Sequence[Clause], clause: Clause, context: Context) -> Iterable[Draft]:
        """`layer IV has more granule cells in A than in B`."""
        for at, item in enumerate(clause.items):
            if item.text.lower() != "more" or not any(i.is_("compared") for i in clause.items[at:]):
                continue
            place = next((k for k in range(at + 1, min(at + 4, len(clause.items))) if clause.items[k].noun == "cells"), None)
            if place is None or not all(i.is_("type") or i.text.lower() == "granular" for i in clause.items[at + 1 : place]):
                continue
            head = Head(clause.items[place], place, "cells", True, clause)
            for layer in layers_of(clauses, clause, at, head, context, border=False):
                yield Draft(layer, "cell_density", "high", True, item.start, head.item.end, item, clause, head, True)


def _sense(words: Sequence[Word], head: Head) -> Sense | None:
    if head.kind == "other":
        return None
    for word in words:
        kind = "layer" if head.kind == "zone" else head.kind
        if kind in word.senses:
            return word.senses[kind]
    for word in words:
        if "any" in word.senses:
            return word.senses["any"]
    return None


def _has(clauses: Sequence[Clause], noun: str) -> bool:
    return any(
        i.noun == noun or (noun == "layer" and i.is_("layer")) or (noun == "cells" and i.is_("type"))
        for c in clauses
        for i in c.items
    )


def _made_of(clause: Clause, at: int) -> bool:
    """`consists of pyramidal cells`, `filled with granule cells`: nothing else is said of the cells than their kind."""
    before = clause.items[max(0, at - 2) : at]
    if len(before) < 2 or before[1].text.lower() not in {"of", "by", "with"}:
        return False
    return before[0].text.lower() in {"consists", "consisted", "consist", "composed", "filled", "dominated", "populated", "formed"}


def _type_of(clause: Clause, at: int, head: Head) -> str:
    if head.kind != "cells":
        return ""
    types = [i.names[0] for i in clause.items[max(0, head.at - 3) : head.at + 1] if i.is_("type")]
    return types[-1] if types else ""


def _sized(clause: Clause, at: int, head: Head) -> bool:
    low, high = sorted((at, head.at))
    return any(w.senses.get("cells", ("", ""))[0] == "cell_size" for i in clause.items[low:high] for w in i.words)


def _comparer_before(clause: Clause, at: int) -> bool:
    return any(i.is_("comparer", "reverser") for i in clause.items[max(0, at - 2) : at])


def _is_border(item: Item) -> bool:
    return item.noun == "border" and item.text.lower().startswith(("border", "boundar"))


def _is_gradual(clause: Clause, at: int) -> bool:
    """`the gradual decrease in width`: how a trait changes across the region, not what it is."""
    change = clause.items[at].text.lower().startswith(("increas", "decreas", "declin", "reduc"))
    return change and any(i.text.lower().startswith("gradual") for i in clause.items[max(0, at - 1) : at + 2])


def _towards(clause: Clause) -> tuple[str, ...]:
    """Layers between which a gradient runs (`from sublayer IIIa to IIIc`)."""
    named = [n for i in clause.items if i.is_("layer") for n in i.names if base(n) and n != base(n)]
    return tuple(named) or ("all",)


def _is_area(clause: Clause, head: Head) -> bool:
    """A broad area is an extent on the brain; a broad cortex is a thickness."""
    nouns = [i for i in clause.items if i.noun == "area"] if head.nobody else [head.item]
    return head.kind == "area" and not any(i.text.lower().startswith("cort") for i in nouns)


def _whole_layers(layers: tuple[str, ...]) -> tuple[str, ...]:
    whole = dict.fromkeys(base(x) or x for x in layers)
    return tuple(whole)


def _span(clause: Clause, at: int, head: Head) -> tuple[int, int]:
    item = clause.items[at]
    if head.clause is not clause or head.nobody:
        return item.start, item.end
    start = min(item.start, head.item.start)
    before = clause.items[at - 1] if at else None
    if before is not None and before.is_("negator", "reverser", "comparer", "hedge") and before.start < start:
        start = before.start
    return start, max(item.end, head.item.end, *(i.end for i in head.tail))
