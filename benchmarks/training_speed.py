"""Images a second of train-lora's training loop against open_clip's own, on the same model, batch, images, captions and precision.

    CYTO_DATA=DATA CYTO_WEIGHTS=WEIGHTS uv run --with webdataset benchmarks/training_speed.py --work /tmp/speed
    uv run --with webdataset benchmarks/training_speed.py --work /tmp/speed --model efficientnet_lite0_minilm --px 160 --batch 64
    ... --device cuda --precision bf16 --batch 256 --steps 40 --workers 16 --peak-tflops 989       # a GPU, here an H100 or H200

In one process, all sides in turn and in changing order, one epoch of --steps steps each a round. Every ratio is the geometric mean
over rounds of (images/s of cytoscribe / images/s of open_clip in the same round), with a 95% t interval on its logarithm. The first
step of an epoch, in which open_clip starts its worker processes, does not count. --clock cpu counts processor time instead, workers
and whole epochs included: for a machine that other work shares.

open_clip: `open_clip_train.train.train_one_epoch` with what its `main` builds. Worker processes decode every image again each epoch
and apply its train transform (a random crop of 0.9 to 1.0 of the area, nothing else); a caption an image; every caption padded to
the context; AdamW, no clipping of gradients.
cytoscribe: the epoch of `train-lora`. Images are decoded once and kept, as part of building the side (that time is printed); the
augmentation `strong` (turns, mirrors, zoom, stain, light, focus, noise) is drawn again for every step, or none; each distinct caption
of a batch is encoded once, and where the text tower is frozen each caption once a run; AdamW, gradients clipped.
The captions (templates on attributes) have the region and claim terms of the loss, without whole captions: those are further texts,
which open_clip does not read. Weights of open_clip's models are random; images are blood cells where CYTO_DATA has them, else drawn.

Wanted: at least 1.0 with everything trained, at least 1.7 with frozen text. With frozen text both sides train all of the vision
tower (open_clip: --lock-text, which runs the tower in each step); LoRA on the vision tower has rows of its own. Operations are
those that torch.utils.flop_counter counts in one step (on a CPU without fused attention's).
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

import numpy as np
import torch
from scipy.stats import t as student
from torch.utils.flop_counter import FlopCounterMode
from training_sides import Setting, Side, cytoscribe_side, open_clip_side, switch, switches, write_material

from cytoscribe.core.errors import InputError
from cytoscribe.training.model.encoding import pick_device
from cytoscribe.training.model.lora import Tuning

Shape = Sequence[int]
VISION = Tuning("lora", "vision")
FULL = Tuning("full")
VISION_WHOLE = Tuning("full", "vision")


def main() -> int:
    """Measure and print."""
    options = parse(sys.argv[1:])
    device = pick_device(options.device)
    setting = Setting(
        options.work, options.model, options.px, options.batch, options.steps, options.precision, device, options.workers
    )
    try:
        write_material(setting, Path(os.environ.get("CYTO_DATA", "../shared/data")) / "blood_cells" / "cells.csv")
        print(
            f"{options.model}, {options.px} px, batches of {options.batch}, {options.precision}, {options.clock} clock, {told(device)}"
        )
        for part, make, wanted in (("full", everything, 1.0), ("frozen", frozen_text, 1.7)):
            if options.part in (part, "both"):
                sides = make(setting)
                measure(sides, setting, options.rounds, options.clock)
                print_table(part, sides, wanted, setting, options.peak_tflops)
    except InputError as error:
        print(error, file=sys.stderr)
        return InputError.exit_code
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the table, captions and run folders")
    parser.add_argument("--model", default="ViT-B-32", help="a base of train-lora (default ViT-B-32, random weights)")
    parser.add_argument("--px", type=int, default=224, help="side of the images in pixels (default 224)")
    parser.add_argument("--batch", type=int, default=32, help="images a step (default 32)")
    parser.add_argument(
        "--steps", type=int, default=12, help="steps a round and side, 2 or more; the first does not count (default 12)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--workers", type=int, default=2, help="workers that decode, on both sides (default 2)")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="bf16: autocast on both sides (default fp32)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda (default auto)")
    parser.add_argument("--part", choices=("both", "full", "frozen"), default="both", help="what is compared (default both)")
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu: processor time, on a busy machine (default wall)"
    )
    parser.add_argument("--peak-tflops", type=float, default=0.0, help="the device's peak at this precision. 0: not told")
    options = parser.parse_args(arguments)
    if ":" in options.model:
        parser.error("--model takes a base without a tag: weights do not matter here")
    if options.steps < 2 or options.rounds < 1 or options.batch < 2:
        parser.error("--steps and --batch are at least 2, --rounds at least 1")
    return options


def told(device: torch.device) -> str:
    """The machine in a few words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}"


def everything(setting: Setting) -> list[Side]:
    """All weights learn; open_clip's side comes first."""
    return [
        warmed(lambda: open_clip_side(setting, "open_clip"), setting),
        warmed(lambda: cytoscribe_side(setting, "cytoscribe --tune full", FULL), setting),
        warmed(lambda: cytoscribe_side(setting, "cytoscribe --tune full --augment none", FULL, "none"), setting),
    ]


