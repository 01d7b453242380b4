"""What can happen to a run while it works, and what must be true of its folder afterwards; used by bad_days.py."""

from __future__ import annotations

import hashlib
import http.server
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from changes import changed
from PIL import Image

from cytoscribe import cli
from cytoscribe.core.runs import RUN_FILE

PAPERS = {
    "one.md": "# Areas Aa1 and Aa2\n\nArea Aa1 has a thin layer IV. Layer V of Aa1 contains large pyramidal cells. Aa2 is agranular.\n",
    "two.txt": "Area Aa2 shows a broad layer III. Its layer V is densely packed. Layer IV of Aa1 is sublaminated.\n",
}
LONGEST = 600
"""Seconds after which a run hangs, on a machine that others use too."""
TRACEBACK = 99


@dataclass(frozen=True)
class Stage:
    """A command with `{out}` for its folder, and the results that must equal an undisturbed run's."""

    name: str
    command: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True)
class Calm:
    """How long an undisturbed run took, in seconds, and the digests of its results."""

    seconds: float
    results: dict[str, str]


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code, None where it was killed or hung; what it said on both streams."""

    code: int | None
    said: str
    hung: bool = False


def prepare(folder: Path) -> None:
    """Papers, a table of regions, drawn sections and cells, and the folders that later stages read."""
    import open_clip  # noqa: F401 (what runs share is loaded once: a kill then hits work, not imports)
    import peft  # noqa: F401
    import timm  # noqa: F401
    from matplotlib.backends import backend_agg  # noqa: F401

    import cytoscribe.captions.generation
    import cytoscribe.captions.morphology.stage
    import cytoscribe.literature_mining.miner
    import cytoscribe.training.clip_fit  # noqa: F401

    (folder / "papers").mkdir()
    for name, text in PAPERS.items():
        for copy in range(6):
            (folder / "papers" / f"{copy}{name}").write_text(text, encoding="utf-8")
    (folder / "regions.csv").write_text("region,aliases\nAa1,area Aa1\nAa2,area Aa2\n", encoding="utf-8")
    _draw_cells(folder / "cells")
    call("phantom", "--out", folder / "phantom", "--images", 0, "--sections", 2, "--pixel-size-um", 40)
    call("mine-descriptions", *mining(folder), "--out", folder / "mined")
    call("generate-captions", *captioning(folder), "--out", folder / "captions")


def _draw_cells(folder: Path) -> None:
    """Stained discs of two kinds, with a table of splits that training can use too."""
    folder.mkdir()
    rows, (y, x) = ["image_path,region,split"], np.mgrid[:64, :64]
    for number in range(40):
        pixels = np.full((64, 64, 3), 200 + number, np.uint8)  # no two pictures are equal: one image in two splits is refused
        pixels[(y - 32) ** 2 + (x - 32) ** 2 < (10 + number % 15) ** 2] = (120, 60, 150) if number % 2 else (90, 90, 170)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        rows.append(f"{number}.png,Aa{1 + number % 2},{'val' if number % 4 == 3 or number % 4 == 0 else 'train'}")
    (folder / "images.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def mining(folder: Path) -> tuple[object, ...]:
    return "--regions", folder / "regions.csv", "--papers", folder / "papers"


def captioning(folder: Path) -> tuple[object, ...]:
    return "--descriptions", folder / "mined", "--per-region", 12


def stages(folder: Path) -> tuple[Stage, ...]:
    """The stages that are disturbed."""
    drawn, table = folder / "phantom", folder / "cells" / "images.csv"
    cutting = ("--sections", drawn / "sections", "--labels", drawn / "labels", "--groups", drawn / "groups.csv", "--tile-px", 48)
    training = ("--images", table, "--captions", folder / "captions", "--base", "tiny", "--epochs", 3, "--batch-size", 4)

    def stage(name: str, command: str, options: tuple[object, ...], *results: str) -> Stage:
        return Stage(name, (command, *map(str, options), "--out", "{out}"), results)

    return (
        stage("mine", "mine-descriptions", mining(folder), "*.parquet", "regions.csv"),
        stage("caption", "generate-captions", captioning(folder), "*.parquet", "data/*", "README.md"),
        stage("cut", "cut-tiles", cutting, "images.csv", "tiles/*"),
        stage("measure", "measure-morphology", ("--images", table), "*.csv", "limits.json"),
        stage("train", "train-lora", (*training, "--checkpoint-steps", 1), "regions.json", "calibration.*", "merged/*.safetensors"),
    )


def call(*command: object) -> None:
    """A command that must do well."""
    ended = run([str(part) for part in command])
    if ended.code:
        raise RuntimeError(f"{command[0]}: {ended.said[-500:]}")


def run(command: list[str], kill_after: float = 0.0, file_bytes: int = 0) -> Ended:
    """Run a command in a child of this process. kill_after: seconds until SIGKILL, 0 for none; file_bytes: largest file that it may
    write, as on a disk that fills up, 0 for no limit."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            _be(command, said.fileno(), file_bytes)
        code, hung = _waited(child, kill_after or LONGEST), False
        if code is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            hung = not kill_after
        said.seek(0)
        return Ended(code, said.read().decode(errors="replace"), hung)


