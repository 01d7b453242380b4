"""Print a seeded sample of mined claims, each beside its sentence, to be read and counted by eye.

uv run mine-descriptions --regions regions.csv --papers PAPERS --out mined
uv run benchmarks/read_claims.py mined --n 60 --seed 7
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from cytoscribe.core.records import Claim
from cytoscribe.core.tables import read_records


def main() -> None:
    """Print the sample, numbered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mined", type=Path, help="folder of a mine-descriptions run")
    parser.add_argument("--n", type=int, default=60, help="claims (default 60)")
    parser.add_argument("--seed", type=int, default=7, help="seed of the drawing (default 7)")
    options = parser.parse_args()
    claims = sorted(read_records(options.mined / "claims.parquet", Claim), key=lambda c: c.claim_id)
    drawn = random.Random(options.seed).sample(claims, min(options.n, len(claims)))
    print(f"{len(drawn)} of {len(claims)} claims, seed {options.seed}")
    for number, claim in enumerate(drawn, start=1):
        print(f"\n{number}. {claim.document}, p. {claim.page}: {told(claim)}\n   {claim.sentence}")


def told(claim: Claim) -> str:
    """The claim in a line."""
    denied = "" if claim.polarity else "not "
    partner = f", compared with {', '.join(claim.compared_to)}" if claim.compared_to else ""
    return f"{claim.region} | {claim.layer} | {claim.attribute} = {denied}{claim.value}{partner} | {claim.score:.2f}"


if __name__ == "__main__":
    main()
