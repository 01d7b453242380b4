"""How well the gate judges captions in free English.

Reads data/gate_texts.jsonl: captions written by hand before the gate was tuned, each with its claims inline. True ones hold pronouns,
questions, ordinals, lists, hedges and other synonyms. Corrupted ones change a pole, a layer, a region, a partner or a denial, or add a
layer. Inventions add a trait in words outside the vocabulary. The captions of every third region are set apart ("aside"): nothing was
tuned on them. Intervals are 95% bootstrap over regions.

--rounds judges data/gate_rounds.jsonl instead: three rounds of 30 captions, each written with its verdicts before the gate was mended
again. On first sight the gate kept 8 of 17, 11 of 17 and 12 of 17 true ones and refused 11 of 13, 13 of 13 and 12 of 13 wrong ones; what
is printed is after mending.

    uv run benchmarks/gate_texts.py [--show 10] [--rounds]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cytoscribe.captions.quality.intervals import over_regions
from cytoscribe.captions.quality.texts import judge_texts, read_texts

DATA = Path(__file__).parent / "data" / "gate_texts.jsonl"
ROUNDS = DATA.with_name("gate_rounds.jsonl")
TARGETS = {"true kept": 0.92, "corrupted rejected": 0.97, "inventions rejected": 0.90}


def main() -> None:
    """Print the share of right verdicts by group, for the captions tuned on and those set apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", type=int, default=0, help="print this many wrong verdicts on captions that may be tuned on")
    parser.add_argument("--rounds", action="store_true", help="judge the captions of the mending rounds")
    arguments = parser.parse_args()
    if arguments.rounds:
        _rounds()
        return
    texts, bad = read_texts(DATA, {})
    assert not bad, bad
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    verdicts = list(judge_texts(texts, ()))
    right = [v["accepted"] == (r["kind"] == "true") for v, r in zip(verdicts, rows, strict=True)]
    for aside in (False, True):
        print("set apart" if aside else "tuned on")
        for group, target in TARGETS.items():
            mine = [i for i, r in enumerate(rows) if r["aside"] == aside and group_of(r["kind"]) == group]
            low, high = over_regions([right[i] for i in mine], [rows[i]["region"] for i in mine])
            won = sum(right[i] for i in mine)
            print(f"  {group:20s} {won:3d} of {len(mine):3d}  {won / len(mine):.3f} [{low:.3f}, {high:.3f}]  target {target:.2f}")
    shown = [i for i, won in enumerate(right) if not won and not rows[i]["aside"]][: arguments.show]
    for i in shown:
        print(f"\n{rows[i]['kind']} | {rows[i]['region']} | {rows[i]['caption']}\n   {verdicts[i]['reasons']}")


def _rounds() -> None:
    """Print true captions kept and wrong ones refused, a round a line."""
    texts, bad = read_texts(ROUNDS, {})
    assert not bad, bad
    rows = [json.loads(line) for line in ROUNDS.read_text(encoding="utf-8").splitlines()]
    verdicts = list(judge_texts(texts, ()))
    for number in sorted({r["round"] for r in rows}):
        mine = [(v["accepted"], r["kind"] == "true") for v, r in zip(verdicts, rows, strict=True) if r["round"] == number]
        kept, refused = [a for a, true in mine if true], [not a for a, true in mine if not true]
        print(f"round {number}: true kept {sum(kept)} of {len(kept)}, wrong refused {sum(refused)} of {len(refused)}")


def group_of(kind: str) -> str:
    """The group whose share is printed."""
    return {"true": "true kept", "invention": "inventions rejected"}.get(kind, "corrupted rejected")


if __name__ == "__main__":
    main()
