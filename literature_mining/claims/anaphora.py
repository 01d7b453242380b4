"""What "this area", "it" and sentences without a subject mean: the regions and layers that the text has been speaking of."""

from __future__ import annotations

from collections.abc import Sequence

from literature_mining.claims.clauses import governor
from literature_mining.claims.findings import Binding, Context, FoundClaim
from literature_mining.claims.patterns import Item

_PATIENCE = 6
"""Sentences without a mention or a claim after which nobody can tell what "it" means."""


def follow(context: Context, items: Sequence[Item], claims: Sequence[FoundClaim], bound: Sequence[Binding]) -> Context:
    """The context after a sentence with these items and claims."""
    last = next((i.names for i in reversed(items) if i.is_("layer") and i.names and not {"WM", "all"} & set(i.names)), ())
    topic, pair = _topic(context, items, claims), _pair(context, items)
    named = any(i.is_("region") for i in items) or bool(claims)
    age = 0 if named else context.age + 1
    if age > _PATIENCE:
        topic = ()
    about = _about_layer(context, items)
    return Context(topic, pair, _rivals(context, topic, bound), last or context.layers, about, age, context.headed)


def _rivals(context: Context, topic: tuple[str, ...], bound: Sequence[Binding]) -> tuple[str, ...]:
    """Regions that were last compared with outright, as long as the topic stays."""
    stated = [b.compared_to for b in bound if b.compared_to]
    if stated:
        return stated[-1]
    kept = context.rivals if topic == context.topic and context.headed else ()
    return kept or (
        tuple(p for p in context.pair if p not in topic) if topic and set(topic) <= set(context.pair) and context.headed else ()
    )


def _topic(context: Context, items: Sequence[Item], claims: Sequence[FoundClaim]) -> tuple[str, ...]:
    if claims:
        final = claims[-1]
        together = dict.fromkeys(c.region for c in claims if c.start == final.start)
        return tuple(together)
    regions = [i for i in items if i.is_("region")]
    if not regions:
        return context.topic
    verb = next((k for k, i in enumerate(items) if i.is_("verb")), len(items))
    subject = [i for k, i in enumerate(items[:verb]) if i.is_("region") and governor(items, k) in {"", "of", "in", "between"}]
    if not subject:
        introduced = [i for i in regions if i.names and any(w.text.lower() in {"there", "we"} for w in items[: verb + 1])]
        return introduced[-1].names if introduced else context.topic
    first = subject[0]
    if first.names:
        return tuple(dict.fromkeys(n for i in subject for n in i.names)) if len(subject) <= 2 else ()
    if first.back in {"one", "it", "they", "two"}:
        return context.topic if first.back in {"one", "it"} else (context.pair or context.topic)
    return ()


def _pair(context: Context, items: Sequence[Item]) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(n for i in items if i.is_("region") for n in i.names))
    if len(named) >= 2:
        return named[:2]
    if len(named) == 1 and context.topic and context.topic[0] not in named:
        return (context.topic[0], named[0])
    return context.pair


def _about_layer(context: Context, items: Sequence[Item]) -> bool:
    for item in items:
        if item.is_("layer") and not {"WM"} & set(item.names):
            return True
        if item.is_("region", "verb"):
            return item.is_("pronoun") and context.about_layer
    return False


def under_heading(context: Context, regions: Sequence[str]) -> Context:
    """The context below a heading that names these regions."""
    unique = tuple(dict.fromkeys(regions))
    if len(unique) == 1:
        return Context(topic=unique, pair=context.pair)
    if len(unique) == 2:
        return Context(pair=unique, headed=True)
    return Context(pair=context.pair)