def frozen_text(setting: Setting) -> list[Side]:
    """The text tower does not learn; open_clip's side comes first."""
    whole, lora = "cytoscribe, vision tower whole", "cytoscribe --tune lora --towers vision"
    return [
        warmed(lambda: open_clip_side(setting, "open_clip --lock-text", ["--lock-text"]), setting),
        warmed(lambda: cytoscribe_side(setting, whole, VISION_WHOLE), setting),
        warmed(lambda: cytoscribe_side(setting, f"{whole} --augment none", VISION_WHOLE, "none"), setting),
        warmed(lambda: cytoscribe_side(setting, lora, VISION), setting),
        warmed(lambda: cytoscribe_side(setting, f"{lora} --augment none", VISION, "none"), setting),
    ]


CONVOLUTION = torch.ops.aten.convolution_backward


def convolution_flops(gradient: Shape, images: Shape, weights: Shape, *given: Any, **_: Any) -> int:
    """Operations of a convolution's backward pass: for each of the gradients asked for as many as forward. torch's own formula takes
    a depthwise convolution's gradient of the weights for that of a dense one."""
    transposed, wanted = given[4], given[7]
    places = math.prod((images if transposed else gradient)[2:])
    return 2 * gradient[0] * places * math.prod(weights) * sum(wanted[:2])


class _Enough(Exception):  # noqa: N818 - no error
    """Ends an epoch after its first step."""


def warmed(make: Callable[[], Side], setting: Setting) -> Side:
    """A side whose first step is done and counted: operations, and the device memory it holds from then on."""
    before, kept = _allocated(setting), switches()
    started = time.perf_counter()
    side = make()
    print(f"  {side.name}: built in {time.perf_counter() - started:.0f} s", flush=True)

    def stop() -> None:
        raise _Enough

    side.after_step = stop
    with FlopCounterMode(display=False, custom_mapping={CONVOLUTION: convolution_flops}) as counter, suppress(_Enough):
        side.epoch(0)
    side.flops, side.resident = float(counter.get_total_flops()), _allocated(setting) - before
    switch(kept)
    return side


def measure(sides: Sequence[Side], setting: Setting, rounds: int, clock: str) -> None:
    """All sides in turn, in changing order; their `speeds` and `memory` are filled."""
    for number in range(1, rounds + 1):
        for side in sides if number % 2 else sides[::-1]:
            switch(side.switches)
            elsewhere = _allocated(setting) - side.resident
            side.speeds.append(setting.batch / timed_epoch(side, number, setting, clock))
            side.memory = max(side.memory, _most_allocated(setting) - elsewhere)
            print(f"  round {number}  {side.name:60s} {side.speeds[-1]:9.2f} images/s", flush=True)


def timed_epoch(side: Side, number: int, setting: Setting, clock: str) -> float:
    """Seconds a step: of the clock on the wall from the end of the first step on, or of processors over the whole epoch."""
    marks: list[float] = []

    def mark() -> None:
        if len(marks) in (0, setting.steps - 1):
            _wait(setting)
        marks.append(time.perf_counter())

    side.after_step, before = mark, _processor_time()
    side.epoch(number)
    if len(marks) != setting.steps:
        raise RuntimeError(f"{side.name} made {len(marks)} steps, not {setting.steps}")
    spent = (_processor_time() - before) / setting.steps
    return spent if clock == "cpu" else (marks[-1] - marks[0]) / (setting.steps - 1)


def _processor_time() -> float:
    """Seconds of this process and of its children that have ended, as open_clip's workers have behind each epoch."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def print_table(part: str, sides: Sequence[Side], wanted: float, setting: Setting, peak_tflops: float) -> None:
    """A Markdown table; the first side is what the others are held against."""
    title = {"full": "Everything trained", "frozen": "Frozen text"}[part]
    print(f"\n{title}, {len(sides[0].speeds)} rounds of {setting.steps} steps\n")
    print(
        "| loop | images/s, mean [least, most] | ratio to open_clip [95% interval] | wanted | GFLOP a step | share of peak | memory, MB |"
    )
    print("|---|---|---|---|---|---|---|")
    for side in sides:
        speed = float(np.mean(side.speeds))
        theirs = side is sides[0]
        ratio = "1" if theirs else "{:.3f} [{:.3f}, {:.3f}]".format(*ratio_interval(side.speeds, sides[0].speeds))
        share = f"{speed * side.flops / setting.batch / peak_tflops / 1e12:.3f}" if peak_tflops else "-"
        memory = f"{side.memory / 1e6:.0f}" if side.memory else "-"
        cells = [f"{speed:.2f} [{min(side.speeds):.2f}, {max(side.speeds):.2f}]", ratio, "" if theirs else f"{wanted:g}"]
        print(f"| {' | '.join([side.name, *cells, f'{side.flops / 1e9:.1f}', share, memory])} |")
    print(flush=True)


def ratio_interval(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Geometric mean of the rounds' ratios, and its 95% t interval; NaN for its ends where there is one round alone."""
    logs = np.log(np.asarray(ours) / np.asarray(theirs))
    reach = float(student.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs))) if len(logs) > 1 else math.nan
    middle = float(logs.mean())
    return math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)


def _allocated(setting: Setting) -> int:
    if setting.device.type != "cuda":
        return 0
    _wait(setting)
    torch.cuda.reset_peak_memory_stats(setting.device)
    return torch.cuda.memory_allocated(setting.device)


def _most_allocated(setting: Setting) -> int:
    return torch.cuda.max_memory_allocated(setting.device) if setting.device.type == "cuda" else 0


def _wait(setting: Setting) -> None:
    if setting.device.type == "cuda":
        torch.cuda.synchronize(setting.device)


if __name__ == "__main__":
    sys.exit(main())
