"""Does a stage that is killed with SIGKILL, again and again, end in the result of an undisturbed run?

    uv run benchmarks/kill_resume.py --kills 3 --compare 'claims.parquet' --compare 'descriptions.parquet' \\
        -- mine-descriptions --regions regions.csv --papers papers --out '{out}'

The command is run once in peace and once under fire: it is killed at moments drawn between a tenth and nine tenths of the time
that the peaceful run took, started again, and at last left to end. Files named by --compare (globs below the output folder) must be
equal, byte for byte. Prints one line a file and ends with exit code 1 where any differs or no kill hit.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    """Run, kill, resume, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=3, help="how many times the disturbed run is killed (default 3)")
    parser.add_argument("--compare", action="append", required=True, help="glob below the output folder; may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the command; {out} stands for its output folder")
    arguments = parser.parse_args()
    command = [part for part in arguments.command if part != "--"]
    with tempfile.TemporaryDirectory() as scratch:
        calm, disturbed = Path(scratch) / "calm", Path(scratch) / "disturbed"
        seconds = run_calmly(command, calm)
        kills = run_under_fire(command, disturbed, seconds, arguments.kills, random.Random(arguments.seed))
        print(f"undisturbed {seconds:.1f} s; killed {kills} times")
        return compare(calm, disturbed, arguments.compare) if kills else 1


def run_calmly(command: list[str], out: Path) -> float:
    """Seconds that an undisturbed run takes."""
    start = time.monotonic()
    subprocess.run(filled(command, out), check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def run_under_fire(command: list[str], out: Path, seconds: float, kills: int, draw: random.Random) -> int:
    """Kill the whole process group at drawn moments, then let it end; returns how many kills hit a running process.

    Where the run ends before it was hit at all, it starts over in an empty folder and is hit sooner: a loaded machine may have
    made the peaceful run slow.
    """
    hits = 0
    for _ in range(4 * kills):
        process = subprocess.Popen(
            filled(command, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(timeout=seconds * draw.uniform(0.1, 0.9))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            hits += 1
        else:
            if hits:
                break
            shutil.rmtree(out, ignore_errors=True)
            seconds *= 0.5
        if hits == kills:
            break
    subprocess.run(filled(command, out), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return hits


def filled(command: list[str], out: Path) -> list[str]:
    """The command with its output folder, the program found beside this Python."""
    program = shutil.which(command[0], path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or command[0]
    return [program, *(part.replace("{out}", str(out)) for part in command[1:])]


def compare(calm: Path, disturbed: Path, globs: list[str]) -> int:
    """Print `same` or `DIFFERS` for each file of the undisturbed run; 1 where any differs or nothing was compared."""
    files = sorted({f.relative_to(calm) for glob in globs for f in calm.glob(glob) if f.is_file()})
    same = [digest(calm / f) == digest(disturbed / f) for f in files]
    for file, equal in zip(files, same, strict=True):
        print(f"{'same   ' if equal else 'DIFFERS'} {file}")
    return 0 if files and all(same) else 1


def digest(path: Path) -> str:
    """SHA-256 of a file, empty where it is missing."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
