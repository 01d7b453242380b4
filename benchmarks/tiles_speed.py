"""Tiles a second from a pyramidal OME-TIFF against tifffile alone and OpenSlide, and memory of cut-tiles against a section's size.

    uv run --with zarr --with openslide-bin --with openslide-python benchmarks/tiles_speed.py --work /tmp/tiles
    ... --memory-only --gigapixels 0.125 2          # peak memory of cut-tiles on sections made on the fly, deleted afterwards

Speed: one file (deflate, tiles of 256 px, three levels, drawn noise), the same windows for every side, read one after the other in
one process. Sides take turns within a round, their order turns from round to round, and files are opened again for every side. The
ratio is the geometric mean over rounds of tiles/s of cytoscribe over tiles/s of the faster other side in the same round, with a 95%
t interval on its logarithm. tifffile alone is `tifffile.imread(path, aszarr=True)` opened by zarr, its own way to read windows.
At the finest level windows are 256 px; from 1024 px made four times smaller, tifffile and OpenSlide read the level that fits, as
cytoscribe finds it.

Wanted: at least 0.8 of the faster; peak memory that grows by less than a tenth from an eighth of a gigapixel to two.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from scipy.stats import t as student

from cytoscribe.training.data.slides import open_slide, square

TILE, SIDE = 256, 8192
Read = Callable[[int, int], np.ndarray]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="Folder for the files that are made.")
    parser.add_argument("--windows", type=int, default=400, help="Windows of a side in a round.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--memory-only", action="store_true")
    parser.add_argument("--gigapixels", type=float, nargs=2, default=(0.125, 2.0), help="Sizes of the sections for memory.")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.memory_only:
        path = options.work / "section.ome.tif"
        if not path.is_file():
            write_pyramid(path)
        for shrink in (1, 4):
            speed(path, shrink, options.windows, options.rounds)
    memory(options.work, options.gigapixels)
    return 0


def write_pyramid(path: Path) -> None:
    """SIDE px of drawn noise in three levels."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(90, 230, (SIDE // 8, SIDE // 8, 3)).astype(np.uint8)
    fine = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    options: dict[str, Any] = {"photometric": "rgb", "tile": (TILE, TILE), "compression": "zlib", "metadata": {"axes": "YXS"}}
    with tifffile.TiffWriter(path, ome=True, bigtiff=True) as file:
        file.write(fine, subifds=2, **options)
        for step in (2, 4):
            file.write(fine[::step, ::step].copy(), subfiletype=1, **options)


def sides(path: Path, shrink: int) -> dict[str, Callable[[], Read]]:
    """What opens the file and gives a reader of windows at (x, y) of the finest level."""

    def own() -> Read:
        slide = open_slide(path)
        return lambda x, y: square(slide, x, y, TILE * shrink, TILE)

    def alone() -> Read:
        import zarr

        array: Any = zarr.open(tifffile.imread(path, aszarr=True, level=int(math.log2(shrink))), mode="r")
        return lambda x, y: np.asarray(array[y // shrink : y // shrink + TILE, x // shrink : x // shrink + TILE])

    def scanner() -> Read:
        import openslide  # pyright: ignore[reportMissingImports]

        slide = openslide.OpenSlide(path)
        level = slide.get_best_level_for_downsample(shrink)
        size = round(TILE * shrink / slide.level_downsamples[level])

        def read(x: int, y: int) -> np.ndarray:
            found = slide.read_region((x, y), level, (size, size)).convert("RGB")
            return np.asarray(found if size == TILE else found.resize((TILE, TILE)))

        return read

    return {"cytoscribe": own, "tifffile": alone, "OpenSlide": scanner}


def speed(path: Path, shrink: int, windows: int, rounds: int) -> None:
    """Print tiles/s of every side and the ratio to the faster other one."""
    kinds = sides(path, shrink)
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(rounds):
        places = np.random.default_rng(turn).integers(0, SIDE - TILE * shrink, (windows, 2)) // shrink * shrink
        order = list(kinds)[turn % len(kinds) :] + list(kinds)[: turn % len(kinds)]
        for name in order:
            try:
                began = time.process_time()
                read = kinds[name]()
                for x, y in places.tolist():
                    read(x, y)
                rates[name].append(windows / (time.process_time() - began))
            except Exception as error:  # a side that is not installed, or cannot read this file, is left out and said
                rates.pop(name, None)
                kinds.pop(name, None)
                print(f"{name} is left out ({type(error).__name__}: {str(error)[:80]})")
    others = np.array([rates[name] for name in rates if name != "cytoscribe"])
    logs = np.log(np.array(rates["cytoscribe"]) / others.max(0))
    half = student.ppf(0.975, rounds - 1) * logs.std(ddof=1) / math.sqrt(rounds)
    told = ", ".join(f"{name} {np.mean(own):.0f}" for name, own in rates.items())
    low, middle, high = (math.exp(logs.mean() + sign * half) for sign in (-1, 0, 1))
    print(f"windows made {shrink} times smaller, tiles/s of processor time: {told}; n {rounds} rounds of {windows}")
    print(f"  against the faster: {middle:.2f} [{low:.2f}, {high:.2f}] (wanted 0.8)")


def memory(work: Path, gigapixels: tuple[float, float]) -> None:
    """Print the peak memory of cut-tiles on two sections, and by how much it grows."""
    peaks = []
    for size in gigapixels:
        side = round(math.sqrt(size * 1e9) / 512) * 512
        folder = work / f"section_{side}"
        try:
            write_large(folder, side)
            peaks.append(cut_in_process(folder))
        finally:
            for path in sorted(folder.rglob("*"), reverse=True):
                path.unlink() if path.is_file() else path.rmdir()
            folder.rmdir()
        print(f"{side} x {side} px: peak memory of cut-tiles {peaks[-1] / 2**20:.2f} GB")
    print(f"  growth {peaks[1] / peaks[0] - 1:+.1%} (wanted below 10%)")


def write_large(folder: Path, side: int) -> None:
    """A tiled section of side x side px, from 32 tiles that are packed once, and two outlines on it."""
    for name in ("sections", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    packed = [zlib.compress(rng.integers(90, 230, (512, 512, 3)).astype(np.uint8).tobytes(), 1) for _ in range(32)]

    def tiles() -> Iterator[bytes]:
        for number in range((side // 512) ** 2):
            yield packed[number % 32]

    shape = (side, side, 3)
    with tifffile.TiffWriter(folder / "sections" / "s.tif", bigtiff=True) as file:
        file.write(tiles(), shape=shape, dtype=np.uint8, photometric="rgb", tile=(512, 512), compression="zlib")
    half = side // 2
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[[x, 0], [x + half, 0], [x + half, side], [x, side], [x, 0]]]},
            "properties": {"classification": {"name": name}},
        }
        for name, x in (("A", 0), ("B", half))
    ]
    (folder / "labels" / "s.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def cut_in_process(folder: Path) -> int:
    """Kilobytes that a process of its own held at most while it cut 400 tiles."""
    arguments = ["--sections", folder / "sections", "--labels", folder / "labels", "--out", folder / "out"]
    code = (
        "import sys, resource; from cytoscribe.cli import command, run; code = run(command('cut-tiles'), sys.argv[1:]); "
        "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
    )
    given = [*map(str, arguments), "--tile-px", "256", "--per-region", "200"]
    done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, check=True)
    return int(done.stdout.split("peak")[-1])


if __name__ == "__main__":
    sys.exit(main())