def start(command: list[str], said: int) -> int:
    """Start a command without waiting; returns the child's number."""
    child = os.fork()
    if child == 0:
        _be(command, said, 0)
    return child


def _be(command: list[str], said: int, file_bytes: int) -> None:
    """Become the command; never returns."""
    code = TRACEBACK
    try:
        os.dup2(said, 1)
        os.dup2(said, 2)
        if file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        code = cli.run(cli.command(command[0]), command[1:])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _waited(child: int, seconds: float) -> int | None:
    """The exit code of a child that ends in time; None for one that does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return None


def filled(stage: Stage, out: Path) -> list[str]:
    return [part.replace("{out}", str(out)) for part in stage.command]


def undisturbed(folder: Path) -> dict[str, Calm]:
    """Every stage run in peace."""
    found = {}
    for stage in stages(folder):
        out, began = folder / f"calm-{stage.name}", time.monotonic()
        call(*filled(stage, out))
        found[stage.name] = Calm(time.monotonic() - began, digests(out, stage.results))
    return found


def kill_stages(folder: Path, calm: dict[str, Calm], kills: int, seconds: float, draw: random.Random) -> tuple[int, list[str]]:
    """Kill the stages in turn, damaging their state now and then; how many kills hit, and what was lost, doubled or half-written."""
    begun, hits, faults, number = time.monotonic(), 0, [], 0
    while hits < kills and not (seconds and time.monotonic() - begun > seconds):
        stage = stages(folder)[number % len(calm)]
        out, number = folder / f"killed-{number}", number + 1
        for _ in range(draw.randint(1, 6)):
            hits += run(filled(stage, out), kill_after=calm[stage.name].seconds * draw.uniform(0.02, 0.95)).code is None
            rot(out, draw)
        faults += after(run(filled(stage, out)), out, calm[stage.name], stage)
    return hits, faults


def _in_turn(folder: Path, calm: dict[str, Calm], times: int, kind: str) -> Iterator[tuple[Stage, Path]]:
    """Stages in turn, each with a folder of its own."""
    for number in range(times):
        yield stages(folder)[number % len(calm)], folder / f"{kind}-{number}"


def fill_disks(folder: Path, calm: dict[str, Calm], times: int, draw: random.Random) -> tuple[int, list[str]]:
    """Stages that may write small files only, then go on without the limit: an error of writing ends them in one line, code 2."""
    faults = []
    for stage, out in _in_turn(folder, calm, times, "full"):
        ended = run(filled(stage, out), file_bytes=draw.choice([512, 2048, 8192, 40_000]))
        if ended.code not in (0, 2) or ended.hung or "Traceback" in ended.said:
            faults.append(f"{stage.name}: a full disk ends with {ended.code}: {ended.said.strip()[-200:]}")
        faults += after(run(filled(stage, out)), out, calm[stage.name], stage)
    return times, faults


def crowd_folders(folder: Path, calm: dict[str, Calm], times: int, draw: random.Random) -> tuple[int, list[str]]:
    """Two runs of one stage into one folder: one does the work, the other is refused or finds it done."""
    faults = []
    for stage, out in _in_turn(folder, calm, times, "crowded"):
        with tempfile.TemporaryFile() as said:
            first = start(filled(stage, out), said.fileno())
            time.sleep(calm[stage.name].seconds * draw.uniform(0, 0.8))
            other = run(filled(stage, out))
            code = _waited(first, LONGEST)
        if {code, other.code} - {0, 2} or "Traceback" in other.said:
            faults.append(f"{stage.name}: two runs end with {code} and {other.code}: {other.said.strip()[-200:]}")
        faults += after(run(filled(stage, out)), out, calm[stage.name], stage)
    return times, faults


def garble_state(folder: Path, calm: dict[str, Calm], times: int, draw: random.Random) -> tuple[int, list[str]]:
    """run.json of finished folders with bytes changed: refused in one line or read, and --overwrite starts over."""
    faults = []
    for stage, out in _in_turn(folder, calm, times, "garbled"):
        run(filled(stage, out), kill_after=calm[stage.name].seconds * 0.8)
        record = out / RUN_FILE
        if record.is_file():
            record.write_bytes(changed(record.read_bytes(), draw))
        ended = run(filled(stage, out))
        if ended.code not in (0, 2) or ended.hung or "Traceback" in ended.said:
            faults.append(f"{stage.name}: a garbled run.json ends with {ended.code}: {ended.said.strip()[-200:]}")
        faults += after(run([*filled(stage, out), "--overwrite"]), out, calm[stage.name], stage)
    return times, faults


def mislead(folder: Path, times: int, draw: random.Random) -> tuple[int, list[str]]:
    """Mining with a language model behind servers that lie, stall or die: it ends in time, in one line or with what the rules read."""
    faults = []
    for number in range(times):
        with lying_server(random.Random(draw.random())) as url:
            options = ("--extractor", "both", "--endpoint", url, "--timeout", "2", "--retries", "1", "--patience", "0")
            ended = run(["mine-descriptions", *map(str, mining(folder)), *options, "--out", str(folder / f"misled-{number}")])
        if ended.code not in (0, 1, 2) or ended.hung or "Traceback" in ended.said:
            faults.append(f"a lying server ends mining with {ended.code}: {ended.said.strip()[-200:]}")
    return times, faults


LIES = (
    b"",
    b"{}",
    b"[" * 100_000,
    b'{"choices": [{"message": {"content": 5}}]}',
    b'{"choices": [{"message": {"content": "\\ud800"}}]}',
    b'{"choices": "\xff"}',
    b'{"data": [{"id": "m"}]}',
    b'{"data": [{"id": null}], "choices": [{"message": {"content": "{\\"claims\\": [{\\"layer\\": Infinity}]}"}}]}',
    b'{"data": [{"id": "m"}], "choices": [{"message": {"content": "x"}, "finish_reason": "length"}], "usage": 1}',
    b'{"data": [{"id": "m"}], "choices": []}',
)


@contextmanager
def lying_server(draw: random.Random) -> Iterator[str]:
    """The address of a server that answers anything with anything, or not to the end."""

    class Liar(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.answer()

        def answer(self) -> None:
            body, kind = draw.choice(LIES), draw.randrange(6)
            if kind == 0:
                return
            self.send_response(draw.choice([200, 200, 200, 404, 429, 500, 503]))
            self.send_header("Content-Length", str(len(body) + (1000 if kind == 1 else 0)))
            if kind == 2:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(body)
            if kind == 3:
                time.sleep(3)

        def log_message(self, format: str, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    server.handle_error = lambda *arguments: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


def rot(out: Path, draw: random.Random) -> None:
    """Damage a shard or lose a picture, as a bad disk does; half of the time nothing."""
    state = sorted([*out.glob(".shards/*.jsonl"), *out.glob("tiles/*.png")]) if out.is_dir() else []
    if not state or draw.random() < 0.5:
        return
    path = draw.choice(state)
    if path.suffix == ".png":
        path.unlink() if draw.random() < 0.5 else path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.write_bytes(changed(path.read_bytes(), draw))


def after(done: Ended, out: Path, calm: Calm, stage: Stage) -> list[str]:
    """What is wrong with a folder once a disturbed run has been started again and has ended."""
    if done.code != 0 or "Traceback" in done.said:
        return [f"{stage.name}: ends with {done.code}{' (hangs)' if done.hung else ''}: {done.said.strip()[-200:]}"]
    found, wanted = digests(out, stage.results), calm.results
    faults = [f"{stage.name}: {name} differs" for name in wanted if found.get(name) != wanted[name]]
    faults += [f"{stage.name}: {name} is too many" for name in found if name not in wanted]
    faults += [f"{stage.name}: {path.name} is half-written" for path in out.rglob("*.part")]
    return faults if (out / RUN_FILE).is_file() else [*faults, f"{stage.name}: no run.json"]


def digests(out: Path, results: tuple[str, ...]) -> dict[str, str]:
    """Path within the folder to SHA-256 of the results."""
    files = sorted({f for glob in results for f in out.glob(glob) if f.is_file()})
    return {f.relative_to(out).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
