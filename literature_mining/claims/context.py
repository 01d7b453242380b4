"""What the text has been speaking of, sentence by sentence: the regions and layers that "it", "this area" and "they" mean."""

from __future__ import annotations

from dataclasses import dataclass, replace

PATIENCE = 6
"""Sentences without a region after which nobody can tell what "it" means."""


@dataclass(frozen=True)
class Context:
    """The state between two sentences.

    topic: the regions meant by an unnamed subject; headings: the regions that the section's heading names; pair: the last regions
    spoken of together; rivals: what comparatives without "than" compare with; layers: the layers last spoken of, `mentioned` the last named; noun: the kind of
    thing that the last sentence was about ("layer", "cells", "region"); age: sentences since the topic was named; lost: the text
    turned to something that the table does not list; cells: the layers of the cells last described, which "they" may mean; section: the
    layers that the heading names.
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
    cells: tuple[str, ...] = ()
    section: tuple[str, ...] = ()
    counted: bool = False

    @property
    def regions(self) -> tuple[str, ...]:
        """What an unnamed subject means now; empty where nobody can tell."""
        if self.lost or self.age > PATIENCE:
            return ()
        return self.topic or self.headings


def under_heading(context: Context, regions: tuple[str, ...], *, foreign: bool = False, layers: tuple[str, ...] = ()) -> Context:
    """The context at the start of a section. `foreign`: its heading names an area that the table lacks; `layers`: those it names."""
    if foreign and not regions:
        return Context(lost=True)
    pair = regions if len(regions) == 2 else context.pair
    noun = "layer" if layers else ""
    return Context(regions, regions, pair, layers=layers, mentioned=layers, noun=noun, section=layers)


def new_paragraph(context: Context) -> Context:
    """The context at the start of a paragraph: under a heading the section's topic is back, elsewhere the last one stays."""
    if context.headings:
        return under_heading(context, context.headings, layers=context.section)
    return replace(context, layers=(), mentioned=(), noun="", cells=())
