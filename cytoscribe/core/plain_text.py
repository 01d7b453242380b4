"""Text of strangers where a program gives some of it a meaning: terminals, Markdown, spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MEANT = re.compile(r"([\\`*_{}\[\]<>#|~$!&])")
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # control sequences: colours, cursor moves, clearing
    r"|(?:\x1b[\]P_^X]|[\x9d\x90\x9f\x9e\x98]).*?(?:\x07|\x1b\\|\x9c|$)"  # commands with a text: window titles, clipboard
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]",  # other controls; marks that reorder a line
    re.DOTALL,
)
_FORMULA = "=+-@\t\r"


def printable(text: str) -> str:
    """The text without what a terminal would obey: escape sequences, control characters except tab and newline, lone surrogates."""
    return _ESCAPES.sub("", text).encode("utf-8", "replace").decode("utf-8")


def storable(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair, as in the name of a file that is not text, becomes `?`."""
    return text.encode("utf-8", "replace").decode()


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 paper`, `2,000 papers`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def some(names: Sequence[str], most: int = 5) -> str:
    """`a, b, c and 12 more`: the first few names."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def line(text: str) -> str:
    """Text on one line, whatever its marks for line ends."""
    return printable(" ".join(text.split()))


def markdown(text: str) -> str:
    """Text that Markdown shows unchanged: on one line, without links, HTML, tables or emphasis of its own."""
    return _MEANT.sub(r"\\\1", line(text))


def code(text: str) -> str:
    """Text that may stand between backticks."""
    return line(text).replace("`", "'")


def bibtex(text: str) -> str:
    """Text that may stand between the braces of a BibTeX entry within a code block."""
    return re.sub(r"[{}\\`@%#$&~^_]", " ", line(text))


def to_cell(value: object) -> object:
    """A cell that a spreadsheet takes as text: what would be a formula gets an apostrophe in front; numbers stay numbers."""
    if isinstance(value, str) and value.startswith((*_FORMULA, "'")) and not is_number(value):
        return f"'{value}"
    return value


def from_cell(text: str) -> str:
    """What `to_cell` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith((*_FORMULA, "'")) and not is_number(text[1:]) else text


def is_number(text: str) -> bool:
    """Whether the text reads as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
