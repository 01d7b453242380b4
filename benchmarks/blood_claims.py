"""What mining with `--vocabulary blood_cells` reads of cells: claims right and missed on annotated texts about blood.

    uv run benchmarks/blood_claims.py [--show]

Reads the blood texts of CYTO_GOLD/dev2 (default ../shared/gold): cell size and colours from claims.jsonl, nuclei, granules, chromatin,
nucleoli and ratios from extra_attributes.jsonl. The vocabulary was made on openstax_blood; gray1918 and cellontology_blood are set
apart. A claim is right where region, attribute, value and polarity are; annotated values in other words are folded (SAME), and those
that list several ("coarse, round") are split. Measures ("10-12 um"), which no vocabulary has, count as missed. Intervals: 95%
bootstrap over sentences.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from mining_gold import Sentence, print_strict
from reading_gold import squeezer

from cytoscribe.literature_mining.miner import MineSettings, mine

DEVELOPED = ("openstax_blood",)
APART = ("gray1918", "cellontology_blood")
SAME = {
    "slightly larger": ["large"], "very fine": ["fine"], "more": ["numerous"], "two lobes": ["two lobes"], "multipartite": ["two to three lobes"],
    "simple, without lobes": ["simple", "unlobed"], "indented or horseshoe-shaped": ["indented", "band"], "irregular, two lobes": ["irregular", "two lobes"],
    "coarse, round, uniform": ["coarse", "round", "uniform"], "coarse, variable": ["coarse", "variable"], "eosin": ["eosinophilic"],
}  # fmt: skip
NOT_CELLS = re.compile(r"nucle(?:us|i)\b", re.IGNORECASE)


def main() -> int:
    """Mine, match, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print what is missed and what is too much, of openstax_blood alone")
    arguments = parser.parse_args()
    gold = Path(os.environ.get("CYTO_GOLD", "../shared/gold"))
    if not (gold / "dev2").is_dir():
        print(f"no gold claims at {gold} (set CYTO_GOLD)", file=sys.stderr)
        return 2
    for title, names in (("developed on", DEVELOPED), ("set apart", APART)):
        sentences = [s for name in names for s in _read(name, gold, show=arguments.show and title == "developed on")]
        print_strict(f"{title}: {', '.join(names)}", sentences)
        for attribute in sorted({k[1] for s in sentences for k in s.gold}):
            wanted = [(k, s) for s in sentences for k in s.gold if k[1] == attribute]
            print(f"    {attribute:22s} {sum(k in s.mined for k, s in wanted):2d} of {len(wanted):2d} found")
    return 0


def _read(name: str, gold: Path, *, show: bool) -> list[Sentence]:
    squeeze = squeezer(gold / "normalise.py")
    sentences: dict[str, Sentence] = defaultdict(lambda: Sentence(name))
    cells = {line.split(",")[0] for line in (gold / "dev2/regions_by_doc" / f"{name}.csv").read_text(encoding="utf-8").splitlines()}
    for file in ("claims.jsonl", "extra_attributes.jsonl"):
        for row in map(json.loads, (gold / "dev2" / file).read_text(encoding="utf-8").splitlines()):
            if row["doc"] == name and not NOT_CELLS.search(row["region"] or "nucleus"):
                sentence = sentences[squeeze(row["sentence"])]
                if row["kind"] == "claim" and row["region"] in cells:
                    values = SAME.get(row["value"], [row["value"]])
                    sentence.gold |= {(row["region"], row["attribute"], v, row["polarity"]) for v in values}
    with tempfile.TemporaryDirectory() as scratch:
        table = gold / "dev2/regions_by_doc" / f"{name}.csv"
        text = gold / "dev2/texts" / f"{name}.md"
        claims = mine(MineSettings(table, (text,), Path(scratch) / "run", vocabulary="blood_cells", figures=False)).claims
    for claim in claims:
        if (place := squeeze(claim.sentence)) in sentences:
            sentences[place].mined.add((claim.region, claim.attribute, claim.value, claim.polarity))
    for sentence in sentences.values() if show else ():
        for sign, keys in (("missed", sentence.gold - sentence.mined), ("extra ", sentence.mined - sentence.gold)):
            print(*(f"  {sign} {k}" for k in sorted(keys)), sep="\n", end="\n" if keys else "")
    return list(sentences.values())


if __name__ == "__main__":
    sys.exit(main())
