"""Bad days: stages killed at random moments, disks that fill up, state that rots, servers that lie, and files that hold anything.

    uv run benchmarks/bad_days.py --kills 20 --executions 20000 --seconds 300

Stages (mining, captioning, cutting, measuring, training) run on drawn cortex and cells. Each is killed with SIGKILL at drawn moments and
its state may be damaged; it may not write large files; it meets a second run in its folder; its run.json is garbled. Then it is started
again: the end must equal an undisturbed run, byte for byte, with nothing half-written left behind. Mining with a language model meets
servers that lie, stall and die.
Executions: every reader is given its own kind of file with bytes and values changed. It must return, or raise one clear line, within
30 s and 3 GB. Inputs that break this are kept in the folder that --keep names.

Prints for each disturbance how often, and what broke, with the 95% upper bound of the rate at which it breaks; exit code 1 where
anything did.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

import disturbances
from changed_files import misuse_readers


def main() -> int:
    """Prepare, disturb, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="kills over all stages (default 20)")
    parser.add_argument("--others", type=int, default=5, help="times of every other disturbance of a run (default 5)")
    parser.add_argument("--executions", type=int, default=20_000, help="changed files read (default 20,000)")
    parser.add_argument("--seconds", type=float, default=0, help="end kills and executions after so long each; 0: no limit")
    parser.add_argument("--seed", type=int, default=0, help="seed of moments and changes")
    parser.add_argument("--keep", type=Path, help="folder for files that broke a reader")
    options = parser.parse_args()
    draw, broken = random.Random(options.seed), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        disturbances.prepare(folder)
        calm = disturbances.undisturbed(folder)
        broken += report("kills", *disturbances.kill_stages(folder, calm, options.kills, options.seconds, draw))
        broken += report("full disks", *disturbances.fill_disks(folder, calm, options.others, draw))
        broken += report("two runs in one folder", *disturbances.crowd_folders(folder, calm, options.others, draw))
        broken += report("garbled run.json", *disturbances.garble_state(folder, calm, options.others, draw))
        broken += report("lying servers", *disturbances.mislead(folder, options.others, draw))
        count, faults, told = misuse_readers(folder, options.executions, options.seconds, options.seed, options.keep)
        broken += report("executions", count, faults)
        print(told)
    return 1 if broken else 0


def report(what: str, count: int, broken: list[str]) -> list[str]:
    """Print one line of the count and the bound, one for each kind of failure; returns the failures."""
    bound = (len(broken) + (3.0 if not broken else 2 * len(broken) ** 0.5 + 2)) / max(count, 1)
    print(
        f"{what} {count:,}: {len(broken)} broke a promise (95% upper bound of the rate {min(bound, 1):.2g}, n = {count:,})",
        flush=True,
    )
    for line in dict.fromkeys(broken):
        print(f"  {line}", flush=True)
    return broken


if __name__ == "__main__":
    sys.exit(main())
