"""What a describing word qualifies: the noun before or after it, a layer, or the region itself."""

from __future__ import annotations

from collections.abc import Sequence

from literature_mining.claims.clauses import Clause, governor, is_plain_noun
from literature_mining.claims.findings import Head
from literature_mining.claims.patterns import Item

_CHANGES = ("increas", "decreas", "declin", "reduction", "drop", "fall", "rise", "ris")
_MEASURED = frozenset({"density", "size", "thickness"})
_NOBODY = Item(-1, -1, "", frozenset({"noun"}))


def head_of(clauses: Sequence[Clause], clause: Clause, at: int) -> list[Head]:
    """Heads of the word at `at`; two where it governs a coordination ("increase in the size and density of cells"); none where
    it qualifies something that the lexicon does not know ("a dense set of tracts")."""
    heads = _changed_nouns(clause, at) or _existing_layers(clause, at)
    if heads:
        return heads
    after = _attributive(clause, at)
    if after is not None:
        return [after]
    if _of_something_else(clause, at):
        return []
    resumed = _resumed(clause, at)
    if resumed is not None:
        return [resumed]
    subject = subject_of(clauses, clause, at)
    if subject is not None:
        return [subject, *_second_subject(subject)]
    return [] if _foreign_subject(clause, at) else [Head(_NOBODY, at, "area", False, clause)]


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
        if item.noun in _MEASURED:
            heads.append(Head(item, position, item.noun, True, clause))
        elif item.is_("verb", "break", "layer") or (item.is_("preposition") and heads):
            break
    return heads


def _existing_layers(clause: Clause, at: int) -> list[Head]:
    """`the presence of a layer IV`, `the appearance in A of the dissecans layer`."""
    items = clause.items
    if not any("layer" in w.senses for w in items[at].words):
        return []
    text, ahead = items[at].text.lower(), items[at + 1 : at + 8]
    if not text.endswith(("ence", "ance", "ance of", "gence")) or not ahead:
        return []
    if not (text.endswith("of") or ahead[0].is_("preposition")):
        return []
    for position, item in enumerate(ahead, start=at + 1):
        if item.is_("layer"):
            return [Head(item, position, "layer", True, clause)]
        if item.is_("verb", "break", "noun", "glue", "type"):
            return []
    return []


def _attributive(clause: Clause, at: int) -> Head | None:
    items = clause.items
    if items[at].text.lower().endswith((" into", " with", " from")):
        return None
    joined = False
    for position in range(at + 1, min(at + 11, len(items))):
        item = items[position]
        if item.is_("layer") or (item.noun and not _noun_of_compound(items, position)):
            head = _inner_head(clause, position)
            stray = joined and (position == at + 2 or _senses(items[at]).isdisjoint({head.kind, "any"}))
            return None if stray and not item.words else head
        if item.is_("glue"):
            if not _goes_on(items, position):
                return None
            joined = True
        elif (
            (item.is_("verb") and not item.is_("word"))
            or item.is_("region", "preposition", "compared", "break", "determiner", "denied")
            or _another_thing(items, position)
        ):
            return None
    return None


def _noun_of_compound(items: Sequence[Item], at: int) -> bool:
    """`cell` in `cell columns`, where the word after it is what the phrase is about."""
    following = items[at + 1] if at + 1 < len(items) else None
    return items[at].noun == "cells" and following is not None and following.is_("word") and not items[at].text.endswith("s")


def _goes_on(items: Sequence[Item], at: int) -> bool:
    """After `thin, but`, `large and`: more adjectives follow within the same noun phrase."""
    told = False
    for item in items[at + 1 : at + 8]:
        if item.is_("word"):
            return True
        if item.is_("type", "adverb") or (item.is_("other") and not is_plain_noun(item)):
            told = True
        elif item.noun == "cells" and told:
            return True
        elif not item.is_("reverser", "comparer", "hedge", "glue"):
            return False
    return False


def _inner_head(clause: Clause, at: int) -> Head:
    """`layer V neurons`, `layer VI cell density`: the last noun of the compound is the head."""
    items, position = clause.items, at
    if items[at].text.lower() == "cell" and at + 1 < len(items) and items[at + 1].noun == "zone":
        return Head(items[at + 1], at + 1, "zone", True, clause)
    while position + 1 < len(items) and items[position + 1].noun not in {"", "area", "zone"} and not items[position + 1].words:
        position += 1
    if items[position].is_("layer"):
        for ahead in (position + 1, position + 2):
            between = items[position + 1 : ahead]
            if ahead < len(items) and items[ahead].noun == "cells" and all(i.is_("type", "other") for i in between):
                return Head(items[ahead], ahead, "cells", True, clause)
    return Head(items[position], position, items[position].noun or "layer", True, clause)


