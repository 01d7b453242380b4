"""The headings that stand over a text: a path from the paper's title down to the innermost section."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NUMBER = re.compile(r"(?:§\s*)?(\d{1,2}(?:\.\d{1,2})*)\.?\s+(?=\S)")
_MAIN = re.compile(
    r"(?:abstract|summary|introduction|background|(?:materials?|methods?|patients|subjects)(?: and \w+)?|experimental procedures|results?"
    r"(?: and discussion)?|discussion|conclusions?|acknowledge?ments?|references|bibliography|appendix)[.:]?",
    re.IGNORECASE,
)
"""The sections that every paper has stand under its title alone."""
MAX_HEADINGS = 12
"""A deeper path is not an outline of a paper; its outermost headings are dropped."""


@dataclass(frozen=True)
class _Heading:
    text: str
    level: float
    style: str
    number: tuple[int, ...]


@dataclass
class HeadingOutline:
    """Follows a paper's headings in reading order. `path` is the text of those that are open, outermost first."""

    _open: list[_Heading] = field(default_factory=list)

    @property
    def path(self) -> tuple[str, ...]:
        """The open headings, outermost first."""
        return tuple(h.text for h in self._open)

    def enter(self, text: str, level: float, style: str = "") -> tuple[str, ...]:
        """The path after a heading was met. A smaller `level` is further out; of one level, a `style` not yet open is further in.

        A section number beats both: "3.1" stands under "3" and beside "3.2", whatever their typeface.
        """
        found = _Heading(text, level, style, _number_of(text))
        del self._open[self._depth(found) :]
        self._open = [*self._open, found][-MAX_HEADINGS:]
        return self.path

    def _depth(self, new: _Heading) -> int:
        """How many of the open headings stay open."""
        if len(new.number) > 1:
            for depth in range(len(self._open), 0, -1):
                above = self._open[depth - 1].number
                if above and above == new.number[: len(above)] and len(above) < len(new.number):
                    return depth
        if new.number:
            beside = [i for i, h in enumerate(self._open) if len(h.number) >= len(new.number) and h.level >= new.level]
            if beside:
                return beside[0]
        if _MAIN.fullmatch(new.text):
            main = [i for i, h in enumerate(self._open) if _MAIN.fullmatch(h.text)]
            if main:
                return main[0]
        same = [i for i, h in enumerate(self._open) if h.level == new.level and h.style == new.style]
        if same:
            return same[0]
        return next((i for i, h in enumerate(self._open) if h.level > new.level), len(self._open))


def _number_of(text: str) -> tuple[int, ...]:
    found = _NUMBER.match(text)
    return tuple(map(int, found[1].split("."))) if found else ()
