"""The texts of the sample papers, as data files hold them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

NOTICE = "cytoscribe sample paper: made to try the tool, not a published article"
"""Printed on every sample paper, so that none can be mistaken for a publication."""

Block = tuple[str, str]


@dataclass(frozen=True)
class SamplePaper:
    """A sample paper. body: ("h2" | "h3" | "p", text) in reading order; figure: areas whose phantoms it shows."""

    key: str
    title: str
    authors: tuple[str, ...]
    format: str
    figure: tuple[str, ...]
    body: tuple[Block, ...]


def papers() -> tuple[SamplePaper, ...]:
    """All sample papers, by key."""
    folder = resources.files("cytoscribe.quickstart").joinpath("data/papers")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".md")), key=lambda f: f.name)
    return tuple(_parse(f.name.removesuffix(".md"), f.read_text(encoding="utf-8")) for f in files)


def _parse(key: str, text: str) -> SamplePaper:
    head, _, rest = text.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    blocks = [_block(part.strip()) for part in re.split(r"\n{2,}", rest) if part.strip()]
    figure = tuple(f.strip() for f in fields.get("figure", "").split(",") if f.strip())
    return SamplePaper(key, fields["title"], tuple(fields["authors"].split("; ")), fields["format"], figure, tuple(blocks))


def _block(text: str) -> Block:
    for kind, mark in (("h3", "### "), ("h2", "## ")):
        if text.startswith(mark):
            return kind, text.removeprefix(mark)
    return "p", " ".join(text.split())
