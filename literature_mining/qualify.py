"""What a describing word qualifies, which layer that stands in, and whether it is denied or turned round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from literature_mining.anaphora import Context
from literature_mining.layers import WHITE_MATTER, between
from literature_mining.patterns import Clause, Item

_CHANGES = ("increas", "decreas", "declin", "reduction", "drop", "fall", "rise", "ris")
_GOVERNING = frozenset({"with", "of", "by", "containing", "composed", "from"})
_WITHIN = frozenset({"in", "of", "within", "at", "throughout", "for", "near", "between", "across"})
_TOWARDS = frozenset({"to", "towards", "toward", "into", "with", "from", "against", "between", "and", "of", "on"})
_FOUND = frozenset(
    [
        "absent",
        "missing",
        "found",
        "seen",
        "observed",
        "detected",
        "visible",
        "present",
        "evident",
        "recognizable",
        "apparent",
        "identified",
        "detectable",
        "noted",
    ]
)


@dataclass(frozen=True)
class Head:
    """The noun, layer or region that a word qualifies. `before`: the word stands before it (attributive)."""

    item: Item
    at: int
    kind: str
    before: bool
    clause: Clause
    tail: tuple[Item, ...] = field(default=())


_NOBODY = Item(-1, -1, "", frozenset({"noun"}))


def head_of(clauses: Sequence[Clause], clause: Clause, at: int, context: Context) -> list[Head]:
    """Heads of the word at `at`; two where it governs a coordination ("increase in the size and density of cells")."""
    changed = _changed_nouns(clause, at)
    if changed:
        return changed
    after = _attributive(clause, at)
    if after is not None:
        return [after]
    subject = subject_of(clauses, clause, at)
    if subject is not None:
        return [subject, *_second_subject(subject)]
    return [Head(_NOBODY, at, "area", False, clause)]


def _second_subject(subject: Head) -> list[Head]:
    """`the cell density and cell size in layer III decreased`: both nouns have the predicate."""
    items, at = subject.clause.items, subject.at
    if subject.kind not in {"density", "size", "thickness"} or at + 2 >= len(items) or items[at + 1].text.lower() != "and":
        return []
    other = items[at + 2]
    if other.noun not in {"density", "size", "thickness"}:
        return []
    return [Head(other, at + 2, other.noun, subject.before, subject.clause)]


def _changed_nouns(clause: Clause, at: int) -> list[Head]:
    """`an increase in the size and packing density of neurons`: the nouns after the preposition."""
    items = clause.items
    if not items[at].text.lower().startswith(_CHANGES) or at + 1 >= len(items):
        return []
    if not (items[at + 1].is_("preposition") and items[at + 1].text.lower() in {"in", "of"}):
        return []
    heads: list[Head] = []
    for position in range(at + 2, min(at + 9, len(items))):
        item = items[position]
        if item.noun in {"density", "size", "thickness"}:
            heads.append(Head(item, position, item.noun, True, clause))
        elif item.is_("verb", "break", "layer") or (item.is_("preposition") and heads):
            break
    return heads


def _attributive(clause: Clause, at: int) -> Head | None:
    items = clause.items
    joined = False
    for position in range(at + 1, min(at + 10, len(items))):
        item = items[position]
        if item.is_("layer") or item.noun:
            if joined and position == at + 2 and not item.words:
                return None
            return _inner_head(clause, position)
        if item.is_("region"):
            return None
        if item.is_("glue"):
            if item.text.lower() == "but":
                if not _goes_on(items, position):
                    return None
            elif not _goes_on(items, position):
                return None
            joined = True
            continue
        if item.is_("verb") and not item.is_("word"):
            return None
        if item.is_("preposition", "compared", "break", "determiner", "denied"):
            return None
    return None


def _goes_on(items: Sequence[Item], at: int) -> bool:
    """After `thin, but`, `large and`: another describing word follows within the same noun phrase."""
    for item in items[at + 1 : at + 5]:
        if item.is_("word"):
            return True
        if (
            item.is_("reverser", "comparer", "hedge", "glue", "negator")
            or item.text.lower().endswith("ly")
            or item.text.lower() in {"very", "well", "also", "even"}
        ):
            continue
        return False
    return False


def _inner_head(clause: Clause, at: int) -> Head:
    """`layer V neurons`, `layer VI cell density`: the last noun of the compound is the head."""
    items = clause.items
    position = at
    while (
        position + 1 < len(items)
        and items[position + 1].noun
        and not items[position + 1].words
        and items[position + 1].noun != "area"
    ):
        position += 1
    if items[position].is_("layer"):
        for ahead in (position + 1, position + 2):
            if (
                ahead < len(items)
                and items[ahead].noun == "cells"
                and all(i.is_("type", "other") for i in items[position + 1 : ahead])
            ):
                return Head(items[ahead], ahead, "cells", True, clause)
    item = items[position]
    return Head(item, position, item.noun or "layer", True, clause)


def subject_of(clauses: Sequence[Clause], clause: Clause, at: int) -> Head | None:
    """The noun or layer that a predicate speaks of: in its clause, before it; else what the clause goes back to."""
    own = _first_noun(clause, at)
    goes_back = clause.antecedent is not None and not clause.antecedent.is_("region")
    if own is not None and not (goes_back and _governed(clause.items, own.at)):
        return own
    if clause.antecedent is not None and goes_back:
        holder = next((c for c in clauses if clause.antecedent in c.items), clause)
        antecedent = clause.antecedent
        return Head(
            antecedent,
            holder.items.index(antecedent) if antecedent in holder.items else 0,
            antecedent.noun or "layer",
            False,
            holder,
        )
    if _regional_subject(clause, at):
        return None
    earlier = clauses[clause.index - 1] if clause.index and not clause.relative else None
    if earlier is not None and not clause.aside:
        return subject_of(clauses, earlier, len(earlier.items))
    return None


def _first_noun(clause: Clause, at: int) -> Head | None:
    items = clause.items
    fallback: Head | None = None
    for position, item in enumerate(items[:at]):
        if not (item.is_("layer") or (item.noun and item.noun != "area")):
            continue
        head = _inner_head(clause, position)
        if head.at >= at:
            return None
        head = Head(head.item, head.at, head.kind, False, clause)
        if not _governed(items, position):
            return head
        fallback = fallback or head
    if fallback is not None and not _regional_subject(clause, at):
        return fallback
    return None


def _regional_subject(clause: Clause, at: int) -> bool:
    return any(i.is_("region") and not _governed(clause.items, k) for k, i in enumerate(clause.items[:at]))


def _governed(items: Sequence[Item], at: int) -> bool:
    for item in reversed(items[:at]):
        if item.is_("preposition", "compared"):
            return True
        if item.is_("verb", "noun", "layer", "region") or (item.is_("glue") and item.text == ","):
            return False
    return False


# ---------------------------------------------------------------- layers


def layers_of(clauses: Sequence[Clause], clause: Clause, at: int, head: Head, context: Context, *, border: bool) -> tuple[str, ...]:
    """Layers that the head stands in, or for a border the pair of layers it parts."""
    if border:
        return _border_layers(clauses, clause, at, head, context)
    if head.kind == "layer":
        return _named(clauses, clause, head.item, context)
    return _place(clauses, head, context) or ("all",)


def _named(clauses: Sequence[Clause], clause: Clause, item: Item, context: Context) -> tuple[str, ...]:
    if not item.back:
        return item.names
    earlier = [
        i for c in clauses for i in c.items if i.is_("layer") and i.names and i.start < item.start and WHITE_MATTER not in i.names
    ]
    if earlier:
        return earlier[-1].names
    return context.layers


def _place(clauses: Sequence[Clause], head: Head, context: Context) -> tuple[str, ...]:
    if head.item.start < 0:
        return _inherited(clauses, head, context)
    clause = head.clause
    for found in (
        _compound(clause, head),
        _to_the_right(clauses, clause, head, context),
        _to_the_left(clauses, clause, head, context),
    ):
        if found:
            return found
    return _inherited(clauses, head, context)


def _compound(clause: Clause, head: Head) -> tuple[str, ...]:
    for item in reversed(clause.items[max(0, head.at - 3) : head.at]):
        if item.is_("layer") and not item.back:
            return item.names
        if not item.is_("type", "other"):
            return ()
    return ()


def _to_the_right(clauses: Sequence[Clause], clause: Clause, head: Head, context: Context) -> tuple[str, ...]:
    """`cells in layer III`; where the verb only says that they are found, the place after the verb counts."""
    items = clause.items
    preposition, found, after_verb = "", (), False
    for position in range(head.at + 1, len(items)):
        item = items[position]
        if item.is_("layer"):
            if preposition not in _WITHIN:
                break
            named = _named(clauses, clause, item, context)
            if after_verb:
                found = found + named if found and _joins(items, position) else named
            elif not found:
                found = named
            preposition = ""
        elif item.is_("preposition"):
            preposition = item.text.lower()
            if preposition in {"to", "towards", "toward", "than", "from", "without", "by", "with"}:
                break
        elif item.is_("glue"):
            if not _place_goes_on(items, position):
                break
        elif item.text.lower() in _FOUND or item.is_("denied") or (item.is_("verb") and _existential(items, position)):
            after_verb = True
        elif item.is_("verb", "compared", "break") or (item.is_("negator") and item.text.lower() not in {"neither", "nor"}) or (item.is_("word") and preposition == ""):
            break
    return tuple(dict.fromkeys(found))


def _place_goes_on(items: Sequence[Item], at: int) -> bool:
    """`, in layer V`, `and density of`, `nor in layer V`: the same noun's place goes on after the conjunction."""
    ahead = items[at + 1 : at + 3]
    if not ahead:
        return False
    if items[at].text.lower() == "and":
        return ahead[0].noun in {"density", "size", "thickness"}
    if items[at].text.lower() == "nor" or ahead[0].text.lower() in {"neither", "nor"}:
        return True
    return items[at].text == "," and ahead[0].is_("preposition") and ahead[0].text.lower() in {"in", "within"}


