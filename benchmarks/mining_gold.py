"""How much of an annotated set of sentences does mining find, and what goes wrong where it does not?

    uv run benchmarks/mining_gold.py [--out DIR] [--workers 2]

Reads the gold claims in CYTO_GOLD (default ../shared/gold; its own score.py decides what matches) and the papers in CYTO_DATA
(default ../shared/data); mines all papers, prints precision, recall and F1 with 95% bootstrap intervals (sentences resampled), the
share of claims given to a wrong region, the papers on other subjects that got a claim, and the errors by cause.
"""

from __future__ import annotations

import argparse
import ast
import collections
import os
import re
import sys
import tempfile
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cytoscribe.core.records import Claim
from cytoscribe.literature_mining.miner import MineSettings, mine

Unit = tuple[Any, ...]
Key = tuple[Any, ...]
CAUSES = ("mention", "anaphora", "comparison", "layer", "value", "negation", "not found", "too much")


def main() -> int:
    """Mine, match, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="keep the mined run in this folder (default: a temporary one)")
    parser.add_argument("--workers", type=int, default=2, help="processes that read papers (default 2)")
    parser.add_argument("--set", default="dev", help="folder below the gold folder (default dev)")
    arguments = parser.parse_args()
    gold = Path(os.environ.get("CYTO_GOLD", "../shared/gold"))
    papers = Path(os.environ.get("CYTO_DATA", "../shared/data")) / "literature"
    if not (gold / "score.py").is_file() or not papers.is_dir():
        print(f"no gold claims at {gold} or no papers at {papers} (set CYTO_GOLD and CYTO_DATA)", file=sys.stderr)
        return 2
    folder = gold / arguments.set
    texts = texts_of(folder, papers)
    with tempfile.TemporaryDirectory() as scratch:
        claims = mined(folder, texts, arguments.out or Path(scratch) / "mined", arguments.workers)
    units = match(load_scorer(gold / "score.py"), folder, texts, claims)
    report(units, claims)
    return 0


def texts_of(folder: Path, papers: Path) -> Path:
    """Where the texts of a set lie: beside its annotation, else among all papers."""
    return folder / "texts" if (folder / "texts").is_dir() else papers


def regions_of(folder: Path, text: Path) -> Path:
    """The list of regions that a text is mined for: its own, else that of the set."""
    own = folder / "regions_by_doc" / f"{text.stem}.csv"
    return own if own.is_file() else folder / "regions.csv"


def mined(folder: Path, texts: Path, out: Path, workers: int) -> list[Claim]:
    """Claims of a set, mined at once, or text by text where each has its own list of regions."""
    if not (folder / "regions_by_doc").is_dir():
        return list(mine(MineSettings(folder / "regions.csv", (texts,), out, workers=workers, figures=False)).claims)
    runs = [MineSettings(regions_of(folder, t), (t,), out / t.stem, figures=False) for t in sorted(texts.iterdir())]
    return [claim for run in runs for claim in mine(run).claims]


def load_scorer(path: Path) -> types.ModuleType:
    """The scorer's functions, without the run that its last line starts."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [n for n in tree.body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Call))]
    module = types.ModuleType("score")
    module.__file__ = str(path)
    sys.path.insert(0, str(path.parent))
    exec(compile(tree, str(path), "exec"), module.__dict__)
    return module


# ---------------------------------------------------------------- matching, as the scorer does


@dataclass
class Sentence:
    """One gold sentence with its gold rows, the keys of gold claims and of claims mined from it."""

    document: str
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    gold: set[Key] = field(default_factory=set)
    mined: set[Key] = field(default_factory=set)
    compared: set[str] = field(default_factory=set)

    @property
    def named(self) -> set[str]:
        """Regions that the gold says are described."""
        return {k[0] for k in self.gold}

    def counts(self, key: Key) -> bool:
        """False for a claim about a region that the sentence only compares with: the gold leaves it open."""
        return key[0] not in self.compared - self.named


def match(scorer: types.ModuleType, folder: Path, papers: Path, claims: Sequence[Claim]) -> list[Sentence]:
    """Every gold sentence with what was mined from it."""
    canon = scorer.aliases(str(folder / "regions.csv"))
    units = gold_sentences(scorer, folder, papers)
    find = Finder(scorer, units, papers, canon)
    for claim in claims:
        unit = find(claim)
        if unit is not None:
            key = key_of(scorer, canon, claim)
            if units[unit].counts(key):
                units[unit].mined.add(key)
    return list(units.values())


def gold_sentences(scorer: types.ModuleType, folder: Path, papers: Path) -> dict[Unit, Sentence]:
    """Every gold sentence by its place, with nothing mined from it yet."""
    canon = scorer.aliases(str(folder / "regions.csv"))
    units: dict[Unit, Sentence] = {}
    for row in scorer.load_gold(str(folder), str(papers)):
        unit = (row["file"], row["page"], row["sentence_start_words"], row["norm_len"])
        sentence = units.setdefault(unit, Sentence(row["file"]))
        sentence.rows.append(row)
        sentence.compared |= {canon(c) for c in row["compared_to"]}
        if row["kind"] == "claim":
            sentence.gold.add(scorer.key(canon(row["region"]), row))
    return units


