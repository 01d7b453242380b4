"""How much of each package do its tests run? Fails below a floor.

    uv run --with coverage benchmarks/coverage.py [--all]

Runs the fast check (with --all every test) under coverage.py and prints lines run per package. Child processes are not counted, so
the figures are a lower bound.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOOR = 0.80
"""Least share of lines run, over all packages."""
PACKAGES = ("cytoscribe", "literature_mining", "prompts", "captions", "training", "eval")


def main() -> int:
    """Run, count, print; 1 below the floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every test, not only the fast ones")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data, report = Path(scratch) / "data", Path(scratch) / "report.json"
        coverage = [sys.executable, "-m", "coverage"]
        which = [] if options.all else ["-m", "not slow"]
        source = ",".join(str(ROOT / package) for package in PACKAGES)
        tests = subprocess.run(
            [*coverage, "run", f"--data-file={data}", f"--source={source}", "-m", "pytest", "-q", *which], cwd=ROOT, check=False
        )
        subprocess.run([*coverage, "json", f"--data-file={data}", "-o", str(report), "-q"], cwd=ROOT, check=True)
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    run, lines = Counter[str](), Counter[str]()
    for path, found in files.items():
        package = next(part for part in Path(path).parts if part in PACKAGES[1:] or part == PACKAGES[0])
        run[package] += found["summary"]["covered_lines"]
        lines[package] += found["summary"]["num_statements"]
    print("\n| package | lines run | of |\n|---|---|---|")
    for package in lines:
        print(f"| {package} | {run[package] / lines[package]:.1%} | {lines[package]} |")
    share = run.total() / lines.total()
    print(f"\nall: {share:.1%}, floor {FLOOR:.0%}: {'reached' if share >= FLOOR else 'MISSED'}")
    return tests.returncode or int(share < FLOOR)


if __name__ == "__main__":
    sys.exit(main())