def _joins(items: Sequence[Item], at: int) -> bool:
    """True for the second of `neither in layer III nor in layer V`."""
    return any(i.text.lower() in {"nor", "and"} for i in items[max(0, at - 2) : at])


def _existential(items: Sequence[Item], at: int) -> bool:
    """`are absent`, `were not found`: the verb only says that there is, or is not, such a thing."""
    return any(i.text.lower() in _FOUND for i in items[at : at + 4] if not i.is_("preposition"))


def _to_the_left(clauses: Sequence[Clause], clause: Clause, head: Head, context: Context) -> tuple[str, ...]:
    """`layer IIIc with large pyramidal cells`, `a layer III of low density`."""
    items = clause.items
    for position in range(head.at - 1, -1, -1):
        item = items[position]
        if item.is_("preposition"):
            if item.text.lower() not in _GOVERNING or not position:
                return ()
            before = items[position - 1]
            if before.is_("layer"):
                return _named(clauses, clause, before, context)
            return ()
        if item.is_("verb", "noun", "layer", "region", "break"):
            return ()
    return ()


def _inherited(clauses: Sequence[Clause], head: Head, context: Context) -> tuple[str, ...]:
    """The layer that the clause's subject is or stands in; of an earlier clause where this one has no subject."""
    clause: Clause | None = head.clause
    if clause is None:
        return ()
    limit = head.at + 1 if head.item.start >= 0 else head.at
    while clause is not None:
        found = _subject_layers(clauses, clause, limit, context)
        if found is not None:
            return found
        if clause.antecedent is not None:
            if clause.antecedent.is_("layer"):
                return _named(clauses, clause, clause.antecedent, context)
            if clause.antecedent.is_("region"):
                return ()
        clause = clauses[clause.index - 1] if clause.index else None
        limit = 10_000
    return ()


