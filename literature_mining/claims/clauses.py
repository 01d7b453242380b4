"""The clauses of a sentence: who shares a subject with whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from literature_mining.claims.patterns import Item


@dataclass
class Clause:
    """Items of one clause. `antecedent` is what a relative clause or a bracket speaks of; `relative` says that it is one;
    `fresh`: it follows a semicolon, so it takes over no layer and no comparison."""

    items: list[Item]
    antecedent: Item | None = None
    relative: bool = False
    aside: bool = False
    subordinate: bool = False
    fresh: bool = False
    index: int = 0


def find_clauses(items: Sequence[Item]) -> list[Clause]:
    """Clauses in order. A new one begins at a strong mark, a subordinating word, or a conjunction before a subject with its verb."""
    main, asides = _lift_asides(items)
    clauses: list[Clause] = [Clause([])]
    for position, item in enumerate(main):
        current = clauses[-1]
        if item.is_("hard"):
            clauses.append(Clause([], fresh=item.text == ";"))
        elif item.is_("break") and not _is_pronoun_that(main, position):
            word = item.text.lower()
            relative = word in {"which", "that", "where", "whose", "who", "and which"}
            antecedent = _last(current.items, "region", "layer", "noun") if relative else None
            clauses.append(Clause([], antecedent=antecedent, relative=relative, subordinate=not relative))
        elif (item.is_("glue") and any(i.is_("verb") for i in current.items) and _subject_follows(main, position)) or (
            item.text == "," and current.subordinate and _main_follows(current, main, position)
        ):
            clauses.append(Clause([]))
        else:
            current.items.append(item)
    clauses = [c for c in clauses if c.items]
    for aside_at, aside in asides:
        owner = max(
            (c for c in clauses if c.items[0].start < aside_at and not c.aside), key=lambda c: c.items[0].start, default=None
        )
        antecedent = _governor([i for i in owner.items if i.end <= aside_at]) if owner else None
        clauses.append(Clause(aside, antecedent=antecedent, aside=True))
    clauses.sort(key=lambda c: c.items[0].start)
    for index, clause in enumerate(clauses):
        clause.index = index
    return clauses


def _lift_asides(items: Sequence[Item]) -> tuple[list[Item], list[tuple[int, list[Item]]]]:
    main: list[Item] = []
    asides: list[tuple[int, list[Item]]] = []
    at = 0
    while at < len(items):
        if items[at].text in "([" and items[at].is_("hard"):
            close = next((k for k in range(at + 1, len(items)) if items[k].text in ")]" and items[k].is_("hard")), None)
            if close is not None:
                inner = list(items[at + 1 : close])
                if any(i.is_("word", "type") for i in inner):
                    asides.append((items[at].start, inner))
                at = close + 1
                continue
        main.append(items[at])
        at += 1
    return main, asides


def _is_pronoun_that(items: Sequence[Item], at: int) -> bool:
    """`that of FG1`, `than that in`: a pronoun, not the start of a clause."""
    following = items[at + 1] if at + 1 < len(items) else None
    before = items[at - 1] if at else None
    return items[at].text.lower() == "that" and (
        (following is not None and following.is_("preposition")) or (before is not None and before.is_("compared"))
    )


def _subject_follows(items: Sequence[Item], at: int) -> bool:
    named = False
    for position in range(at + 1, len(items)):
        item = items[position]
        if item.is_("glue") and position == at + 1:
            continue
        if item.is_("verb") and not item.is_("word"):
            return named
        if item.is_("glue", "hard", "break", "compared"):
            return False
        if item.is_("region", "layer", "noun") or (position > at + 1 and is_plain_noun(item)):
            named = True
    return False


def is_plain_noun(item: Item) -> bool:
    """True for a word that the lexicon does not know and that is no adverb or participle: a noun of another subject."""
    word = item.text.lower()
    participle = word.endswith("ed") and len(word) > 4
    return item.is_("other") and word.isalpha() and len(word) > 2 and not word.endswith("ly") and not participle


def _main_follows(current: Clause, items: Sequence[Item], at: int) -> bool:
    """`whereas layer V is inconspicuous in A, a dark layer V ...`: the comma ends the subordinate clause."""
    following = items[at + 1] if at + 1 < len(items) else None
    complete = any(i.is_("verb") for i in current.items) and any(i.is_("word") for i in current.items)
    return complete and following is not None and following.is_("determiner", "region", "layer", "noun")


def _last(items: Sequence[Item], *kinds: str) -> Item | None:
    return next((i for i in reversed(items) if i.is_(*kinds)), None)


def _governor(items: Sequence[Item]) -> Item | None:
    """Head of the noun phrase that ends here: `the size of cells in layer III (` gives `size`."""
    head: Item | None = None
    for position in range(len(items) - 1, -1, -1):
        item = items[position]
        if item.is_("verb", "glue") and head is not None:
            break
        if item.is_("noun", "layer"):
            head = item
        if head is item and not governor(items, position):
            break
    return head


def governor(items: Sequence[Item], at: int) -> str:
    """The preposition (or "than", "compared to") that governs the noun at this place, adjectives aside; "" for none."""
    for item in reversed(items[:at]):
        if item.is_("preposition", "compared"):
            return item.text.lower()
        if item.is_("verb", "layer", "region") or (item.noun and item.noun != "area") or (item.is_("glue") and item.text == ","):
            return ""
    return ""
