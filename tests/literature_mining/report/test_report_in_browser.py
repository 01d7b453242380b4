"""The mining report in a real browser: claims highlighted in their sentences, and nothing of a paper run as a script.

The screenshot is kept in the folder that CYTO_SCREENSHOTS names, if it is set.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cytoscribe.literature_mining.miner import MineSettings, mine

REGIONS = """region,aliases,parent
area 17,primary visual cortex;V1,occipital lobe
area 4,primary motor cortex,frontal lobe
"""
PAPER = """Two areas of the cortex <img src=x onerror="document.title='owned'">

Results

Area 17 has a broad layer IV with small cells. Layer III of area 17 is densely packed <script>document.title='owned'</script> here.
Area 4 has no visible layer IV. Giant pyramidal cells of Betz lie in layer V of area 4.
"""
MARK = (0xFF, 0xE6, 0x9A)


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mined")
    (folder / "regions.csv").write_text(REGIONS, encoding="utf-8")
    (folder / "paper.txt").write_text(PAPER, encoding="utf-8")
    result = mine(MineSettings(folder / "regions.csv", (folder / "paper.txt",), folder / "run", seconds=0))
    assert {claim.region for claim in result.claims} == {"area 17", "area 4"}
    return folder / "run" / "report.html"


def opened(browser: str, page: Path, tmp_path: Path) -> tuple[str, Path]:
    """The page's elements after its scripts ran, offline, and a picture of it."""
    shot = tmp_path / "report.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND"]
    options += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,1600", "--virtual-time-budget=3000"]
    command = [browser, *options, f"--screenshot={shot}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if not shot.exists():
        pytest.skip(f"Chromium does not start here: {done.stderr[-200:]}")
    return done.stdout, shot


@pytest.mark.slow
def test_claims_are_highlighted_in_their_sentences(browser: str, report: Path, tmp_path: Path) -> None:
    elements, shot = opened(browser, report, tmp_path)
    marks = re.findall(r"<mark>([^<]+)</mark>", elements)
    assert any("broad layer IV" in mark for mark in marks)
    pixels = np.asarray(Image.open(shot).convert("RGB")).astype(int)
    highlighted = (np.abs(pixels - MARK).max(axis=2) < 4).sum()
    assert highlighted > 500, "no highlighted words in the picture"
    if kept := os.environ.get("CYTO_SCREENSHOTS"):
        Path(kept).mkdir(parents=True, exist_ok=True)
        shutil.copy(shot, Path(kept) / "mining_report.png")


@pytest.mark.slow
def test_nothing_of_a_paper_runs(browser: str, report: Path, tmp_path: Path) -> None:
    elements, _ = opened(browser, report, tmp_path)
    title = re.search(r"<title>([^<]*)</title>", elements)
    assert title
    assert "owned" not in title[1]
    assert "&lt;script&gt;document.title" in elements
    assert "<img src" not in elements


def test_the_file_stands_alone(report: Path) -> None:
    html = report.read_text(encoding="utf-8")
    assert not re.search(r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)\s*=", html)
    assert not re.search(r"url\(\s*['\"]?https?:", html)
