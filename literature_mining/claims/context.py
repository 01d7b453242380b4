"""What the text has been speaking of, sentence by sentence: the regions and layers that "it", "this area" and "they" mean."""

from __future__ import annotations

from dataclasses import dataclass

PATIENCE = 6
"""Sentences without a region after which nobody can tell what "it" means."""


@dataclass(frozen=True)
class Context:
    """The state between two sentences.

    topic: the regions meant by an unnamed subject; headings: the regions that the section's heading names; pair: the last regions
    spoken of together; rivals: what comparatives without "than" compare with; layers: the layers last spoken of, `mentioned` the last named; noun: the kind of
    thing that the last sentence was about ("layer", "cells", "region"); age: sentences since the topic was named; lost: the text
    turned to something that the table does not list.
    """

    topic: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    noun: str = ""
    age: int = 0
    lost: bool = False

    @property
    def regions(self) -> tuple[str, ...]:
        """What an unnamed subject means now; empty where nobody can tell."""
        if self.lost or self.age > PATIENCE:
            return ()
        return self.topic or self.headings


def under_heading(context: Context, regions: tuple[str, ...], *, foreign: bool = False) -> Context:
    """The context at the start of a section. `foreign`: its heading names an area that the table lacks."""
    if foreign and not regions:
        return Context(lost=True)
    return Context(topic=regions, headings=regions, pair=regions if len(regions) == 2 else context.pair)


def new_paragraph(context: Context) -> Context:
    """The context at the start of a paragraph: under a heading the section's topic is back, elsewhere the last one stays."""
    if context.headings:
        return Context(topic=context.headings, headings=context.headings, pair=context.pair)
    return context
