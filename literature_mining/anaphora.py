"""What "this area", "it" and sentences without a subject mean: the regions and layers that the text has been speaking of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from literature_mining.patterns import Item

if TYPE_CHECKING:
    from literature_mining.claims import FoundClaim
    from literature_mining.comparison import Binding

_PATIENCE = 6
"""Sentences without a mention or a claim after which nobody can tell what "it" means."""


@dataclass(frozen=True)
class Context:
    """What the sentences so far speak of. `topic`: the regions meant by an unnamed subject; `pair`: the last two spoken of
    together; `layers`: the layers last named, the subject of the last sentence where `about_layer`; `age` in sentences."""

    topic: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    about_layer: bool = False
    age: int = 0


def follow(context: Context, items: Sequence[Item], claims: Sequence[FoundClaim], bound: Sequence[Binding]) -> Context:
    """The context after a sentence with these items and claims."""
    layers = tuple(n for i in items if i.is_("layer") for n in i.names if n not in {"WM", "all"})
    last = next((i.names for i in reversed(items) if i.is_("layer") and i.names and not {"WM", "all"} & set(i.names)), ())
    del layers
    topic, pair = _topic(context, items, claims), _pair(context, items)
    named = any(i.is_("region") for i in items) or bool(claims)
    age = 0 if named else context.age + 1
    if age > _PATIENCE:
        topic = ()
    about = _about_layer(items)
    return Context(topic, pair, last or context.layers, about, age)


def _topic(context: Context, items: Sequence[Item], claims: Sequence[FoundClaim]) -> tuple[str, ...]:
    if claims:
        final = claims[-1]
        together = dict.fromkeys(c.region for c in claims if c.start == final.start)
        return tuple(together)
    regions = [i for i in items if i.is_("region")]
    if not regions:
        return context.topic
    verb = next((k for k, i in enumerate(items) if i.is_("verb")), len(items))
    subject = [i for i in items[:verb] if i.is_("region")]
    if not subject:
        return context.topic
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


def _about_layer(items: Sequence[Item]) -> bool:
    for item in items:
        if item.is_("layer") and not {"WM"} & set(item.names):
            return True
        if item.is_("region", "verb"):
            return item.is_("pronoun")
    return False


def under_heading(context: Context, regions: Sequence[str]) -> Context:
    """The context below a heading that names these regions."""
    unique = tuple(dict.fromkeys(regions))
    if len(unique) == 1:
        return Context(topic=unique, pair=context.pair)
    if len(unique) == 2:
        return Context(topic=(), pair=unique)
    return Context(pair=context.pair)
