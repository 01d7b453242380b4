"""Frames: sentences with slots, and the claims that each one states."""

from __future__ import annotations

import collections
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "frames"
SLOT = re.compile(r"\{([^{}]+)\}")
REGIONS, GROUPS, STRANGERS, LAYERS, STRATA, TRAITS = "RST", "G", "XYNPC", "LKMJ", "HI", "abcdefg"


@dataclass(frozen=True)
class Pattern:
    """One claim (or several alike) of a frame: regions x layers, a trait (slot letter or `attribute=value`) and what it is compared to.

    `denied`: the frame's words deny it. `turned`: the frame states the opposite pole of the slot's word ("less dense").
    """

    regions: tuple[str, ...]
    layers: tuple[str, ...]
    trait: str
    denied: bool = False
    turned: bool = False
    compared_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    """A sentence with slots. `tag` is the kind of construction; `topic`: the slot of the region that the context is about.

    `tissue`: what the regions must be, "cortex", "hippocampus" or "nuclei".
    """

    text: str
    claims: tuple[Pattern, ...]
    tag: str
    topic: str = ""
    tissue: str = "cortex"

    @property
    def held_out(self) -> bool:
        """True for a third of the frames, drawn by a hash of the text, so that nobody chooses them."""
        return int(hashlib.sha1(self.text.encode()).hexdigest(), 16) % 3 == 0

    @property
    def slots(self) -> tuple[str, ...]:
        """Contents of the braces in the order of the text."""
        return tuple(SLOT.findall(self.text))

    def letters(self, kind: str) -> tuple[str, ...]:
        """Slot letters of one kind (`REGIONS`, `LAYERS`, ...) that the text or the claims use, in order of first use."""
        used = [slot[0] for slot in self.slots if slot[0] in kind and slot[1:2] in ("", ":", "+")]
        used += [
            name[0] for c in self.claims for name in (*c.regions, *c.layers, *c.compared_to) if name[0] in kind and len(name) == 1
        ]
        return tuple(dict.fromkeys(used + ([self.topic] if self.topic and self.topic in kind else [])))


@cache
def load_frames(folder: Path = FOLDER) -> tuple[Frame, ...]:
    """All frames of a folder's text files, in the order of the files. Raises ValueError where a line cannot be read or stands twice."""
    frames = [f for path in sorted(folder.glob("*.txt")) for f in _frames(path)]
    texts = collections.Counter((f.tissue, f.topic, f.text) for f in frames)
    doubled = sorted(text for (*_, text), n in texts.items() if n > 1)
    if doubled:
        raise ValueError(f"frames that stand twice: {doubled}")
    return tuple(frames)


def _frames(path: Path) -> Iterable[Frame]:
    tag, tissue = path.stem, "cortex"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if line.startswith("[") and line.endswith("]") and "=>" not in line:
            tissue, colon, tag = line[1:-1].rpartition(": ")
            tissue = tissue if colon else "cortex"
        elif line and not line.startswith("#"):
            try:
                yield parse(line, tag, tissue)
            except (ValueError, IndexError) as error:
                raise ValueError(f"{path.name}, line {number}: {error}") from error


def parse(line: str, tag: str = "", tissue: str = "cortex") -> Frame:
    """One line, `[@topic] text => claim; claim`; claims may be empty. Raises ValueError where there is no `=>` or a claim is not one."""
    text, arrow, claims = line.partition("=>")
    if not arrow:
        raise ValueError("no => between text and claims")
    topic = ""
    if text.startswith("@"):
        topic, text = text[1], text[2:]
    patterns = tuple(_pattern(c.split()) for c in claims.split(";") if c.strip())
    return Frame(text.strip(), patterns, tag, topic, tissue)


def _pattern(words: list[str]) -> Pattern:
    """`R L a`, `R,S L,K !a`, `R L|K a`, `R L ~a > S`, `R all attribute=value`."""
    if len(words) not in (3, 5) or (len(words) == 5 and words[3] != ">"):
        raise ValueError(f"a claim is 'REGION LAYER TRAIT [> REGION]', not '{' '.join(words)}'")
    trait = words[2]
    return Pattern(
        tuple(words[0].split(",")),
        tuple(words[1].split(",")),
        trait.lstrip("!~"),
        trait.startswith("!"),
        trait.startswith("~"),
        tuple(words[4].split(",")) if len(words) == 5 else (),
    )
