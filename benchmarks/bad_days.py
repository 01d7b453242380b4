"""Bad days: stages killed at random moments, state that rots, and files that hold anything, until a promise breaks.

    uv run benchmarks/bad_days.py --kills 20 --executions 20000 --seconds 300

Kills: mining, captioning and cutting run on drawn cortex; each is killed with SIGKILL at drawn moments, its state may be damaged, and
it is started again. The end must equal an undisturbed run, byte for byte, with nothing half-written left behind.
Executions: every reader is given its own kind of file with bytes and values changed. It must return, or raise one clear line, within
30 s and 3 GB. Inputs that break this are kept in the folder that --keep names.

Prints kills, executions, and what broke, with the 95% upper bound of the rate at which it breaks; exit code 1 where anything did.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import RUN_FILE

BIN = Path(sys.executable).parent
PAPERS = {
    "one.md": "# Areas Aa1 and Aa2\n\nArea Aa1 has a thin layer IV. Layer V of Aa1 contains large pyramidal cells. Aa2 is agranular.\n",
    "two.txt": "Area Aa2 shows a broad layer III. Its layer V is densely packed. Layer IV of Aa1 is sublaminated.\n",
}
MEMORY, LONGEST = 3_000_000_000, 30


@dataclass(frozen=True)
class Stage:
    """A command with `{out}` for its folder, and the results that must equal an undisturbed run's."""

    name: str
    command: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True)
class Reader:
    """A function that reads a file of a kind, and a good file of that kind to begin from."""

    name: str
    read: Callable[[Path], Any]
    good: Path


def main() -> int:
    """Prepare, disturb, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="kills over all stages (default 20)")
    parser.add_argument("--executions", type=int, default=20_000, help="changed files read (default 20,000)")
    parser.add_argument("--seconds", type=float, default=0, help="end each part after so long; 0: no limit")
    parser.add_argument("--seed", type=int, default=0, help="seed of moments and changes")
    parser.add_argument("--keep", type=Path, help="folder for files that broke a reader")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        killed, torn = kill_stages(folder, options.kills, options.seconds, random.Random(options.seed))
        report("kills", killed, torn)
        read, broken = misuse_readers(folder, options.executions, options.seconds, random.Random(options.seed), options.keep)
        report("executions", read, broken)
    return 1 if torn or broken else 0


def report(what: str, count: int, broken: list[str]) -> None:
    """One line of the count and the bound, one for each kind of failure."""
    bound = (len(broken) + (3.0 if not broken else 2 * len(broken) ** 0.5 + 2)) / max(count, 1)
    print(f"{what} {count:,}: {len(broken)} broke a promise (95% upper bound of the rate {min(bound, 1):.2g}, n = {count:,})")
    for line in dict.fromkeys(broken):
        print(f"  {line}")


def prepare(folder: Path) -> None:
    """Papers, a table of regions, drawn sections, and a mining run that captions are made of."""
    (folder / "papers").mkdir()
    for name, text in PAPERS.items():
        for copy in range(6):
            (folder / "papers" / f"{copy}{name}").write_text(text, encoding="utf-8")
    (folder / "regions.csv").write_text("region,aliases\nAa1,area Aa1\nAa2,area Aa2\n", encoding="utf-8")
    call("cytoscribe", "phantom", "--out", folder / "phantom", "--images", 0, "--sections", 2, "--pixel-size-um", 40)
    call("mine-descriptions", *mining(folder), "--out", folder / "mined")
    call("generate-captions", *captioning(folder), "--out", folder / "captions")


def mining(folder: Path) -> tuple[object, ...]:
    return "--regions", folder / "regions.csv", "--papers", folder / "papers"


def captioning(folder: Path) -> tuple[object, ...]:
    return "--descriptions", folder / "mined", "--per-region", 12


def stages(folder: Path) -> tuple[Stage, ...]:
    """The stages that are killed."""
    drawn = folder / "phantom"
    cutting = ("--sections", drawn / "sections", "--labels", drawn / "labels", "--groups", drawn / "groups.csv", "--tile-px", 48)
    return (
        Stage("mine", ("mine-descriptions", *map(str, mining(folder)), "--out", "{out}"), ("*.parquet", "regions.csv")),
        Stage(
            "caption", ("generate-captions", *map(str, captioning(folder)), "--out", "{out}"), ("*.parquet", "data/*", "README.md")
        ),
        Stage("cut", ("cut-tiles", *map(str, cutting), "--out", "{out}"), ("images.csv", "tiles/*")),
    )


def call(*command: object) -> None:
    subprocess.run([str(BIN / str(command[0])), *map(str, command[1:])], check=True, capture_output=True)


def kill_stages(folder: Path, kills: int, seconds: float, draw: random.Random) -> tuple[int, list[str]]:
    """Kill the stages in turn; how many kills hit, and what was lost, doubled or half-written."""
    start, hits, faults = time.monotonic(), 0, []
    calm: dict[str, tuple[float, dict[str, str]]] = {}
    for stage in stages(folder):
        began = time.monotonic()
        subprocess.run(filled(stage, folder / f"calm-{stage.name}"), check=True, capture_output=True)
        calm[stage.name] = time.monotonic() - began, digests(folder / f"calm-{stage.name}", stage.results)
    number = 0
    while hits < kills and not (seconds and time.monotonic() - start > seconds):
        stage = stages(folder)[number % 3]
        out = folder / f"killed-{number}"
        number += 1
        for _ in range(draw.randint(1, 3)):
            hits += killed(filled(stage, out), calm[stage.name][0] * draw.uniform(0.05, 1.0))
            rot(out, draw)
        done = subprocess.run(filled(stage, out), capture_output=True, text=True)
        faults += [f"{stage.name}: {fault}" for fault in after(done, out, calm[stage.name][1], stage)]
    return hits, faults


def filled(stage: Stage, out: Path) -> list[str]:
    return [str(BIN / stage.command[0]), *(part.replace("{out}", str(out)) for part in stage.command[1:])]


def killed(command: list[str], seconds: float) -> bool:
    """Start the command and kill it after so long; False where it had ended before."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def rot(out: Path, draw: random.Random) -> None:
    """Damage a shard or lose a picture, as a bad disk does; half of the time nothing."""
    state = sorted([*out.glob(".shards/*.jsonl"), *out.glob("tiles/*.png")]) if out.is_dir() else []
    if not state or draw.random() < 0.5:
        return
    path = draw.choice(state)
    if path.name == "completions.jsonl":  # a journal: its lines count one by one
        path.write_bytes(path.read_bytes()[: draw.randrange(path.stat().st_size + 1)])
    elif path.suffix == ".png":
        path.unlink()
    else:
        path.write_bytes(changed(path.read_bytes(), draw))