def _subject_layers(clauses: Sequence[Clause], clause: Clause, limit: int, context: Context) -> tuple[str, ...] | None:
    """Layers of the clause's subject; () where its subject is a region; None where it has no subject of its own."""
    items = clause.items[:limit]
    verb = next((k for k, i in enumerate(items) if i.is_("verb") and not i.is_("noun")), len(items))
    subject = items[:verb]
    for position, item in enumerate(subject):
        if item.is_("pronoun") and item.text.lower() == "it" and context.about_layer and clause.index == 0:
            return context.layers
        if item.is_("layer"):
            names = _named(clauses, clause, item, context)
            return tuple(n for n in names if n != WHITE_MATTER) or ()
        if item.is_("region") and not _governed(items, position) and not item.is_("pronoun"):
            return ()
        if (
            item.text.lower() == "these"
            and position + 2 < len(subject)
            and any(i.noun == "cells" for i in subject[position : position + 3])
        ):
            return context.layers
    if any(i.is_("region") for i in subject) and verb < len(items):
        later = [i for i in subject if i.is_("layer")]
        return tuple(later[0].names) if later else ()
    if any(i.noun for i in subject) and verb < len(items) and clause.index:
        return None
    return None


def _border_layers(clauses: Sequence[Clause], clause: Clause, at: int, head: Head, context: Context) -> tuple[str, ...]:
    owner = head.clause
    named = [owner.items[head.at]] if head.kind == "layer" and head.item.start >= 0 else []
    partners = _partners(clauses, owner, head.at, context) if head.item.start >= 0 else []
    if head.kind == "border":
        if "VI-WM" in head.item.names:
            return ("VI-WM",)
        compound = _compound(owner, head) or _compound_white(owner, head)
        if "WM" in compound or any("WM" in p for p in partners):
            return ("VI-WM",)
        if len(partners) == 1 and len(partners[0]) == 2:
            return (between(*partners[0]),)
        if compound and len(compound) == 1 and "-" in compound[0]:
            return compound
        mine = _inherited(clauses, head, context) or _left_layer(clauses, owner, head, context)
        return _pairs(mine, partners) or (("all",) if any("all" in p for p in partners) else ())
    mine = _named(clauses, owner, named[0], context) if named else _inherited(clauses, head, context)
    if head.kind == "layer" and head.before and not partners:
        partners = _partners(clauses, owner, head.at, context)
    if not head.before:
        partners = _partners(clauses, clause, at, context)
    return _pairs(mine, partners) or tuple(m for m in mine if m != WHITE_MATTER)


