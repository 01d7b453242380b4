"""Pictures of a PDF and the captions they belong to. Rectangles are in points on their page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pymupdf

from cytoscribe.core.records import Block
from cytoscribe.literature_mining.papers.figures import MAX_FIGURES, MAX_PIXELS, Picture, picture_of
from cytoscribe.literature_mining.papers.pdf.read import MAX_PAGES, open_pdf

MIN_POINTS = 40.0
"""Images narrower or lower on the page are ornaments: logos, icons, rules."""
NEAR = 14.0
"""Pictures closer than this belong to one figure (its panels)."""
FAR = 250.0
"""A picture further from every caption of its page belongs to none of them."""
DPI = 200
MAX_DRAWN = 6_000_000
"""Pixels of the largest picture that is drawn from its page; a larger one is drawn coarser."""
MAX_IMAGES = 2_000
Group = list[dict[str, Any]]
"""Images of one figure: `rect` on the page, and `xref` in the file (0 where it is unknown)."""
Place = tuple[int, pymupdf.Rect, Group]


def pictures(path: Path, captions: Sequence[Block], blocks: Sequence[Block]) -> list[tuple[Block, Picture]]:
    """Each caption's picture: the embedded image, where it is one; else the figure's place on the page, drawn at 200 dpi.

    captions: the figure captions; blocks: all blocks of the document, to know where its text is.
    """
    by_page: dict[int, list[Block]] = defaultdict(list)
    for caption in captions[:MAX_FIGURES]:
        if caption.page is not None and caption.bbox is not None:
            by_page[caption.page].append(caption)
    with open_pdf(path) as pdf:
        places = dict(_placed(pdf, by_page))
        pairs = [(c, _picture(pdf, *places[id(c)])) for c in captions if id(c) in places]
        drawn = [(c, _drawing(pdf, c, blocks)) for c in captions if id(c) not in places and c.page and c.bbox]
    found = {id(c): (c, picture) for c, picture in [*pairs, *drawn] if picture}
    return [found[id(c)] for c in captions if id(c) in found]


def _placed(pdf: Any, captions: dict[int, list[Block]]) -> Iterator[tuple[int, Place]]:
    """Caption (by id) and its place: page, rectangle, and the images in it; a caption may stand on the page beside its figure's."""
    missing: list[tuple[int, Block]] = []
    loose: dict[int, list[Group]] = {}
    for number in (n for n in sorted(captions) if n <= MAX_PAGES):
        owned: dict[int, Group] = defaultdict(list)
        for group in _groups(_images(pdf, number)):
            near = min(captions[number], key=lambda c: _distance(_around(group), pymupdf.Rect(c.bbox)))
            if _distance(_around(group), pymupdf.Rect(near.bbox)) > FAR:
                loose.setdefault(number, []).append(group)
            else:
                owned[id(near)] += group
        for caption in captions[number]:
            if id(caption) in owned:
                yield id(caption), (number, _around(owned[id(caption)]), owned[id(caption)])
            else:
                missing.append((number, caption))
    yield from _across_pages(pdf, missing, loose, set(captions))


def _across_pages(
    pdf: Any, missing: Sequence[tuple[int, Block]], loose: dict[int, list[Group]], looked_at: set[int]
) -> Iterator[tuple[int, Place]]:
    """Captions without a picture, and the picture that fills the page before or after them and has no caption."""
    for number, caption in missing:
        for page in (number - 1, number + 1):
            if page not in looked_at and 1 <= page <= pdf.page_count:
                looked_at.add(page)
                loose[page] = _groups(_images(pdf, page))
            group = max(loose.get(page, []), key=lambda g: _around(g).get_area(), default=None)
            if group and _around(group).get_area() > 0.2 * _sheet(pdf[page - 1]).get_area():
                loose[page].remove(group)
                yield id(caption), (page, _around(group), group)
                break


def _images(pdf: Any, number: int) -> Group:
    """Where a page's images stand, none of them unpacked, each with its number in the file (`xref`) where its size identifies it."""
    page = pdf[number - 1]
    try:
        found = page.get_image_info(hashes=False, xrefs=False)[:MAX_IMAGES]
        sizes: dict[tuple[int, int], list[int]] = defaultdict(list)
        for xref, mask, width, height, *_ in page.get_images(full=True)[:MAX_IMAGES]:
            sizes[width, height].append(0 if mask else xref)
    except Exception:  # MuPDF raises many kinds for damaged pages; a page without pictures is the honest answer
        return []
    kept = []
    for image in found:
        rect, size = pymupdf.Rect(image["bbox"]) & _sheet(page), (image["width"], image["height"])
        if rect.width >= MIN_POINTS and rect.height >= MIN_POINTS and size[0] * size[1] <= MAX_PIXELS:
            kept.append({"rect": rect, "xref": sizes[size][0] if len(sizes[size]) == 1 else 0})
    return kept


