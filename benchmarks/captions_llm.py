"""What a language model's captions of the literature are worth: how many are accepted, for how many regions, how varied they are.

Captions come from `generate-captions --descriptions MINED --endpoint URL --model NAME --per-region 20 --out FOLDER` (several folders
where the regions were shared out). The template backend writes captions of the same regions in the same styles for comparison.

    python benchmarks/captions_llm.py FOLDER [FOLDER ...] --descriptions MINED [--read 40 --seed 0]

--read prints accepted captions, drawn with the seed, with their claims and the papers' sentences, for a person to judge.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cytoscribe.captions.dataset import REJECTED, Rejected, read_captions
from cytoscribe.captions.generation import GenerateSettings, generate
from cytoscribe.captions.quality.diversity import measure_diversity
from cytoscribe.captions.quality.intervals import over_regions
from cytoscribe.core.records import Caption, Claim, Description
from cytoscribe.core.tables import read_records

ENOUGH = 20
"""Accepted captions that a region should have."""


def main() -> None:
    """Print the figures, or captions to read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--descriptions", type=Path, required=True, help="the mining run that the captions were made from")
    parser.add_argument("--least-claims", type=int, default=5, help="regions with fewer claims are left out (default 5)")
    parser.add_argument("--read", type=int, default=0, help="print this many accepted captions with their sources; 0: none")
    parser.add_argument("--seed", type=int, default=0, help="seed of --read (default 0)")
    arguments = parser.parse_args()
    described = read_records(arguments.descriptions / "descriptions.parquet", Description)
    rich = [d.region for d in described if len(d.claim_ids) >= arguments.least_claims]
    captions = [c for f in arguments.folders for n in ("default", "long") for c in read_captions(f, config=n) if c.region in rich]
    if arguments.read:
        _read(captions, read_records(arguments.descriptions / "claims.parquet", Claim), arguments.read, arguments.seed)
        return
    rejected = [r for f in arguments.folders for r in read_records(f / REJECTED, Rejected) if r.region in rich]
    _coverage(captions, rejected, rich)
    _acceptance(captions, rejected)
    _diversity(captions, arguments.descriptions)


def _coverage(captions: Sequence[Caption], rejected: Sequence[Rejected], rich: Sequence[str]) -> None:
    tried = [r for r in rich if r in {x.region for x in (*captions, *rejected)}]
    counts = Counter(c.region for c in captions)
    full = [counts[r] >= ENOUGH for r in tried]
    low, high = over_regions(full, tried)
    print(f"models: {', '.join(sorted({c.model for c in captions}))}")
    print(f"regions with enough claims: {len(rich)}; written for: {len(tried)}; accepted captions: {len(captions)}")
    print(
        f"regions with {ENOUGH} accepted or more: {sum(full)} of {len(tried)} ({sum(full) / len(tried):.3f} [{low:.3f}, {high:.3f}])"
    )
    print("  " + ", ".join(f"{r} {counts[r]}" for r in tried))


def _acceptance(captions: Sequence[Caption], rejected: Sequence[Rejected]) -> None:
    rows = [*((c.region, True) for c in captions), *((r.region, False) for r in rejected)]
    won = [taken for _, taken in rows]
    low, high = over_regions(won, [region for region, _ in rows])
    print(f"accepted of all that was written: {len(captions)} of {len(rows)} ({sum(won) / len(rows):.3f} [{low:.3f}, {high:.3f}])")
    first = [r for r in rejected if r.attempt == 0]
    print(f"  refused at the first attempt: {len(first)}, later: {len(rejected) - len(first)}")
    for style in sorted({c.style for c in captions} | {r.style for r in rejected}):
        taken, refused = sum(c.style == style for c in captions), sum(r.style == style for r in rejected)
        print(f"  {style:12s} {taken:4d} of {taken + refused:4d}")
    reasons = Counter(_kind(r.reason) for r in rejected)
    print("reasons of refusal:")
    for reason, count in reasons.most_common():
        print(f"  {count:4d}  {reason}")


_KINDS = (
    (r"of the (?:whole )?area", "a trait of one layer told of the whole area"),
    (r"of .*, where its sources do(?: not|n't)", "a trait told of another layer"),
    (r"without|in comparison with", "compares with nothing, or with another region"),
    (r"drops the comparison|as a comparison", "a comparison told as a trait"),
    (r"invents a comparison|compares", "compares what its sources do not"),
    (r"says of|names|wrong way", "names another region, or tells of it"),
    (r"says", "a trait that its sources do not hold"),
    (r"speaks of layer|absent|border", "a layer that its sources do not hold, or that they call absent"),
    (r"speaks of|gives the number", "structures, species, tissue, numbers, functions"),
    (r"asks", "asks what its sources do not answer"),
    (r"states none", "states none of its facts"),
)
"""Kinds of what the gate objects to, by its words; the first that fits counts."""


def _kind(reason: str) -> str:
    head, _, detail = reason.partition(": ")
    if head != "unfaithful":
        return head
    return next((name for pattern, name in _KINDS if re.search(pattern, detail)), "other")


def _diversity(captions: Sequence[Caption], descriptions: Path) -> None:
    regions = list(dict.fromkeys(c.region for c in captions))
    styles = tuple(sorted({c.style for c in captions}))
    with tempfile.TemporaryDirectory() as scratch:
        settings = GenerateSettings(out=Path(scratch) / "captions", descriptions=descriptions, per_region=ENOUGH, styles=styles)
        templates = generate(settings).captions
    pairs = []
    for region in regions:
        ours, theirs = ([c.caption for c in some if c.region == region] for some in (captions, templates))
        count = min(len(ours), len(theirs))  # both figures depend on how many captions there are
        if count > 1:
            pairs.append((region, _measured(ours[:count]), _measured(theirs[:count])))
    print(f"diversity within a region, mean over {len(pairs)} regions, as many captions of each backend:")
    for index, name in enumerate(("distinct-2", "self-BLEU")):
        for who, values in (
            ("language model", [m[index] for _, m, _ in pairs]),
            ("template", [t[index] for _, _, t in pairs]),
            ("difference", [m[index] - t[index] for _, m, t in pairs]),
        ):
            low, high = over_regions(values, [r for r, _, _ in pairs])
            print(f"  {name:10s} {who:15s} {sum(values) / len(values):6.3f} [{low:.3f}, {high:.3f}]")


def _measured(texts: Sequence[str]) -> tuple[float, float]:
    found = measure_diversity(texts, ["one"] * len(texts))
    return found.distinct_2, found.self_bleu


def _read(captions: Sequence[Caption], claims: Sequence[Claim], count: int, seed: int) -> None:
    known = {c.claim_id: c for c in claims}
    for number, caption in enumerate(random.Random(seed).sample(list(captions), min(count, len(captions))), start=1):
        print(f"\n{number}. {caption.region}, {caption.style}: {caption.caption}")
        for claim in (known[i] for i in caption.claim_ids):
            partner = f" than {' or '.join(claim.compared_to)}" if claim.compared_to else ""
            denied = "" if claim.polarity else "NOT "
            print(f"     {claim.layer} {claim.attribute}: {denied}{claim.value}{partner} | {' '.join(claim.sentence.split())}")


if __name__ == "__main__":
    main()
