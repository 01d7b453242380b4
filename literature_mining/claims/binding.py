"""Which region a clause is about."""

from __future__ import annotations

from collections.abc import Sequence

from literature_mining.claims.clauses import Clause, governor
from literature_mining.claims.comparison import compares_or_changes, partners
from literature_mining.claims.findings import Binding, Context
from literature_mining.claims.patterns import Item
from literature_mining.claims.reference import names_of


def bind_region(
    clauses: Sequence[Clause],
    clause: Clause,
    word: Item,
    head: Item,
    compares: bool,
    measures: frozenset[int],
    context: Context,
) -> list[Binding]:
    """Regions that a word of a clause describes; none where no region is certain."""
    moved = _moved(clauses, clause, context)
    if moved and compares_or_changes(word, compares):
        return [Binding(to, (origin,), 0.8, moved=True) for origin, to in moved]
    item = _described(clauses, clause, word, head, measures)
    names, score = names_of(clauses, item, measures, context)
    pair = _border_pair(clauses, context) if item is None or _in_border(clauses, item) else ()
    if pair:
        if not compares_or_changes(word, compares):
            return []
        return [Binding(pair[1], (pair[0],), 0.6, moved=True)]
    compared = partners(clauses, clause, word, head, compares, names, measures, context)
    bindings = [Binding(n, tuple(c for c in compared if c != n), score) for n in names if n]
    return bindings if compares else bindings + [Binding(n, (), 0.7) for n in _alike(clause) if n not in names]


def _alike(clause: Clause) -> tuple[str, ...]:
    """`As in A, the border ... was sharp`: regions that share the trait outright."""
    first = next((k for k, i in enumerate(clause.items[:2]) if i.is_("compared") and i.text.lower().endswith(" in")), None)
    following = clause.items[first + 1 : first + 3] if first is not None else []
    return next((i.names for i in following if i.is_("region")), ())


def _described(clauses: Sequence[Clause], clause: Clause, word: Item, head: Item, measures: frozenset[int]) -> Item | None:
    """The region item that this clause gives the trait to."""
    own = [
        i for k, i in enumerate(clause.items) if i.is_("region") and i.start not in measures and _can_be_described(clause.items, k)
    ]
    if any(not i.is_("pronoun") for i in own):
        own = [i for i in own if not i.is_("pronoun")]
    apposed = _apposed(clause, head)
    if apposed is not None:
        return apposed
    own_part = _with_its(clause, word)
    if own_part is not None:
        return own_part
    near = _right_of(clause, head if head.start > word.start and head in clause.items else word, measures)
    if near is not None:
        return near
    turn = max((i.start for i in clause.items if i.text.lower() == "but" and i.start < word.start), default=-1)
    if not any(turn < i.start < word.start for i in own) and any(i.start > word.start for i in own) and turn >= 0:
        return next(i for i in own if i.start > word.start)
    left = [i for i in own if i.start < word.start]
    if left:
        return left[-1]
    if clause.antecedent is not None and clause.antecedent.is_("region"):
        return clause.antecedent
    right = [i for i in own if i.start > word.start]
    if right:
        return right[0]
    for earlier in reversed(clauses[: clause.index]):
        if earlier.aside:
            continue
        named = [i for i in earlier.items if i.is_("region") and i.start not in measures]
        if named:
            return named[-1]
        if earlier.antecedent is not None and earlier.antecedent.is_("region"):
            return earlier.antecedent
    for later in clauses[clause.index + 1 :]:
        named = [i for i in later.items if i.is_("region") and i.names and i.start not in measures]
        if named:
            return named[0]
    return None


def _apposed(clause: Clause, head: Item) -> Item | None:
    """`the koniocortical area A`: the region that stands right after the noun."""
    if head.noun != "area" or head not in clause.items:
        return None
    at = clause.items.index(head)
    following = clause.items[at + 1] if at + 1 < len(clause.items) else None
    return following if following is not None and following.is_("region") and following.names else None


def _with_its(clause: Clause, word: Item) -> Item | None:
    """`area A with its prominent layer IV`: the trait belongs to the region just named."""
    items = [i for i in clause.items if i.start < word.start][-4:]
    for at, item in enumerate(items[1:], start=1):
        if item.is_("pronoun") and item.text.lower() == "its" and items[at - 1].text.lower() == "with":
            return item
    return None


def _can_be_described(items: Sequence[Item], at: int) -> bool:
    """A region after `with`, `from`, `towards`, or the object of a verb, is only a neighbour; in `with the latter featuring`
    it is the subject."""
    word = governor(items, at)
    if word == "with" and items[at].back in {"latter", "former"} and items[at + 1 : at + 2]:
        return items[at + 1].text.lower().endswith("ing")
    if not word:
        before = [k for k, i in enumerate(items[:at]) if i.is_("verb")]
        return not before or items[at - 1].is_("glue") or any(i.is_("break", "glue") for i in items[before[-1] : at])
    return word in {"in", "of", "within", "for", "throughout", "on", "into"}


def _right_of(clause: Clause, word: Item, measures: frozenset[int]) -> Item | None:
    """`... was larger in hOc3d`: a region after a preposition, before the next conjunction."""
    governed = False
    for item in clause.items:
        if item.start < word.end:
            continue
        if item.is_("region"):
            return item if governed and item.start not in measures else None
        if item.is_("preposition"):
            governed = item.text.lower() in {"in", "of", "within", "for"}
        elif item.is_("glue", "verb", "break", "compared"):
            return None
    return None


def _border_pair(clauses: Sequence[Clause], context: Context) -> tuple[str, ...]:
    """The two regions of "the border between A and B is characterised by"."""
    items = clauses[0].items
    for at, item in enumerate(items[:8]):
        if item.noun == "border" and not item.names:
            named = [n for i in items[at + 1 : at + 7] if i.is_("region") for n in i.names]
            if len(named) == 2 and any(i.text.lower() in {"between", "from"} for i in items[at + 1 : at + 3]):
                return tuple(named)
            if items[max(0, at - 1)].text.lower() in {"this", "the"} and len(context.pair) == 2 and not named:
                following = items[at + 1] if at + 1 < len(items) else None
                return context.pair if following is not None and following.is_("verb") else ()
    return ()


def _in_border(clauses: Sequence[Clause], item: Item) -> bool:
    items = clauses[0].items
    start = next((i.start for i in items[:8] if i.noun == "border"), None)
    if start is None or item not in items:
        return False
    between = items[: items.index(item)]
    return not any(i.is_("verb") for i in between) and any(i.text.lower() in {"between", "from"} for i in between)


def _moved(clauses: Sequence[Clause], clause: Clause, context: Context) -> list[tuple[str, str]]:
    """`from areas SMA to pre-SMA, from 24d to 24c, ... decreased`: pairs of origin and goal."""
    pairs: list[tuple[str, str]] = []
    for earlier in clauses:
        items = earlier.items
        for at, item in enumerate(items):
            if item.text.lower() != "from":
                continue
            ahead = [i for i in items[at + 1 : at + 9] if i.is_("region", "preposition")]
            if len(ahead) >= 3 and ahead[0].names and ahead[1].text.lower() == "to" and ahead[2].names:
                pairs.append((ahead[0].names[0], ahead[2].names[0]))
    return pairs
