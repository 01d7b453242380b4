"""Which layer a describing word's noun stands in, and which two layers a border parts."""

from __future__ import annotations

from collections.abc import Sequence

from literature_mining.claims.clauses import Clause, governor
from literature_mining.claims.findings import Context, Head
from literature_mining.claims.layers import WHITE_MATTER, between
from literature_mining.claims.patterns import Item

Layers = tuple[str, ...]
_GOVERNING = frozenset({"with", "of", "by", "from"})
_WITHIN = frozenset({"in", "of", "within", "at", "throughout", "for", "near", "between", "across"})
_ELSEWHERE = frozenset({"to", "towards", "toward", "than", "from", "without", "by", "with"})
_TOWARDS = frozenset({"to", "towards", "toward", "into", "with", "from", "against", "between"})
_BESIDE = frozenset({"below", "above", "beneath", "towards", "toward", "near", "from", "to", "with", "along"})
_MEASURED = frozenset({"density", "size", "thickness"})


def layers_of(clauses: Sequence[Clause], clause: Clause, at: int, head: Head, context: Context, *, border: bool) -> Layers:
    """Layers that the head stands in (`("all",)` for the whole depth), or for a border the pairs of layers it parts."""
    if border:
        return _border_layers(clauses, clause, at, head, context)
    if head.kind == "layer":
        return _coordinated(clauses, head, context)
    if head.kind == "zone":
        return _place(clauses, head, context) or _beside(clauses, head, context)
    return _place(clauses, head, context) or ("all",)


def named(clauses: Sequence[Clause], item: Item, context: Context) -> Layers:
    """Layers of a mention; "this layer" is the one named last."""
    if not item.back:
        return item.names
    earlier = [
        i for c in clauses for i in c.items if i.is_("layer") and i.names and i.start < item.start and WHITE_MATTER not in i.names
    ]
    return earlier[-1].names if earlier else context.layers


def _coordinated(clauses: Sequence[Clause], head: Head, context: Context) -> Layers:
    """`stratum oriens and stratum radiatum`: a second layer joined to the head."""
    items, layers = head.clause.items, named(clauses, head.item, context)
    for at in range(head.at, len(items) - 2):
        if not (items[at].is_("layer") and items[at + 1].text.lower() == "and" and items[at + 2].is_("layer")):
            break
        layers += named(clauses, items[at + 2], context)
    return tuple(dict.fromkeys(layers))


def _place(clauses: Sequence[Clause], head: Head, context: Context) -> Layers:
    if head.nobody:
        return _inherited(clauses, head, context)
    return (
        _compound(head)
        or _to_the_right(clauses, head, context)
        or _in_the_measure(clauses, head, context)
        or _to_the_left(clauses, head, context)
        or _inherited(clauses, head, context)
    )


def _compound(head: Head) -> Layers:
    for item in reversed(head.clause.items[max(0, head.at - 3) : head.at]):
        if item.is_("layer") and not item.back:
            return item.names
        if not item.is_("type", "other"):
            return ()
    return ()


def _to_the_right(clauses: Sequence[Clause], head: Head, context: Context) -> Layers:
    """`cells in layer III`; where the verb only says that they are found, the place after the verb counts."""
    items = head.clause.items
    preposition, found, after_verb = "", (), False
    for position in range(head.at + 1, len(items)):
        item = items[position]
        if item.is_("layer"):
            if preposition not in _WITHIN:
                break
            here = named(clauses, item, context)
            if after_verb:
                found = found + here if found and _joins(items, position) else here
            elif not found:
                found = here
            preposition = ""
        elif item.is_("preposition"):
            preposition = item.text.lower()
            if preposition in _ELSEWHERE:
                break
        elif item.is_("glue"):
            if not _place_goes_on(items, position):
                break
        elif item.is_("existence") or item.is_("denied") or (item.is_("verb") and _existential(items, position)):
            after_verb = True
        elif (
            item.is_("verb", "compared", "break")
            or (item.is_("negator") and item.text.lower() not in {"neither", "nor"})
            or (item.is_("word") and preposition == "")
        ):
            break
    return tuple(dict.fromkeys(found))


def _in_the_measure(clauses: Sequence[Clause], head: Head, context: Context) -> Layers:
    """`larger pyramidal cells than in layer III of A`: both areas are compared in the same layer."""
    items = head.clause.items[head.at + 1 : head.at + 6]
    if len(items) < 4 or not items[0].is_("compared") or not items[1].is_("preposition"):
        return ()
    return named(clauses, items[2], context) if items[2].is_("layer") and any(i.is_("region") for i in items[3:5]) else ()


