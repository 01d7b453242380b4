"""Does reading keep sentences whole? Gold sentences found as exactly one sentence of ours, on their page.

    uv run benchmarks/reading_gold.py [--show]

Reads the papers of CYTO_DATA/literature (default ../shared/data) that the gold set of CYTO_GOLD (default ../shared/gold) quotes, and
compares letters and digits only, as the gold set's own normalise.py does. A sentence that we cut, splice with a running head or a
caption, or join with its neighbour counts as lost. Prints shares with 95% Wilson intervals.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from cytoscribe.literature_mining.papers.open import read_document
from cytoscribe.literature_mining.papers.sentences import split_sentences


def main() -> int:
    """Read, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="dev", help="folder below the gold folder (default dev)")
    parser.add_argument("--show", action="store_true", help="print the sentences that were not found")
    options = parser.parse_args()
    gold = Path(os.environ.get("CYTO_GOLD", "../shared/gold"))
    papers = Path(os.environ.get("CYTO_DATA", "../shared/data")) / "literature"
    claims = gold / options.set / "claims.jsonl"
    if not claims.is_file() or not papers.is_dir():
        print("no gold sentences or no papers (set CYTO_GOLD and CYTO_DATA)", file=sys.stderr)
        return 2
    squeeze = squeezer(gold / "normalise.py")
    wanted: dict[str, set[tuple[str, int | None]]] = defaultdict(set)
    for line in claims.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        wanted[row["doc"]].add((row["sentence"], row["page"]))
    total = whole = placed = 0
    print("| paper | sentences | whole | whole and on their page |\n|---|---|---|---|")
    for name, sentences in wanted.items():
        path = next(p for p in sorted(papers.rglob(f"{name}.*")))
        found, on_page = compare(path, sentences, squeeze, show=options.show)
        print(f"| {path.name} | {len(sentences)} | {found} | {on_page} |")
        total, whole, placed = total + len(sentences), whole + found, placed + on_page
    print(f"| all | {total} | {whole} ({interval(whole, total)}) | {placed} ({interval(placed, total)}) |")
    return 0


def compare(path: Path, sentences: set[tuple[str, int | None]], squeeze: Callable[[str], str], *, show: bool) -> tuple[int, int]:
    """How many of the gold sentences are whole sentences of ours, and how many of those begin on the page that is given."""
    pages: dict[str, set[int | None]] = defaultdict(set)
    for sentence in split_sentences(read_document(path)):
        pages[squeeze(sentence.text)].add(sentence.page)
    found = [(text, page) for text, page in sentences if squeeze(text) in pages]
    if show:
        for text, _ in sorted(sentences - set(found), key=str):
            print(f"  not found in {path.name}: {text}", file=sys.stderr)
    return len(found), sum(page in pages[squeeze(text)] for text, page in found)


def squeezer(path: Path) -> Callable[[str], str]:
    """The gold set's normalisation, its spaces dropped too."""
    spec = importlib.util.spec_from_file_location("normalise", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda text: module.normalise(text).replace(" ", "")


def interval(hits: int, n: int) -> str:
    """Share with its 95% Wilson interval."""
    z, p = 1.96, hits / n
    centre, spread = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return f"{p:.3f} [{(centre - spread) / (1 + z * z / n):.3f}, {(centre + spread) / (1 + z * z / n):.3f}]"


if __name__ == "__main__":
    sys.exit(main())