def key_of(scorer: types.ModuleType, canon: Callable[[str], str], claim: Claim) -> Key:
    """What the scorer compares of a claim: region, layer, attribute, value and polarity, each folded."""
    return scorer.key(canon(claim.region), {f: getattr(claim, f) for f in ("layer", "attribute", "value", "polarity")})


class Finder:
    """Finds the gold sentence that a claim's sentence covers: on a PDF's page by overlap, elsewhere by containment."""

    def __init__(self, scorer: types.ModuleType, units: Mapping[Unit, Sentence], papers: Path, canon: Callable[[str], str]) -> None:
        self.scorer, self.units, self.canon = scorer, units, canon
        files = {f.name: f for f in papers.rglob("*.pdf")}
        self.pages = {u[0]: scorer.page_norms(str(files[u[0]])) for u in units if u[0] in files}
        self.places: dict[tuple[Any, Any], list[tuple[int, int, Unit]]] = collections.defaultdict(list)
        for unit in units:
            page = self.pages.get(unit[0], {}).get(unit[1], "")
            start = scorer.find(page, unit[2], unit[3]) if page else -1
            if start >= 0:
                first = len(page[:start].replace(" ", ""))
                size = len(page[start : start + unit[3]].replace(" ", ""))
                self.places[unit[:2]].append((first, first + size, unit))

    def __call__(self, claim: Claim) -> Unit | None:
        """The gold sentence, None for a sentence that is not in the set."""
        for page in (claim.page or 0, (claim.page or 0) - 1, (claim.page or 0) + 1):
            unit = self._on_page(claim, page) if claim.document in self.pages else self._contained(claim, page)
            if unit is not None:
                return unit
        return None

    def _contained(self, claim: Claim, page: int) -> Unit | None:
        text = self.scorer.normalise(claim.sentence)
        names = {claim.document, Path(claim.document).stem}
        return next(
            (u for u in self.units if u[0] in names and u[1] in (0, page) and self.scorer.find(text, u[2], u[3]) >= 0), None
        )

    def _on_page(self, claim: Claim, page: int) -> Unit | None:
        text = self.pages[claim.document].get(page, "").replace(" ", "")
        wanted = self.scorer.squeeze(claim.sentence)
        start = text.find(wanted)
        end = start + len(wanted)
        if start < 0:
            start, last = text.find(wanted[:30]), text.find(wanted[-30:])
            end = last + 30
            if start < 0 or last < 0 or not 0 < end - start < 3 * len(wanted):
                return None
        hits = [
            (min(end, e) - max(start, s), u)
            for s, e, u in self.places[(claim.document, page)]
            if min(end, e) - max(start, s) >= 0.6 * min(end - start, e - s)
        ]
        key = key_of(self.scorer, self.canon, claim)
        return max(hits, key=lambda h: (key in self.units[h[1]].gold, key[0] in self.units[h[1]].named, h[0]))[1] if hits else None


# ---------------------------------------------------------------- figures


def report(sentences: Sequence[Sentence], claims: Sequence[Claim]) -> None:
    """Print all tables."""
    counts = {
        "sentence x region": np.array([_pairs(s) for s in sentences]),
        "claims, strict": np.array([_strict(s) for s in sentences]),
        "claims, relaxed": np.array([_relaxed(s) for s in sentences]),
    }
    print(f"\n{len(sentences)} gold sentences, {sum(len(s.gold) for s in sentences)} gold claims; values [95% interval]\n")
    print("| | precision | recall | F1 |\n|---|---|---|---|")
    for name, table in counts.items():
        print(f"| {name} | {_told(table, _precision)} | {_told(table, _recall)} | {_told(table, _f1)} |")
    wrong = np.array([_wrong(s) for s in sentences])
    print(
        f"\nclaims given to a wrong region: {_told(wrong, lambda t: t[0] / max(t[1], 1))} ({wrong[:, 0].sum()} of {wrong[:, 1].sum()})"
    )
    others = sorted({c.document for c in claims if re.match(r"journal\.", c.document)})
    print(f"papers on other subjects that got a claim: {len(others)} {', '.join(others)}")
    print("\n| paper | claims, strict F1 |\n|---|---|")
    for document in sorted({s.document for s in sentences}):
        table = np.array([_strict(s) for s in sentences if s.document == document])
        print(f"| {document} | {_told(table, _f1)} |")
    _print_causes(sentences)


def print_strict(name: str, sentences: Sequence[Sentence]) -> None:
    """One line: strict precision, recall and F1 on these sentences, with the counts."""
    table = np.array([_strict(s) for s in sentences])
    right, extra, missed = table.sum(axis=0)
    print(f"{name}: {len(sentences)} sentences, {right + missed} gold claims, {right + extra} read, {right} right")
    print(f"  precision {_told(table, _precision)}, recall {_told(table, _recall)}, F1 {_told(table, _f1)}")


