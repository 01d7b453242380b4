"""Lists of abbreviations: they name layers and areas and say nothing of them."""

from __future__ import annotations

import re

LEAST = 4
"""Abbreviations with their expansions that make a sentence a list of them."""
_ASIDE = re.compile(r"\([^()]*\)")
_ENTRY = re.compile(r"([A-Za-z][\w/*.+-]{0,9})(?:\s*[=:]\s*|\s+)(\w.*)")


def is_glossary(text: str) -> bool:
    """True for a sentence of which at least half, and four or more, of the comma-separated parts expand an abbreviation: `mol
    molecular layer, PreS presubiculum, pyr pyramidal layer`."""
    parts = [p.strip() for p in re.split(r"[,;]", _ASIDE.sub("", text))]
    entries = sum(_expands(p) for p in parts)
    return entries >= LEAST and entries * 2 >= len(parts)


def _expands(part: str) -> bool:
    """The first word is an abbreviation of the next ones: its letters stand in them in order, from the first letter on."""
    match = _ENTRY.match(part)
    if match is None:
        return False
    short, long = re.sub(r"[^a-z]", "", match[1].lower()), match[2].lower()
    if not short or short[0] != long[0] or len(short) >= len(long.split()[0]) + len(long.split()) - 1:
        return False
    letters = iter(long)
    return all(letter in letters for letter in short)