def _place_goes_on(items: Sequence[Item], at: int) -> bool:
    """`, in layer V`, `and density of`, `nor in layer V`: the same noun's place goes on after the conjunction."""
    ahead = items[at + 1 : at + 3]
    if not ahead:
        return False
    if items[at].text.lower() == "and":
        return ahead[0].noun in _MEASURED
    if items[at].text.lower() == "nor" or ahead[0].text.lower() in {"neither", "nor"}:
        return True
    if items[at].text == "," and (_existential(items, at + 1) or _renamed(items, at)):
        return True
    return items[at].text == "," and ahead[0].is_("preposition") and ahead[0].text.lower() in {"in", "within"}


def _renamed(items: Sequence[Item], at: int) -> bool:
    """`giant cells, the Betz cells, are found`: an apposition between commas."""
    close = next((k for k in range(at + 1, min(at + 6, len(items))) if items[k].text == ","), None)
    return close is not None and all(i.is_("determiner", "type", "noun") for i in items[at + 1 : close])


def _joins(items: Sequence[Item], at: int) -> bool:
    """True for the second of `neither in layer III nor in layer V`."""
    return any(i.text.lower() in {"nor", "and"} for i in items[max(0, at - 2) : at])


def _existential(items: Sequence[Item], at: int) -> bool:
    """`are absent`, `were not found`: the verb only says that there is, or is not, such a thing."""
    return any(i.is_("denied") or i.is_("existence") for i in items[at : at + 4] if not i.is_("preposition"))


def _to_the_left(clauses: Sequence[Clause], head: Head, context: Context) -> Layers:
    """`layer IIIc with large pyramidal cells`, `a layer III of low density`."""
    items = head.clause.items
    for position in range(head.at - 1, 0, -1):
        item = items[position]
        if item.is_("preposition"):
            before = items[position - 1]
            return named(clauses, before, context) if item.text.lower() in _GOVERNING and before.is_("layer") else ()
        if item.is_("verb", "noun", "layer", "region", "break"):
            return ()
    return ()


def _inherited(clauses: Sequence[Clause], head: Head, context: Context) -> Layers:
    """The layer that the clause's subject is or stands in; of an earlier clause where this one has no subject."""
    clause: Clause | None = head.clause
    limit = head.at if head.nobody else head.at + 1
    while clause is not None:
        found = _subject_layers(clauses, clause, limit, context)
        if found is not None:
            return found
        if clause.antecedent is not None:
            return _of_antecedent(clauses, clause.antecedent, context)
        earlier = clauses[clause.index - 1] if clause.index and not clause.fresh else None
        if earlier is not None and not any(i.is_("verb") for i in clause.items):
            last = [i for i in earlier.items if i.is_("layer")]
            if last:
                return _within(named(clauses, last[-1], context))
        clause, limit = earlier, 10_000
    return ()


def _of_antecedent(clauses: Sequence[Clause], antecedent: Item, context: Context) -> Layers:
    if antecedent.is_("layer"):
        return named(clauses, antecedent, context)
    holder = next((c for c in clauses if antecedent in c.items), None)
    if holder is None or not antecedent.noun:
        return ()
    return _place(clauses, Head(antecedent, holder.items.index(antecedent), antecedent.noun, False, holder), context)


def _subject_layers(clauses: Sequence[Clause], clause: Clause, limit: int, context: Context) -> Layers | None:
    """Layers of the clause's subject; () where its subject is a region; None where it has no subject of its own."""
    items = clause.items[:limit]
    verb = next((k for k, i in enumerate(items) if i.is_("verb") and not i.is_("noun")), len(items))
    subject = items[:verb]
    for position, item in enumerate(subject):
        if item.is_("layer"):
            if governor(items, position) in _BESIDE and any(i.is_("layer") for i in subject[position + 1 :]):
                continue
            return _within(_coordinated(clauses, Head(item, position, "layer", False, clause), context))
        if item.is_("pronoun") or item.back == "they":
            pointed = _pointed_at(clauses, clause, item, context)
            if pointed is not None:
                return pointed
        elif item.is_("region") and not governor(items, position):
            return ()
        elif item.text.lower() == "these" and any(i.noun == "cells" for i in subject[position : position + 3]):
            return context.layers
    if any(i.is_("region") for i in subject) and verb < len(items):
        return ()
    return None