def _pairs(s: Sentence) -> tuple[int, int, int]:
    mined = {k[0] for k in s.mined}
    return len(s.named & mined), len(mined - s.named), len(s.named - mined)


def _strict(s: Sentence) -> tuple[int, int, int]:
    return len(s.gold & s.mined), len(s.mined - s.gold), len(s.gold - s.mined)


def _relaxed(s: Sentence) -> tuple[int, int, int]:
    left, hits = list(s.gold), 0
    for key in sorted(s.mined, key=lambda k: k not in s.gold):
        hit = next((g for g in sorted(left, key=lambda g: g != key) if _alike(g, key)), None)
        if hit is not None:
            left.remove(hit)
            hits += 1
    return hits, len(s.mined) - hits, len(s.gold) - hits


_FREE = {"arrangement", "cell_type", "size_gradient", "lamination"}


def _alike(a: Key, b: Key) -> bool:
    """The scorer's relaxed match: sublayers count as their layer, and free values are not compared."""
    la, lb = _bases(a[1]), _bases(b[1])
    return a[0] == b[0] and a[2] == b[2] and a[4] == b[4] and (la <= lb or lb <= la) and (a[2] in _FREE or a[3] == b[3])


def _bases(layer: str) -> set[str]:
    order = ["I", "II", "III", "IV", "V", "VI"]
    parts = [re.sub("[a-c]$", "", p) for p in layer.split("-") if p != "WM"]
    if not parts or any(p not in order for p in parts):
        return {layer}
    places = [order.index(p) for p in parts]
    return set(order[min(places) : max(places) + 1])


def _wrong(s: Sentence) -> tuple[int, int]:
    return sum(k[0] not in s.named for k in s.mined) if s.gold else 0, len(s.mined)


def _precision(t: np.ndarray) -> float:
    return t[0] / max(t[0] + t[1], 1)


def _recall(t: np.ndarray) -> float:
    return t[0] / max(t[0] + t[2], 1)


def _f1(t: np.ndarray) -> float:
    return 2 * t[0] / max(2 * t[0] + t[1] + t[2], 1)


def _told(table: np.ndarray, figure: Callable[[np.ndarray], float], draws: int = 2000) -> str:
    """A figure of summed counts, (N, C) over sentences, with its bootstrap interval."""
    random = np.random.default_rng(0)
    samples = [figure(table[random.integers(0, len(table), len(table))].sum(axis=0)) for _ in range(draws)]
    low, high = np.quantile(samples, [0.025, 0.975])
    return f"{figure(table.sum(axis=0)):.3f} [{low:.3f}, {high:.3f}]"


def _print_causes(sentences: Sequence[Sentence]) -> None:
    causes: collections.Counter[str] = collections.Counter()
    for s in sentences:
        causes.update(_cause(s, key) for key in s.gold - s.mined)
        causes["too much"] += sum(not _near(s, key) for key in s.mined - s.gold)
    table = np.array([[sum(_cause(s, k) == c for k in s.gold - s.mined) for c in CAUSES[:-1]] for s in sentences])
    print("\n| cause of a missed claim | claims [95% interval] |\n|---|---|")
    for place, cause in enumerate(CAUSES[:-1]):
        print(f"| {cause} | {_counted(table[:, place])} |")
    print(f"\nclaims mined that no gold claim comes near: {causes['too much']}")


def _counted(column: np.ndarray, draws: int = 2000) -> str:
    random = np.random.default_rng(0)
    low, high = np.quantile([column[random.integers(0, len(column), len(column))].sum() for _ in range(draws)], [0.025, 0.975])
    return f"{column.sum()} [{low:.0f}, {high:.0f}]"


def _cause(s: Sentence, missed: Key) -> str:
    """What came out instead of a missed claim: another region, layer, value or polarity, or nothing."""
    extra = s.mined - s.gold
    anaphora = any(r["anaphora"] and r["kind"] == "claim" for r in s.rows)
    compares = any(r["compared_to"] for r in s.rows)
    region, layer, attribute, value, polarity = missed
    if any(k[1:] == missed[1:] for k in extra):
        return "anaphora" if anaphora else "comparison" if compares else "mention"
    if any((k[0], *k[2:]) == (region, attribute, value, polarity) for k in extra):
        return "layer"
    if any(k[:4] == missed[:4] and k[4] != polarity for k in extra):
        return "negation"
    if any(k[:3] == (region, layer, attribute) for k in extra):
        return "value"
    if anaphora and region not in {k[0] for k in s.mined} and s.mined:
        return "anaphora"
    return "not found"


def _near(s: Sentence, key: Key) -> bool:
    return any(sum(a == b for a, b in zip(key, g, strict=True)) >= 4 for g in s.gold - s.mined)


if __name__ == "__main__":
    sys.exit(main())