def _of_something_else(clause: Clause, at: int) -> bool:
    """`a dense set`, `the light blue`: the word stands before a noun that is neither cells nor layers."""
    item = clause.items[at]
    following = clause.items[at + 1] if at + 1 < len(clause.items) else None
    if following is None or _names_a_thing(item):
        return False
    return _another_thing(clause.items, at + 1) or (following.is_("word") and _names_a_thing(following))


def _another_thing(items: Sequence[Item], at: int) -> bool:
    """An unknown noun, unless it stands before cells as their kind ("cholinergic interneurons")."""
    if not is_plain_noun(items[at]):
        return False
    ahead = items[at + 1 : at + 4]
    place = next((k for k, i in enumerate(ahead) if i.noun == "cells" or i.is_("layer")), None)
    return place is None or not all(i.is_("other", "type") for i in ahead[:place])


def _resumed(clause: Clause, at: int) -> Head | None:
    """`showed small cells, but bigger than in ...`: a comparison that goes on about the noun just before."""
    items = clause.items
    position = at - 1
    while position >= 0 and (
        items[position].is_("glue", "hedge", "comparer", "reverser") or items[position].text.lower().endswith("ly")
    ):
        position -= 1
    if position < 0 or position == at - 1 or not items[position].noun or items[position].noun not in _senses(items[at]):
        return None
    if not any(i.text.lower() == "but" for i in items[position:at]):
        return None
    return Head(items[position], position, items[position].noun, False, clause)


def _senses(item: Item) -> frozenset[str]:
    return frozenset(kind for w in item.words for kind in w.senses)


def _names_a_thing(item: Item) -> bool:
    """Words that are nouns themselves (`columns`, `presence`, `increase`)."""
    text = item.text.lower()
    return text.endswith(("umns", "ters", "ands", "umps", "ons", "ence", "ance", "ance of", "tion", "pes", "rows", "ease"))


def _second_subject(subject: Head) -> list[Head]:
    """`the cell density and cell size in layer III decreased`: both nouns have the predicate."""
    items, at = subject.clause.items, subject.at
    if subject.kind not in _MEASURED or at + 2 >= len(items) or items[at + 1].text.lower() != "and":
        return []
    other = items[at + 2]
    return [Head(other, at + 2, other.noun, subject.before, subject.clause)] if other.noun in _MEASURED else []


def subject_of(clauses: Sequence[Clause], clause: Clause, at: int) -> Head | None:
    """The noun or layer that a predicate speaks of: in its clause, before it; else what the clause goes back to."""
    own = _first_noun(clause, at)
    back = clause.antecedent if clause.antecedent is not None and not clause.antecedent.is_("region") else None
    if own is not None and not (back is not None and governor(clause.items, own.at)):
        return own
    if back is not None:
        holder = next((c for c in clauses if back in c.items), clause)
        return Head(back, holder.items.index(back) if back in holder.items else 0, back.noun or "layer", False, holder)
    if (
        _regional_subject(clause, at)
        or _foreign_subject(clause, at)
        or not clause.index
        or clause.relative
        or clause.aside
        or clause.fresh
    ):
        return None
    earlier = clauses[clause.index - 1]
    return subject_of(clauses, earlier, len(earlier.items))


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
        if not governor(items, position):
            return head
        fallback = fallback or head
    return fallback if fallback is not None and not _regional_subject(clause, at) and not _foreign_subject(clause, at) else None


def _regional_subject(clause: Clause, at: int) -> bool:
    return any(i.is_("region") and not governor(clause.items, k) for k, i in enumerate(clause.items[:at]))


def _foreign_subject(clause: Clause, at: int) -> bool:
    """`no barrels are visible`: the subject is a noun that the lexicon does not know."""
    items = clause.items[:at]
    verb = next((k for k, i in enumerate(items) if i.is_("verb")), None)
    if verb is None or any(
        i.is_("region", "layer", "noun", "pronoun") and not governor(items, k) for k, i in enumerate(items[:verb])
    ):
        return False
    return any(is_plain_noun(i) and not governor(items, k) for k, i in enumerate(items[:verb]))
