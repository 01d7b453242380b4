"""How fast is mining, beside PyMuPDF's own text extraction of the same pages, and beside readers that give plain text only?

    uv run --with pdfplumber benchmarks/mining_speed.py [--repeats 5] [--no-slow]

Mines the PDFs of CYTO_DATA/literature/pdf (default ../shared/data) by rules, in one process on one core, with the gold region table
of CYTO_GOLD (default ../shared/gold). Each line is the median of the repeats in processor time, with the smallest and the largest;
imports and the lexicon are loaded before. The goal: end to end in at most 6 times the time of `get_text("dict")`. Then the same
papers over and over, to show that time grows with the pages alone and memory does not grow.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pymupdf

from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.papers.sentences import split_sentences
from cytoscribe.literature_mining.read_paper import Job, read_paper

GOAL = 6.0
NO_IMAGES = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="times that each way reads all papers (default 5)")
    parser.add_argument("--no-slow", action="store_true", help="leave out pypdf and pdfplumber, which take minutes")
    options = parser.parse_args()
    regions = Path(os.environ.get("CYTO_GOLD", "../shared/gold")) / "dev" / "regions.csv"
    papers = sorted((Path(os.environ.get("CYTO_DATA", "../shared/data")) / "literature" / "pdf").glob("*.pdf"))
    if not papers or not regions.is_file():
        print("no PDFs or no region table (set CYTO_DATA and CYTO_GOLD)", file=sys.stderr)
        return 2
    jobs = [Job(paper, regions) for paper in papers]
    pages = sum(len(pymupdf.open(paper)) for paper in papers)
    with tempfile.TemporaryDirectory() as scratch:
        compare(jobs, pages, Path(scratch), options.repeats, slow=not options.no_slow)
    growth(jobs, pages)
    return 0


def compare(jobs: Sequence[Job], pages: int, scratch: Path, repeats: int, *, slow: bool) -> None:
    """Print pages a second and the ratio to `dict` of every way to read the papers."""
    papers = [job.paper for job in jobs]
    pictured = [replace(job, figures=scratch) for job in jobs]
    ways: dict[str, tuple[Callable[[], object], int]] = {
        'PyMuPDF get_text("dict")': (lambda: extract(papers), repeats),
        "PyMuPDF dict without images": (lambda: extract(papers, NO_IMAGES), repeats),
        "reading and sentences": (lambda: [split_sentences(read_document(p)) for p in papers], repeats),
        "mining by rules, end to end": (lambda: [read_paper(job) for job in jobs], repeats),
        "mining with figures": (lambda: [read_paper(job) for job in pictured], repeats),
    }
    if slow:
        ways |= {"pypdf, plain text": (lambda: plain_pypdf(papers), 1)}
        if importlib.util.find_spec("pdfplumber"):
            ways |= {"pdfplumber, plain text": (lambda: plain_pdfplumber(papers), 1)}
    print(f"{pages} pages of {len(papers)} papers, one core\n")
    print("| what | pages a second | seconds, median [least, most] | n | times dict | times dict without images |")
    print("|---|---|---|---|---|---|")
    base: list[float] = []
    verdict = "not measured"
    for name, (way, times) in ways.items():
        seconds = measure(way, times)
        median = statistics.median(seconds)
        base += [median] if len(base) < 2 else []
        ratios = " | ".join(f"{median / b:.2f}" for b in base) + (" | " if len(base) < 2 else "")
        print(
            f"| {name} | {pages / median:.1f} | {median:.2f} [{min(seconds):.2f}, {max(seconds):.2f}] | {times} | {ratios} |",
            flush=True,
        )
        if name == "mining by rules, end to end":
            verdict = "reached" if median <= GOAL * base[0] else "MISSED"
    print(f"\nGoal, mining by rules at most {GOAL:g} times dict: {verdict}")
    if slow and not importlib.util.find_spec("pdfplumber"):
        print("pdfplumber is not installed: run with `uv run --with pdfplumber`")


def growth(jobs: Sequence[Job], pages: int) -> None:
    """Print time a page and memory while the same papers are mined again and again."""
    print("\n| papers | pages | milliseconds a page | resident memory, MB |")
    print("|---|---|---|---|")
    done = 0
    for rounds in (1, 2, 4, 8):
        started = time.process_time()
        for _ in range(rounds):
            for job in jobs:
                read_paper(job)
        done += rounds
        spent = time.process_time() - started
        print(f"| {done * len(jobs)} | {done * pages} | {1000 * spent / (rounds * pages):.1f} | {resident():.0f} |", flush=True)


def measure(way: Callable[[], object], times: int) -> list[float]:
    """Seconds of processor time of each run, one run before the count (for a way that is run once: none)."""
    if times > 1:
        way()
    spent = []
    for _ in range(times):
        started = time.process_time()
        way()
        spent.append(time.process_time() - started)
    return spent


def extract(papers: Sequence[Path], flags: int | None = None) -> None:
    """PyMuPDF's own extraction of every page."""
    for paper in papers:
        with pymupdf.open(paper) as pdf:
            for page in pdf:
                page.get_text("dict") if flags is None else page.get_text("dict", flags=flags)


def plain_pypdf(papers: Sequence[Path]) -> None:
    """Plain text through pypdf."""
    import pypdf

    for paper in papers:
        for page in pypdf.PdfReader(paper).pages:
            page.extract_text()


def plain_pdfplumber(papers: Sequence[Path]) -> None:
    """Plain text through pdfplumber."""
    import pdfplumber  # pyright: ignore[reportMissingImports]

    for paper in papers:
        with pdfplumber.open(paper) as pdf:
            for page in pdf.pages:
                page.extract_text()


def resident() -> float:
    """Memory that this process holds now, in megabytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    sys.exit(main())
