"""The section page in a real browser, walked by keys alone at the widths of a desk and of a telephone.

Pictures are kept in the folder that CYTO_SCREENSHOTS names, if it is set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cytoscribe.core.runs import write_json
from cytoscribe.core.tables import write_csv
from cytoscribe.eval.exports.stage import ExportSettings, export
from tests.browser import Page, chromium

pytestmark = pytest.mark.slow
STEP = 64
WIDTHS = {"desk": (1280, 800), "telephone": (390, 844)}
FOCUSED = "document.activeElement.id || document.activeElement.value || document.activeElement.tagName"
ANSWER = "document.getElementById('answer').innerText"
CONTROLS = ["labels", "doubt", "in", "out", "fit", "CANVAS", "ASIDE", "1", "2", "3"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a map of 16 x 12 cells: A left, B right, a corner that is like nothing known."""
    folder = tmp_path_factory.mktemp("page")
    cells = np.repeat(np.array([[1] * 9 + [2] * 7]), 12, axis=0).astype(np.uint16)
    cells[:3, 13:] = 3
    Image.fromarray(np.kron(cells, np.ones((STEP, STEP), np.uint16))).save(folder / "labels.png")
    legend = [(0, "background", 0), (1, "A", 0.5), (2, "B", 0.4), (3, "unseen", 0.1)]
    write_csv(folder / "legend.csv", ["value", "region", "share"], legend)
    rows = [
        (x * STEP, y * STEP, STEP, "A" if x < 9 else "B", 0.8, 0.25, "yes" if cells[y, x] == 3 else "no")
        for y in range(12)
        for x in range(16)
    ]
    write_csv(folder / "tiles.csv", ["x", "y", "side_px", "region", "probability", "p_value", "unseen"], rows)
    write_json(folder / "run.json", {"settings": {"tile_px": STEP, "stride": STEP}})
    (folder / "model").mkdir()
    write_json(folder / "model" / "regions.json", {"class_captions": {"A": ["A thick layer V."], "B": ["A thin layer II."]}})
    pixels = np.random.default_rng(0).integers(90, 220, (12 * STEP, 16 * STEP, 3)).astype(np.uint8)
    tifffile.imwrite(folder / "s.ome.tif", pixels, photometric="rgb", metadata={"axes": "YXS", "PhysicalSizeX": 0.5})
    export(ExportSettings(folder, folder / "out", folder / "s.ome.tif", model=folder / "model"))
    return folder / "out" / "page" / "index.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Page, exported: Path) -> Page:
    browser.open(exported, *WIDTHS[request.param])
    return browser


def reach(page: Page, control: str) -> None:
    """Press Tab until a control has the focus."""
    for _ in range(2 * len(CONTROLS)):
        if page.value(FOCUSED) == control:
            return
        page.press("Tab")
    pytest.fail(f"Tab never reaches {control}")


def test_tab_reaches_every_control_and_shows_where_it_is(page: Page) -> None:
    reached = []
    for _ in CONTROLS:
        page.press("Tab")
        reached.append(page.value(FOCUSED))
        assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert page.value("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    assert reached == CONTROLS
    assert page.value("document.documentElement.scrollWidth <= innerWidth")


def test_sliders_and_buttons_answer_to_keys(page: Page) -> None:
    reach(page, "labels")
    page.press("ArrowRight", 5)
    assert page.value("document.getElementById('labels').value") == "50"
    reach(page, "doubt")
    page.press("ArrowRight", 3)
    assert page.value("document.getElementById('doubt').value") == "3"
    before = page.value("zoom")
    reach(page, "in")
    page.press(" ")
    assert page.value("zoom") == pytest.approx(1.5 * before)
    reach(page, "fit")
    page.press("Enter")
    assert page.value("zoom") == pytest.approx(before)


def test_the_section_moves_zooms_and_answers(page: Page) -> None:
    reach(page, "CANVAS")
    x, y, zoom = page.value("[x, y, zoom]")
    page.press("+", 2)
    assert page.value("zoom") == pytest.approx(2.25 * zoom)
    page.press("-", 2)
    page.press("ArrowLeft")
    page.press("ArrowDown")
    assert page.value("[x, y, zoom]") == pytest.approx([x - 60 / zoom, y + 60 / zoom, zoom])
    page.press("0")
    page.press("Enter")
    told = page.value(ANSWER)
    assert told.startswith("A\n")
    assert "p-value 0.250" in told
    assert "A thick layer V." in told
    page.press("Escape")
    assert page.value(ANSWER).startswith("Ask about a place")
    assert page.value("asked") is None


def test_a_region_of_the_list_is_read_and_closed(page: Page, request: pytest.FixtureRequest) -> None:
    reach(page, "2")
    page.press("Enter")
    told = page.value(ANSWER)
    assert told.startswith("B\n")
    assert "A thin layer II." in told
    assert page.value("document.querySelector('aside').scrollTop") == 0
    assert page.value("[...document.querySelectorAll('[aria-pressed=true]')].map(b => b.value)") == ["2"]
    page.press("Tab")
    page.press(" ")
    assert "Most like B" in page.value(ANSWER)
    if kept := os.environ.get("CYTO_SCREENSHOTS"):
        page.wait("[...pictures.values()].every(p => p.complete)")
        page.picture(Path(kept) / f"section_page_{request.node.callspec.id}.png")
    page.press("Escape")
    assert page.value(FOCUSED) == "CANVAS"