def after(done: subprocess.CompletedProcess[str], out: Path, wanted: dict[str, str], stage: Stage) -> list[str]:
    """What is wrong with a folder once the disturbed run has ended."""
    if done.returncode or "Traceback" in done.stderr:
        return [f"exit code {done.returncode}: {done.stderr.strip()[-200:]}"]
    found = digests(out, stage.results)
    faults = [f"{name} differs" for name in wanted if found.get(name) != wanted[name]]
    faults += [f"{name} is too many" for name in found if name not in wanted]
    faults += [f"{path.name} is half-written" for path in out.rglob("*.part")]
    return faults if (out / RUN_FILE).is_file() else [*faults, "no run.json"]


def digests(out: Path, results: tuple[str, ...]) -> dict[str, str]:
    files = sorted({f for glob in results for f in out.glob(glob) if f.is_file()})
    return {f.relative_to(out).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def readers(folder: Path) -> list[Reader]:
    """Every reader of files that strangers write, each with a good file."""
    from cytoscribe.captions.wording.image_attributes import read_phrases
    from cytoscribe.core.images import read_image
    from cytoscribe.core.outlines import read_outlines
    from cytoscribe.core.records import Caption, Claim
    from cytoscribe.core.runs import read_json
    from cytoscribe.core.tables import read_csv, read_images, read_records
    from cytoscribe.core.verify import damage
    from cytoscribe.literature_mining.papers.open import read_document
    from cytoscribe.literature_mining.regions.table import read_regions
    from cytoscribe.training.data.sections import read_groups, read_labels
    from cytoscribe.training.data.slides import open_slide, window
    from cytoscribe.training.model.tensors import read_tensors

    drawn, cut = folder / "phantom", folder / "calm-cut"
    made = made_files(folder)
    return [
        Reader("images.csv", read_images, cut / "images.csv"),
        Reader("regions.csv", read_regions, folder / "regions.csv"),
        Reader("groups.csv", read_groups, drawn / "groups.csv"),
        Reader("table.csv", lambda p: read_csv(p, ["region"]), folder / "regions.csv"),
        Reader("claims.parquet", lambda p: read_records(p, Claim), folder / "mined" / "claims.parquet"),
        Reader("captions.parquet", lambda p: read_records(p, Caption), next((folder / "captions" / "data").glob("*.parquet"))),
        Reader("run.json", lambda p: damage(p.parent), cut / "run.json"),
        Reader("phrases.json", read_phrases, made["phrases.json"]),
        Reader("any.json", read_json, made["phrases.json"]),
        Reader("outlines.geojson", read_outlines, made["outlines.geojson"]),
        Reader("weights.safetensors", lambda p: read_tensors(p, "mend it"), made["weights.safetensors"]),
        Reader("picture.png", read_image, next((cut / "tiles").iterdir())),
        Reader("labels.png", read_labels, next(p for p in (drawn / "labels").iterdir() if p.suffix == ".png")),
        Reader("slide.tif", lambda p: window(open_slide(p), 0, 0, 64, 64), made["slide.tif"]),
        Reader("paper.md", read_document, folder / "papers" / "0one.md"),
        Reader("paper.txt", read_document, folder / "papers" / "0two.txt"),
    ]


def made_files(folder: Path) -> dict[str, Path]:
    """Good files of the kinds that no stage above writes."""
    import json

    import numpy as np
    import tifffile
    import torch

    from cytoscribe.training.model.tensors import write_tensors

    names = ("phrases.json", "outlines.geojson", "weights.safetensors", "slide.tif")
    made = {name: folder / name for name in names}
    made["phrases.json"].write_text(
        json.dumps({"subject": {"noun": "cell"}, "columns": {"size": {"values": {"big": {"with": ["a"]}}}}})
    )
    ring = [[0, 0], [0, 9], [9, 9], [0, 0]]
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"name": "V1"}}
    made["outlines.geojson"].write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    write_tensors(made["weights.safetensors"], {"a": torch.ones(3, 2), "b": torch.zeros(4, dtype=torch.int64)})
    pixels = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    tifffile.imwrite(made["slide.tif"], pixels, tile=(32, 32), compression="zlib", photometric="rgb")
    return made


