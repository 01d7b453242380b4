"""What goes wrong in a run, from the command line: one clear line and code 2, nothing half-written, and the next run finishes."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cytoscribe.captions.acceptance import clean
from cytoscribe.captions.dataset import read_captions
from cytoscribe.captions.gate.judge_llm import read_answer
from cytoscribe.cli import command, run
from cytoscribe.core import tables
from cytoscribe.core.errors import InputError
from cytoscribe.llm.store import CompletionStore
from tests.captions.fake_server import FakeServer, serving

MAIN = [sys.executable, "-c", "from cytoscribe.cli import main; main()", "generate-captions"]
QUICK = ["--concurrency", "2", "--timeout", "1", "--retries", "0", "--patience", "0.3", "--styles", "textbook,microscope"]


def _written_by(server: FakeServer, mined: Path, out: Path, *more: str) -> int:
    arguments = ["--descriptions", str(mined), "--out", str(out), "--per-region", "3", "--model", "tiny", "--endpoint", server.url]
    return run(command("generate-captions"), [*arguments, *QUICK, *more])


def _one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = [x for x in capsys.readouterr().err.splitlines() if x.startswith("error:")]
    assert len(error) == 1
    return error[0]


def _whole(folder: Path) -> bool:
    """Nothing half-written: no temporary file, every table readable, every line of the journal whole."""
    for path in folder.rglob("*"):
        assert not path.name.endswith(".part")
        if path.suffix == ".parquet":
            pq.read_table(path)
        if path.suffix == ".jsonl":
            assert all(json.loads(line) for line in path.read_text().split("\n") if line)
            assert not path.stat().st_size or path.read_bytes().endswith(b"\n")
    return True


def test_a_server_that_refuses_every_request(mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(always=401) as server:
        assert _written_by(server, mined, tmp_path / "out") == 2
    assert "refuses (401" in _one_line(capsys)
    assert _whole(tmp_path / "out")


def test_a_server_that_is_not_there(mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = FakeServer()
    server.stop()
    assert _written_by(server, mined, tmp_path / "out") == 2
    assert "cannot be reached" in _one_line(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "message"),
    [("hang", "no answer in 1 s"), ("broken", "the answer is broken"), ("drop", "Error"), (400, "context length exceeded")],
)
def test_a_server_that_never_answers_ends_the_run(
    mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: Any, message: str
) -> None:
    with serving(always=fault) as server:
        assert _written_by(server, mined, tmp_path / "out") == 2
    error = _one_line(capsys)
    assert message in error
    assert "6 requests in a row failed" in error
    with serving() as server:
        assert _written_by(server, mined, tmp_path / "out") == 0
    assert len(read_captions(tmp_path / "out")) == 6


def test_a_few_bad_answers_are_asked_again(mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faults = {1: "hang", 2: "broken", 3: "empty", 4: "cut", 5: 400, 6: ("says", '{"caption": "Layer IV')}
    with serving(faults) as server:
        assert _written_by(server, mined, tmp_path / "out", "--structured", "--per-region", "5") == 0
    shown = capsys.readouterr().out
    assert "10 captions of 2 regions" in shown
    counts = next(x for x in shown.splitlines() if x.startswith("rejected"))
    assert all(reason in counts for reason in ("failed", "empty", "cut off"))


@pytest.mark.slow
def test_a_server_that_dies_in_mid_run(mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = FakeServer(delay=0.05)

    def end() -> None:
        while server.count < 3:
            time.sleep(0.01)
        server.stop()

    thread = threading.Thread(target=end)
    thread.start()
    assert _written_by(server, mined, tmp_path / "out", "--concurrency", "1") == 2
    thread.join()
    assert "does not answer" in _one_line(capsys)
    assert _whole(tmp_path / "out")
    assert not (tmp_path / "out" / "README.md").exists()
    kept = len(CompletionStore(tmp_path / "out" / ".shards" / "completions.jsonl"))
    assert kept >= 2
    with serving() as other:
        assert _written_by(other, mined, tmp_path / "out") == 0
        assert other.count <= 6 - kept + 1
    assert len(read_captions(tmp_path / "out")) == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{% if %}", "not a template"),
        ("{{ colour }}", "unknown variable 'colour'"),
        ("State {{ facts[9].size() }}\n=== user ===\n{{ facts }}", "cannot be rendered"),
        ("Write about {{ subject }}.", "no line '=== user ==='"),
        ("Write.\n=== user ===\n{{ subject }}", "the facts do not reach the prompt"),
    ],
)
def test_a_template_at_fault_is_named_before_anything_is_written(
    mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    (tmp_path / "own" / "caption").mkdir(parents=True)
    (tmp_path / "own" / "caption" / "terse.jinja").write_text(text)
    with serving() as server:
        assert _written_by(server, mined, tmp_path / "out", "--prompts", str(tmp_path / "own")) == 2
        assert not server.count
    error = _one_line(capsys)
    assert message in error
    assert "terse.jinja" in error
    assert not (tmp_path / "out").exists()
    assert run(command("check-prompts"), ["--prompts", str(tmp_path / "own")]) == 2


def test_two_runs_in_one_folder_at_once(mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(delay=0.3) as server:
        first = threading.Thread(target=_written_by, args=(server, mined, tmp_path / "out"))
        first.start()
        while not server.count:
            time.sleep(0.01)
        assert _written_by(server, mined, tmp_path / "out") == 2
        first.join()
    assert "another run is writing into this folder" in _one_line(capsys)
    assert len(read_captions(tmp_path / "out")) == 6


LIMITED = """
import resource, sys
from cytoscribe.cli import command, run
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(run(command("generate-captions"), sys.argv[2:]))
"""


@pytest.mark.slow
def test_a_file_that_may_not_grow(mined: Path, tmp_path: Path) -> None:
    """The kernel refuses every byte past a limit: a quota, as far as the program can tell."""
    whole, cut = ["--descriptions", str(mined), "--out", str(tmp_path / "whole")], tmp_path / "cut"
    assert run(command("generate-captions"), whole) == 0
    limit = (tmp_path / "whole" / ".shards" / "completions.jsonl").stat().st_size // 2
    arguments = ["--descriptions", str(mined), "--out", str(cut)]
    done = subprocess.run([sys.executable, "-c", LIMITED, str(limit), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert f"error: {cut}/.shards/completions.jsonl: cannot be written" in done.stderr
    assert "free some space and run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    assert _whole(cut)
    assert run(command("generate-captions"), arguments) == 0
    assert _same(tmp_path / "whole", cut)


SMALL_DISK = """
set -e
mount -t tmpfs -o size=44k tmpfs "$1"
code=0
shift
"$@" || code=$?
cp -r "$DISK/." "$COPY"
exit $code
"""


@pytest.mark.slow
def test_a_disk_that_is_full(mined: Path, tmp_path: Path) -> None:
    """A real file system of 44 KiB, in a mount namespace of its own."""
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    copy.mkdir()
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespaces here (unshare -rm)")
    arguments = ["--descriptions", str(mined), "--out", str(disk / "out"), "--per-region", "40"]
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", SMALL_DISK, "bash", str(disk), *MAIN, *arguments],
        env={**os.environ, "DISK": str(disk), "COPY": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount:" in done.stderr:
        pytest.skip("no mounts in a namespace here")
    assert done.returncode == 2, done.stderr
    assert "cannot be written (No space left on device); free some space" in done.stderr
    assert "Traceback" not in done.stderr
    assert _whole(copy / "out")
    arguments[3] = str(copy / "out")
    assert run(command("generate-captions"), arguments) == 0
    assert run(command("generate-captions"), [*arguments[:3], str(tmp_path / "whole"), *arguments[4:]]) == 0
    assert _same(tmp_path / "whole", copy / "out")


@pytest.mark.slow
def test_a_disk_that_fills_up_when_tables_are_written(
    mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, written = pq.write_table, []

    def fills_up(table: Any, path: Path) -> None:
        real(table, path)
        written.append(path)
        if len(written) == 2:
            os.truncate(path, 100)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    arguments = ["--descriptions", str(mined), "--out", str(tmp_path / "out")]
    with monkeypatch.context() as patched:
        patched.setattr(tables.pq, "write_table", fills_up)
        assert run(command("generate-captions"), arguments) == 2
    assert "evidence.parquet: cannot be written (No space left on device)" in _one_line(capsys)
    assert _whole(tmp_path / "out")
    with pytest.raises(InputError, match="no captions"):
        read_captions(tmp_path / "out")
    assert run(command("generate-captions"), arguments) == 0
    assert len(read_captions(tmp_path / "out")) == 40


def _same(one: Path, other: Path) -> bool:
    names = ("data/train-00000-of-00001.parquet", "rejected.parquet", "evidence.parquet", "README.md")
    return all((one / n).read_bytes() == (other / n).read_bytes() for n in names)


def test_json_that_nests_without_end_is_no_caption() -> None:
    deep = '{"faithful":' * 100_000 + "1" + "}" * 100_000
    assert clean(deep) == ""
    assert not read_answer(deep)[0]


@pytest.mark.parametrize("unit", ["\n", " \n", "\n\t", "- \n"])
def test_an_answer_of_blank_lines_takes_no_time(unit: str) -> None:
    began = time.process_time()
    assert not clean(unit * 100_000).strip("- ")
    assert time.process_time() - began < 5


def test_marks_that_end_lines_in_a_models_text_do_not_tear_the_journal(tmp_path: Path) -> None:
    from cytoscribe.llm.base import Completion

    store = CompletionStore(tmp_path / "journal.jsonl")
    store.put(Completion("key", "one\u2028two\x85three\nfour"))
    store.close()
    kept = CompletionStore(tmp_path / "journal.jsonl").get("key")
    assert kept is not None
    assert kept.text == "one\u2028two\x85three\nfour"
