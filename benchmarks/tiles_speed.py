"""Tiles a second from a pyramidal OME-TIFF against tifffile alone and OpenSlide, and memory against a section's size.

    uv run --with zarr --with openslide-bin --with openslide-python benchmarks/tiles_speed.py --work /tmp/tiles
    ... --only memory --pixels 12500x10000 50000x40000 --model runs/model   # describe --section too
    ... --only speed --pixels 12500x10000 50000x40000                        # windows of both files

Files are pyramidal OME-TIFFs (deflate, tiles of 512 px, levels 2, 4, 8 and 16 times smaller as SubIFDs, drawn noise), written tile by
tile from a few that are packed once, and deleted afterwards.

Speed: the same windows for every side, read one after the other in one process. Sides take turns within a round, their order turns
from round to round, and files are opened again for every side. The ratio is the geometric mean over rounds of tiles/s of cytoscribe
over tiles/s of the faster other side in the same round, with a 95% t interval on its logarithm. tifffile alone is
`tifffile.imread(path, aszarr=True)` opened by zarr, its own way to read windows. At the finest level windows are 256 px; from 1024 px
made four times smaller, tifffile and cytoscribe read the level that fits. OpenSlide finds no levels in SubIFDs and makes the finest
one smaller, so that only the windows of the finest level compare the two.

Memory: the most that a process of its own held while it ran `cut-tiles` (outlines; a label map of the section's size) and, with
--model, `describe --section`. The left half is red and the right half blue, and the tiles that were cut are looked at.

Wanted: at least 0.8 of the faster; peak memory that grows by less than a tenth from a section to one sixteen times its size.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image
from scipy.stats import t as student

from cytoscribe.training.data.slides import open_slide, square

TILE, PIECE, NAME = 256, 512, "s.ome.tif"
Read = Callable[[int, int], np.ndarray]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="Folder for the files that are made; they are deleted.")
    parser.add_argument("--windows", type=int, default=400, help="Windows of a side in a round.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=("both", "speed", "memory"), default="both")
    parser.add_argument(
        "--pixels", type=shape, nargs="+", default=[(10000, 12500), (40000, 50000)], help="WIDTHxHEIGHT of sections."
    )
    parser.add_argument("--model", type=Path, help="Model folder; describe --section is measured with it.")
    options = parser.parse_args()
    folders = [options.work / f"section_{width}x{height}" for height, width in options.pixels]
    try:
        for folder, size in zip(folders, options.pixels, strict=True):
            write_section(folder, size)
            for shrink in (1, 4) if options.only != "memory" else ():
                speed(folder / "sections" / NAME, size, shrink, options.windows, options.rounds)
        if options.only != "speed":
            memory(folders, options.model)
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def shape(text: str) -> tuple[int, int]:
    """(height, width) of WIDTHxHEIGHT."""
    width, height = text.split("x")
    return int(height), int(width)


def write_section(folder: Path, size: tuple[int, int]) -> None:
    """A section of size (height, width), two outlines on it, and a label map of its size."""
    for name in ("sections", "labels", "outlines"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_tiled(folder / "sections" / NAME, size, [packed_noise(0), packed_noise(2)], 5, photometric="rgb")
    maps = [[zlib.compress(np.full((PIECE, PIECE), value, np.uint8).tobytes())] for value in (1, 2)]
    write_tiled(folder / "labels" / "s.tif", size, maps, 1, photometric="minisblack")
    (folder / "groups.csv").write_text("label_value,group\n1,A\n2,B\n")
    height, width = size
    half = -(-(width // 2) // PIECE) * PIECE  # where packed tiles of the right half begin
    rings = {"A": [[0, 0], [half, 0], [half, height], [0, height]], "B": [[half, 0], [width, 0], [width, height], [half, height]]}
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"classification": {"name": name}},
        }
        for name, ring in rings.items()
    ]
    (folder / "outlines" / "s.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def packed_noise(channel: int) -> list[bytes]:
    """16 tiles of stained-looking noise, deflated, in which one channel is bright."""
    rng = np.random.default_rng(channel)
    made = []
    for _ in range(16):
        coarse = rng.integers(60, 160, (PIECE // 8, PIECE // 8, 3))
        coarse[..., channel] += 60
        made.append(zlib.compress(np.kron(coarse.astype(np.uint8), np.ones((8, 8, 1), np.uint8)).tobytes(), 1))
    return made


def write_tiled(path: Path, size: tuple[int, int], halves: list[list[bytes]], levels: int, **options: Any) -> None:
    """A tiled OME-TIFF of size (height, width), its left and right half of packed tiles, each level half as large."""
    samples = (3,) if options["photometric"] == "rgb" else ()
    told: dict[str, Any] = {**options, "dtype": np.uint8, "tile": (PIECE, PIECE), "compression": "zlib"}

    def tiles(height: int, width: int) -> Iterator[bytes]:
        rows, columns = -(-height // PIECE), -(-width // PIECE)
        for number in range(rows * columns):
            half = halves[number % columns * PIECE >= width // 2]
            yield half[number % len(half)]

    with tifffile.TiffWriter(path, ome=True, bigtiff=True) as file:
        for level in range(levels):
            height, width = (-(-side // 2**level) for side in size)
            kind = {"subfiletype": 1} if level else {"subifds": levels - 1, "metadata": {"axes": "YXS"[: 2 + len(samples)]}}
            file.write(tiles(height, width), shape=(height, width, *samples), **kind, **told)


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


def speed(path: Path, size: tuple[int, int], shrink: int, windows: int, rounds: int) -> None:
    """Print tiles/s of every side and the ratio to the faster other one."""
    kinds = sides(path, shrink)
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(rounds):
        most = [side - TILE * shrink for side in (size[1], size[0])]
        places = np.random.default_rng(turn).integers(0, most, (windows, 2)) // shrink * shrink
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
    print(
        f"{size[1]} x {size[0]} px, windows made {shrink} times smaller, tiles/s of processor time: {told}; n {rounds} rounds of {windows}"
    )
    print(f"  against the faster: {middle:.2f} [{low:.2f}, {high:.2f}] (wanted 0.8)")


def memory(folders: list[Path], model: Path | None) -> None:
    """Print the peak memory of each command on every section, and by how much it grows."""
    commands: dict[str, Callable[[Path], list[Any]]] = {
        "cut-tiles, outlines": lambda f: ["cut-tiles", "--labels", f / "outlines", *cutting(f)],
        "cut-tiles, label map": lambda f: ["cut-tiles", "--labels", f / "labels", "--groups", f / "groups.csv", *cutting(f)],
    }
    if model is not None:
        commands["describe --section"] = lambda f: [
            *("describe", "--model", model, "--section", f / "sections" / NAME),
            *("--tile-px", 1024, "--stride", 1024, "--out", f / "out"),
        ]
    for name, command in commands.items():
        peaks = []
        for folder in folders:
            began = time.perf_counter()
            peaks.append(peak(command(folder)))
            wrong = wrong_tiles(folder / "out") if name.startswith("cut") else 0
            said = f"; {wrong} tiles of the wrong half" if name.startswith("cut") else ""
            print(
                f"{name}, {folder.name[8:]} px: {peaks[-1] / 2**20:.2f} GB, {time.perf_counter() - began:.0f} s{said}", flush=True
            )
            shutil.rmtree(folder / "out")
        print(f"  growth {peaks[-1] / peaks[0] - 1:+.1%} (wanted below 10%)", flush=True)


def cutting(folder: Path) -> list[Any]:
    """What both ways of cutting share: 1000 tiles, which lie in more pieces than are kept decoded."""
    return ["--sections", folder / "sections", "--out", folder / "out", "--tile-px", 256, "--per-region", 500]


def wrong_tiles(out: Path) -> int:
    """Tiles that do not show the half that they are named after."""
    shown = {path: np.asarray(Image.open(path)).reshape(-1, 3).mean(0) for path in (out / "tiles").glob("*.png")}
    return sum((colour[0] > colour[2]) != ("_a_" in path.name) for path, colour in shown.items()) if shown else -1


def peak(arguments: list[Any]) -> int:
    """Kilobytes that a process of its own held at most while it ran a command."""
    code = (
        "import sys, resource; from cytoscribe.cli import command, run; code = run(command(sys.argv[1]), sys.argv[2:]); "
        "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{arguments[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return int(done.stdout.split("peak")[-1])


if __name__ == "__main__":
    sys.exit(main())