def _sheet(page: Any) -> pymupdf.Rect:
    """The page before the viewer turns it: text and images count in it."""
    return pymupdf.Rect(0, 0, page.cropbox.width, page.cropbox.height)


def _groups(images: Group) -> list[Group]:
    """Images that touch or nearly touch, together."""
    groups: list[Group] = []
    for image in images:
        near = [g for g in groups if any(_close(image["rect"], other["rect"]) for other in g)]
        groups = [g for g in groups if g not in near]
        groups.append([i for g in near for i in g] + [image])
    return groups


def _close(a: pymupdf.Rect, b: pymupdf.Rect) -> bool:
    return max(a.x0, b.x0) - min(a.x1, b.x1) < NEAR and max(a.y0, b.y0) - min(a.y1, b.y1) < NEAR


def _around(images: Group) -> pymupdf.Rect:
    box = pymupdf.Rect(images[0]["rect"])
    for image in images[1:]:
        box |= image["rect"]
    return box


def _distance(figure: pymupdf.Rect, caption: pymupdf.Rect) -> float:
    """How far a figure is from a caption, in points: below its figure is where a caption belongs, beside or above costs more."""
    aside = max(figure.x0, caption.x0) - min(figure.x1, caption.x1)
    if aside < 0:
        below, above = caption.y0 - figure.y1, figure.y0 - caption.y1
        return max(below, 0.0) if below > -10 else max(above, 0.0) + 40
    return aside + 20 + max(0.0, max(figure.y0, caption.y0) - min(figure.y1, caption.y1))


def _picture(pdf: Any, number: int, place: pymupdf.Rect, images: Group) -> Picture | None:
    largest = max(images, key=lambda i: i["rect"].get_area())
    if largest["xref"] and largest["rect"].get_area() > 0.9 * place.get_area():
        embedded = _embedded(pdf, largest["xref"])
        if embedded:
            return embedded
    return _drawn(pdf[number - 1], place)


def _embedded(pdf: Any, xref: int) -> Picture | None:
    """The image as the file holds it, where it is an RGB or grey JPEG; None elsewhere."""
    try:
        if pdf.xref_get_key(xref, "Filter")[1] not in ("/DCTDecode", "[/DCTDecode]"):
            return None
        image = pdf.extract_image(xref)
    except Exception:  # an image that MuPDF cannot unpack is drawn from the page, or left out
        return None
    return picture_of(image["image"]) if image and image["ext"] == "jpeg" and image["colorspace"] in (1, 3) else None


def _drawn(page: Any, place: pymupdf.Rect) -> Picture | None:
    """A place of the page as PNG, or as JPEG where it is large: lossless files of stained sections take seconds to write."""
    scale = min(DPI / 72, (MAX_DRAWN / max(place.get_area(), 1)) ** 0.5)
    try:
        pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), clip=place * page.rotation_matrix, alpha=False)
        if pixmap.is_unicolor:
            return None
        large = pixmap.width * pixmap.height > 500_000
        return picture_of(pixmap.tobytes("jpg", jpg_quality=92) if large else pixmap.tobytes("png"))
    except Exception:  # as above
        return None


def _drawing(pdf: Any, caption: Block, blocks: Sequence[Block]) -> Picture | None:
    """A figure of lines and text only: the space above its caption, up to the text above."""
    assert caption.page is not None
    page, box = pdf[caption.page - 1], pymupdf.Rect(caption.bbox)
    top = 0.06 * _sheet(page).height
    for block in blocks:
        if block.page == caption.page and block.bbox and block.kind in ("body", "heading", "reference", "caption", "front"):
            other = pymupdf.Rect(block.bbox)
            if other.y1 <= box.y0 + 1 and min(other.x1, box.x1) - max(other.x0, box.x0) > 5:
                top = max(top, other.y1)
    place = pymupdf.Rect(box.x0, top + 2, box.x1, box.y0 - 2)
    return _drawn(page, place) if place.height > 1.5 * MIN_POINTS and _has_drawing(page, place) else None


def _has_drawing(page: Any, place: pymupdf.Rect) -> bool:
    """Whether lines or shapes are drawn there, told from the page's list of drawn boxes without building the paths."""
    boxes = (pymupdf.Rect(box) for kind, box in page.get_bboxlog()[:50_000] if "path" in kind or "shade" in kind or "image" in kind)
    return sum(place.intersects(box) for box in boxes) >= 3
