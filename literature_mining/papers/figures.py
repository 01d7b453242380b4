"""Figures: the images that papers hold, each with its caption: image-text pairs that the literature itself gives.

`extract_figures` reads one paper, `save_images` writes its images, `write_figures` the table of all papers (`figures.parquet`).
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from cytoscribe.core.records import Block, Document
from cytoscribe.core.runs import atomic_path
from cytoscribe.core.tables import write_records
from cytoscribe.literature_mining.papers.pdf.floats import CAPTION

FIGURES_FILE = "figures.parquet"
FOLDER = "figures"
MAX_FIGURES = 300
MAX_PIXELS = 60_000_000
"""An image of more pixels is left out, unopened: it is a bomb, or too large to be of use."""
MIN_SIDE = 64
_FORMATS = {"JPEG": "jpg", "PNG": "png", "TIFF": "tif", "GIF": "gif", "WEBP": "webp", "BMP": "bmp"}
_UNSAFE = re.compile(r"[^\w.-]+")
_LINK = re.compile(r"!\[[^\]]*\]\(<?([^)>\s]+)>?[^)]*\)")


@dataclass(frozen=True)
class FigureRecord:
    """One row of figures.parquet. `caption_start`/`caption_end` index the document's text; page counts from 1.

    image_path: relative to the table; width and height in pixels; regions: the regions that the caption names, once known.
    """

    figure_id: str
    document: str
    doi: str
    licence: str
    page: int | None
    label: str
    caption: str
    caption_start: int
    caption_end: int
    image_path: str
    width: int
    height: int
    regions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """An image file's bytes, its suffix without the dot, and its size in pixels."""

    data: bytes
    suffix: str
    width: int
    height: int


@dataclass(frozen=True)
class Figure:
    """A figure before it is written to disk: `record.image_path` is still empty."""

    record: FigureRecord
    picture: Picture


def extract_figures(path: str | Path, document: Document) -> list[Figure]:
    """Figures of a paper whose caption was read: images of a PDF, and image files that lie beside a JATS, HTML or Markdown file.

    Bounded by MAX_FIGURES and MAX_PIXELS; what cannot be opened is left out. Raises InputError where the file itself cannot be read.
    """
    path = Path(path)
    captions = [b for b in document.blocks if b.kind == "caption" and is_figure(document.text[b.start : b.end])]
    if path.suffix.lower() == ".pdf":
        from cytoscribe.literature_mining.papers.pdf.figures import pictures

        found = pictures(path, captions, document.blocks)
    else:
        found = _beside(path, document, captions)
    made = [(block, picture) for block, picture in found if min(picture.width, picture.height) >= MIN_SIDE]
    return [_figure(document, block, n, picture) for n, (block, picture) in enumerate(made[:MAX_FIGURES], start=1)]


def is_figure(caption: str) -> bool:
    """Whether a caption is a figure's, not a table's."""
    label = CAPTION.match(caption)
    return label is None or label["what"][0] != "T"


def _figure(document: Document, block: Block, number: int, picture: Picture) -> Figure:
    caption = document.text[block.start : block.end]
    label = CAPTION.match(caption)
    record = FigureRecord(
        figure_id=f"{document.name}#{number}",
        document=document.name,
        doi=document.doi,
        licence=document.licence,
        page=block.page,
        label=caption[: label.start("after")].strip() if label else "",
        caption=caption,
        caption_start=block.start,
        caption_end=block.end,
        image_path="",
        width=picture.width,
        height=picture.height,
    )
    return Figure(record, picture)


def save_images(figures: Iterable[Figure], folder: str | Path) -> list[FigureRecord]:
    """Write the images below `folder`/figures and return the records with their paths, relative to `folder`."""
    records = []
    for figure in figures:
        record, picture = figure.record, figure.picture
        stem = _UNSAFE.sub("_", Path(record.document).stem).strip("._")[:80] or "paper"
        digest = hashlib.sha256(picture.data).hexdigest()[:10]
        name = f"{FOLDER}/{stem}-{record.figure_id.rpartition('#')[2]}-{digest}.{picture.suffix}"
        with atomic_path(Path(folder) / name) as temporary:
            temporary.write_bytes(picture.data)
        records.append(replace(record, image_path=name))
    return records


def write_figures(folder: str | Path, records: Iterable[FigureRecord]) -> Path:
    """Write figures.parquet into `folder`, atomically."""
    path = Path(folder) / FIGURES_FILE
    write_records(path, FigureRecord, records)
    return path


def picture_of(data: bytes) -> Picture | None:
    """Check an image file's bytes by their header, nothing decoded; None where it is not an image of a known format, or too large."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height, kind = image.width, image.height, image.format or ""
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if kind not in _FORMATS or width * height > MAX_PIXELS:
        return None
    return Picture(data, _FORMATS[kind], width, height)


def _beside(path: Path, document: Document, captions: Sequence[Block]) -> list[tuple[Block, Picture]]:
    """Image files that the text names, each with its caption; only files of the paper's own folder are opened."""
    pairs: list[tuple[Block, Picture]] = []
    for opening, name in _images(path):
        block = next((b for b in captions if document.text.startswith(opening, b.start)), None)
        file = _own_file(path, name)
        picture = picture_of(file.read_bytes()) if file and block else None
        if block and picture:
            pairs.append((block, picture))
    return pairs


def _images(path: Path) -> list[tuple[str, str]]:
    """How each figure's caption begins, and its image file's name, by the paper's format."""
    from cytoscribe.literature_mining.papers import html, jats

    suffix = path.suffix.lower()
    if suffix in (".xml", ".nxml"):
        return jats.graphics(path)
    return html.graphics(path) if suffix in (".html", ".htm", ".xhtml") else _markdown_images(path)


def _markdown_images(path: Path) -> list[tuple[str, str]]:
    """How the caption next below begins (else above) each image, and the image's file name."""
    from cytoscribe.literature_mining.papers.markdown import plain, prepared
    from cytoscribe.literature_mining.papers.plaintext import read_text

    lines = [line for line in prepared(read_text(path))[0].split("\n") if line.strip()]
    found = []
    for i, line in enumerate(lines):
        for link in _LINK.finditer(line):
            near = [plain(l) for l in (*lines[i : i + 4], *reversed(lines[max(i - 3, 0) : i]))]
            opening = next((text for text in near if CAPTION.match(text)), "")
            if opening:
                found.append((opening[:60], unquote(link[1])))
    return found


def _own_file(path: Path, name: str) -> Path | None:
    """The image file `name` at or below the paper's folder, its suffix guessed where JATS gives none; None where there is none."""
    folder = path.parent.resolve()
    for suffix in ("", ".jpg", ".png", ".tif", ".tiff", ".gif", ".jpeg"):
        file = (folder / f"{name}{suffix}").resolve()
        if file.is_relative_to(folder) and file.is_file() and file.stat().st_size < 200_000_000:
            return file
    return None
