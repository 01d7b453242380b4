"""Training in two processes against one: how much faster a pass over the images is, and whether held-out figures stay.

    uv run benchmarks/two_processes.py --images QUICKSTART/images.csv --captions QUICKSTART/captions --work /tmp/two

Each side trains `--base tiny` for one pass and for `--passes` passes more, one thread a process; the difference leaves out the start.
The ratio is the geometric mean of the rounds, with a 95% t interval. Give it a machine with two idle cores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from scipy import stats

from cytoscribe.core.runs import read_json


def main() -> None:
    """Print the ratio, and the held-out loss of both sides."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="images table")
    parser.add_argument("--captions", type=Path, required=True, help="folder that generate-captions wrote")
    parser.add_argument("--work", type=Path, required=True, help="folder for the models")
    parser.add_argument("--passes", type=int, default=4, help="passes that are timed (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    options = parser.parse_args()
    ratios = []
    for number in range(options.rounds):
        one, two = (taken(processes, options, number) for processes in (1, 2))
        ratios.append(one / two)
        print(f"round {number + 1}: {one:.1f} s in one process, {two:.1f} s in two, {one / two:.2f} times", flush=True)
    logs = np.log(ratios)
    reach = stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs)) if len(logs) > 1 else float("nan")
    low, high = np.exp(logs.mean() - reach), np.exp(logs.mean() + reach)
    print(f"two processes against one: {np.exp(logs.mean()):.2f} times [{low:.2f}, {high:.2f}], {len(logs)} rounds")
    for processes in (1, 2):
        held = read_json(folder(options.work, processes, options.passes + 1) / "run.json")["summary"]["validation"]
        print(f"{processes} process{'es' if processes > 1 else ''}: {held}")


def folder(work: Path, processes: int, epochs: int) -> Path:
    """Where a side's model goes."""
    return work / f"model-{processes}-{epochs}"


def taken(processes: int, options: argparse.Namespace, number: int) -> float:
    """Seconds of `passes` passes."""
    short, long = (trained(processes, epochs, options) for epochs in (1, 1 + options.passes))
    return long - short


def trained(processes: int, epochs: int, options: argparse.Namespace) -> float:
    """Seconds of a whole run."""
    out = folder(options.work, processes, epochs)
    shutil.rmtree(out, ignore_errors=True)
    told = ["--images", options.images, "--captions", options.captions, "--base", "tiny", "--epochs", epochs, "--out", out]
    script = Path(sys.executable).parent
    launch = [script / "torchrun", "--nproc-per-node", 2, "--no-python"] if processes == 2 else []
    command = [str(x) for x in (*launch, script / "train-lora", *told)]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