def misuse_readers(folder: Path, executions: int, seconds: float, draw: random.Random, keep: Path | None) -> tuple[int, list[str]]:
    """Read changed files; how many, and for each that broke a promise one line."""
    start, faults, found = time.monotonic(), [], readers(folder)
    (folder / "odd").mkdir()
    signal.signal(signal.SIGALRM, _too_long)
    for count in range(executions):
        if seconds and time.monotonic() - start > seconds:
            executions = count
            break
        reader = found[count % len(found)]
        path = folder / "odd" / reader.name
        path.write_bytes(changed(reader.good.read_bytes(), draw))
        fault = misused(reader, path)
        if fault:
            faults.append(f"{reader.name}: {fault}")
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}-{reader.name}").write_bytes(path.read_bytes())
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MEMORY:
        faults.append("more than 3 GB of memory were taken")
    return executions, faults


class _TooLongError(Exception):
    """A reader that did not come back."""


def _too_long(*_: object) -> None:
    raise _TooLongError


def misused(reader: Reader, path: Path) -> str:
    """What is wrong with how a reader takes a file; "" where it returns or says in one line what is wrong."""
    signal.alarm(LONGEST)
    try:
        reader.read(path)
    except InputError as error:
        return "" if str(error).isprintable() or "\n" not in str(error) else "more than one line"
    except _TooLongError:
        return f"longer than {LONGEST} s"
    except Exception as error:  # what this looks for
        return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"
    finally:
        signal.alarm(0)
    return ""


TOKENS = (
    b"",
    b"\0",
    b"\xff",
    b"-1",
    b"NaN",
    b"1e999",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b"\xe2\x80\xa8",
    b"\xed\xa0\x80",
    b"9" * 30,
    b"\n",
    b",",
    b"=cmd|",
)


def changed(content: bytes, draw: random.Random) -> bytes:
    """A file with some of its bytes flipped, cut, doubled, moved, or replaced by what formats stumble over."""
    raw = bytearray(content)
    for _ in range(draw.randint(1, 6)):
        at, length = draw.randrange(len(raw) + 1), draw.randint(0, 12)
        kind = draw.randrange(6)
        if kind == 0 and raw:
            raw[min(at, len(raw) - 1)] = draw.randrange(256)
        elif kind == 1:
            del raw[at:]
        elif kind == 2:
            raw[at : at + length] = raw[at : at + length] * draw.randint(2, 40)
        elif kind == 3:
            raw[at : at + length] = draw.choice(TOKENS)
        elif kind == 4:
            raw[at:at] = draw.choice(TOKENS)
        else:
            del raw[at : at + length]
    return bytes(raw)


if __name__ == "__main__":
    sys.exit(main())