def _pairs(mine: Sequence[str], partners: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    others = [x for p in partners for x in p]
    pairs = [between(m, o) for m in mine for o in others if m != o and m != "all" and o != "all"]
    return tuple(dict.fromkeys(pairs))


def _partners(clauses: Sequence[Clause], clause: Clause, at: int, context: Context) -> list[tuple[str, ...]]:
    """Layers after `between`, `to`, `from`, `with`, up to the next verb or describing word."""
    found: list[tuple[str, ...]] = []
    towards = False
    for item in clause.items[at + 1 :]:
        if item.is_("layer"):
            if towards or "with" in clause.items[at].text.lower().split() or "into" in clause.items[at].text.lower().split():
                found.append(_named(clauses, clause, item, context))
                towards = True
            continue
        if item.is_("preposition"):
            if item.text.lower() in {"in", "than"} and not found:
                continue
            if item.text.lower() in {"in", "than", "of"} and found:
                break
            towards = towards or item.text.lower() in _TOWARDS
        elif item.is_("verb") or (item.is_("glue") and found and item.text == ",") or item.is_("compared", "break"):
            break
    return found


def _compound_white(clause: Clause, head: Head) -> tuple[str, ...]:
    before = clause.items[max(0, head.at - 3) : head.at]
    return ("WM",) if any("WM" in i.names for i in before if i.is_("layer")) else ()


def _left_layer(clauses: Sequence[Clause], clause: Clause, head: Head, context: Context) -> tuple[str, ...]:
    """`a dense layer II with a sharp border to layer III`."""
    for item in reversed(clause.items[: head.at]):
        if item.is_("layer"):
            return _named(clauses, clause, item, context)
    earlier = [i for c in clauses[: clause.index] for i in c.items if i.is_("layer")]
    return earlier[-1].names if earlier else ()


# ---------------------------------------------------------------- denial and reversal


def is_denied(clauses: Sequence[Clause], clause: Clause, at: int, head: Head) -> bool:
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
    negated = any(i.is_("negator") for i in rest)
    if any(i.is_("denied") or i.text.lower() == "absent" for i in rest):
        return True
    return negated and any(i.text.lower() in _FOUND for i in rest)


def is_reversed(clause: Clause, at: int) -> bool:
    """True after `less` or `least` ("less clearly defined")."""
    for item in reversed(clause.items[max(0, at - 2) : at]):
        if item.is_("reverser"):
            return True
        if not (item.text.lower().endswith("ly") or item.text.lower() in {"well", "clearly", "obvious"}):
            return False
    return False
