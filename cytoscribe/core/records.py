"""The records that pass between stages. Offsets are in characters, half-open; pages count from 1; None means "not known".

The columns of `Claim`, `Description`, `Caption` and `ImageRecord` are contracts: other programs read the files they make.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Split = Literal["train", "val", "test", "unseen"]
BlockKind = Literal["body", "heading", "caption", "table", "reference", "front", "furniture"]

WHOLE = "all"
"""The `layer` of a claim about a region's whole depth (or a nucleus, which has no layers)."""

MIN_SCORE = 0.54
"""Least score of a claim that captions are written from, unless the user sets another.

Four of five claims above it are right (0.80 [0.71, 0.86]) on papers that the score was not fitted to: benchmarks/claim_score.py.
"""


@dataclass(frozen=True)
class Region:
    """One row of regions.csv. `aliases` are other names of the same region; `row` counts as a spreadsheet does."""

    name: str
    aliases: tuple[str, ...] = ()
    parent: str = ""
    split: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    row: int = 0

    @property
    def unseen(self) -> bool:
        """True where the table says that no training may see this region."""
        return self.split == "unseen"

    @property
    def names(self) -> tuple[str, ...]:
        """Label first, then the aliases."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class CellSpan:
    """Where one cell of a table is: in a text, `text[start:end]`, and in the grid, counted from 0.

    `height` and `width` count the rows and columns that it covers; `header`: it names columns, and is not an entry of its own.
    """

    start: int
    end: int
    row: int
    column: int
    height: int = 1
    width: int = 1
    header: bool = False


@dataclass(frozen=True)
class Block:
    """A stretch of a document's text with one role. `bbox` is (x0, y0, x1, y1) in points on the page where it starts.

    `headings` is the path of headings above the block, outermost first (a heading's own words come last); `cells` are
    those of a table whose structure the file states.
    """

    start: int
    end: int
    kind: BlockKind
    page: int | None = None
    headings: tuple[str, ...] = ()
    bbox: tuple[float, float, float, float] | None = None
    cells: tuple[CellSpan, ...] = ()

    @property
    def heading(self) -> str:
        """The innermost heading; "" where there is none."""
        return self.headings[-1] if self.headings else ""


@dataclass(frozen=True)
class Document:
    """A paper as its reader returns it. `text` is in reading order, repaired; blocks are ordered and do not overlap.

    `name` is the file's name; `page_starts[i]` is where page i + 1 begins in `text` (empty where the format has no pages);
    `trust` is 1.0 for a text layer and lower for recognised text; `problems` says what could not be read.
    """

    name: str
    text: str
    blocks: tuple[Block, ...]
    path: Path | None = None
    page_starts: tuple[int, ...] = ()
    title: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    doi: str = ""
    licence: str = ""
    trust: float = 1.0
    problems: tuple[str, ...] = ()

    def page_of(self, offset: int) -> int | None:
        """Page (from 1) that holds the character at `offset`; None where the format has no pages."""
        from bisect import bisect_right

        return bisect_right(self.page_starts, offset) or None if self.page_starts else None


@dataclass(frozen=True)
class Sentence:
    """One sentence: `document.text[start:end] == text`. `block` indexes the document's blocks, whose `headings` it has."""

    text: str
    start: int
    end: int
    page: int | None
    kind: BlockKind
    block: int
    headings: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """The innermost heading; "" where there is none."""
        return self.headings[-1] if self.headings else ""


@dataclass(frozen=True)
class Claim:
    """One attribute of one layer (or of the whole depth) of one region, stated by a sentence of a paper or read off an image.

    `document` is the paper's file name, or the images table's for measured claims; `sentence_start`/`sentence_end` index the
    document's text; `span` is the verbatim words that carry the claim; `score` in [0, 1] is the probability that the claim is right;
    `species` is what the paper or the heading names, "" unknown; `supported_by` names the readers that found the claim.
    """

    claim_id: str
    region: str
    document: str
    doi: str
    page: int | None
    sentence: str
    sentence_start: int
    sentence_end: int
    span: str
    layer: str
    attribute: str
    value: str
    polarity: bool
    compared_to: tuple[str, ...]
    score: float
    species: str = ""
    supported_by: tuple[str, ...] = ("rules",)


@dataclass(frozen=True)
class Description:
    """What all papers together say of one region in one species ("" where no paper names the species).

    `text` and `claim_ids` leave out what consensus set aside; `agreement` is the share of claims that they keep; `contradictions`
    lists each pair of statements that cannot both hold.
    """

    region: str
    text: str
    claim_ids: tuple[str, ...]
    documents: tuple[str, ...]
    agreement: float
    contradictions: tuple[str, ...]
    species: str = ""


@dataclass(frozen=True)
class Caption:
    """One synthetic caption. `n_tokens` counts the target CLIP tokenizer's; `faithfulness` in [0, 1] is the share of the caption's
    statements that its own claims support. It says "as its claims" (1.0 for an accepted caption), not whether the claims are right."""

    caption_id: str
    region: str
    caption: str
    masked_caption: str
    style: str
    template: str
    model: str
    claim_ids: tuple[str, ...]
    n_tokens: int
    faithfulness: float


@dataclass(frozen=True)
class ImageRecord:
    """One row of images.csv; `path` is absolute. `attributes` holds every column the contract does not name.

    pixel_size_um: micrometres a pixel, None where unknown; split "" where the table does not say.
    """

    path: Path
    region: str
    subject: str = ""
    section: str = ""
    plane: str = ""
    age: str = ""
    pixel_size_um: float | None = None
    scale: str = ""
    split: str = ""
    mask_path: Path | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    row: int = 0


IMAGE_CLAIM = "image:"


def image_claim_id(column: str, value: str) -> str:
    """Identity of a claim that an images table states, e.g. `image:cell_size=big`: equal for every image that shares it."""
    return f"{IMAGE_CLAIM}{column}={value}"


def image_claim_column(claim_id: str) -> str:
    """The column of the images table that such a claim speaks of."""
    return claim_id.removeprefix(IMAGE_CLAIM).split("=", 1)[0]


def image_claim_value(claim_id: str) -> str:
    """The value that such a claim gives to its column."""
    return claim_id.removeprefix(IMAGE_CLAIM).partition("=")[2]