def _pointed_at(clauses: Sequence[Clause], clause: Clause, item: Item, context: Context) -> Layers | None:
    """Layers that `it`, `its` and `they` go back to; None where they go back to a region."""
    if clause.index == 0:
        return context.layers if context.about_layer else None
    if item.text.lower() in {"it", "they"}:
        earlier = [i for i in clauses[clause.index - 1].items if i.is_("layer")]
        return _within(named(clauses, earlier[-1], context)) if earlier else None
    return None


def _within(layers: Layers) -> Layers:
    return tuple(n for n in layers if n != WHITE_MATTER)


def _beside(clauses: Sequence[Clause], head: Head, context: Context) -> Layers:
    """`the dissecans layer, a cell sparse layer`: an apposition or predicate of the layer before it."""
    earlier = [i for i in head.clause.items[: head.at] if i.is_("layer") and WHITE_MATTER not in i.names]
    return named(clauses, earlier[-1], context) if earlier else ()


# ---------------------------------------------------------------- borders


def _border_layers(clauses: Sequence[Clause], clause: Clause, at: int, head: Head, context: Context) -> Layers:
    if head.kind == "border":
        return _border_noun(clauses, head, context)
    attributive = head.kind == "layer" and head.before
    place, position = (head.clause, head.at) if attributive else (clause, at)
    partners = _partners(clauses, place, position, context)
    mine = named(clauses, head.item, context) if head.kind == "layer" else _inherited(clauses, head, context)
    return _pairs(mine, partners) or _within(mine)


def _border_noun(clauses: Sequence[Clause], head: Head, context: Context) -> Layers:
    if "VI-WM" in head.item.names:
        return ("VI-WM",)
    owner = head.clause
    compound = _compound(head)
    partners = _partners(clauses, owner, head.at, context)
    before = owner.items[max(0, head.at - 3) : head.at]
    if any(WHITE_MATTER in p for p in partners) or any(WHITE_MATTER in i.names for i in before):
        return ("VI-WM",)
    if partners and all(len(p) == 2 for p in partners):
        return tuple(dict.fromkeys(between(*p) for p in partners))
    if not partners and any(i.text.lower() == "between" for i in owner.items[: head.at]):
        first = next(k for k, i in enumerate(owner.items) if i.text.lower() == "between")
        partners = [p for p in _partners(clauses, owner, first, context, towards=True) if p]
        if any(WHITE_MATTER in p for p in partners):
            return ("VI-WM",)
        if len(partners) == 1 and len(partners[0]) == 2:
            return (between(*partners[0]),)
    if len(compound) == 1 and "-" in compound[0]:
        return compound
    mine = _inherited(clauses, head, context) or _left_layer(clauses, head, context)
    return _pairs(mine, partners) or (("all",) if any("all" in p for p in partners) else ())


def _pairs(mine: Sequence[str], partners: Sequence[Layers]) -> Layers:
    others = [x for p in partners for x in p]
    pairs = [between(m, o) for m in mine for o in others if m != o and m != "all" and o != "all"]
    return tuple(dict.fromkeys(pairs))


def _partners(clauses: Sequence[Clause], clause: Clause, at: int, context: Context, *, towards: bool = False) -> list[Layers]:
    """Layers after `between`, `to`, `from`, `with`, up to the next verb or comma."""
    found: list[Layers] = []
    towards = towards or not {"with", "into"}.isdisjoint(clause.items[at].text.lower().split())
    for item in clause.items[at + 1 :]:
        if item.is_("layer"):
            if towards:
                found.append(named(clauses, item, context))
        elif item.is_("preposition"):
            word = item.text.lower()
            if found and word in {"in", "than", "of"}:
                break
            towards = towards or word in _TOWARDS
        elif item.is_("verb", "compared", "break") or (found and item.text == ","):
            break
    return found


def _left_layer(clauses: Sequence[Clause], head: Head, context: Context) -> Layers:
    """`a dense layer II with a sharp border to layer III`."""
    for item in reversed(head.clause.items[: head.at]):
        if item.is_("layer"):
            return named(clauses, item, context)
    earlier = [i for c in clauses[: head.clause.index] for i in c.items if i.is_("layer")]
    return named(clauses, earlier[-1], context) if earlier else ()
