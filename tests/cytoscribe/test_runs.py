"""A run folder never holds half a result, goes on after a kill, and refuses to mix settings."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cytoscribe.errors import InputError, RunMismatchError
from cytoscribe.runs import RunFolder, atomic_path, fingerprint, read_json, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with contextlib.suppress(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("disk full")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_fingerprint_ignores_order_and_sees_every_value() -> None:
    assert fingerprint({"a": 1, "b": Path("x")}) == fingerprint({"b": Path("x"), "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})


def test_shards_survive_and_the_same_settings_resume(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", "mine", {"n": 1}) as run:
        run.write_shard("paper-1", [{"claim": "é"}])
    with RunFolder(tmp_path / "run", "mine", {"n": 1}) as run:
        assert run.resumed
        assert run.has_shard("paper-1")
        assert not run.has_shard("paper-2")
        assert run.read_shard("paper-1") == [{"claim": "é"}]
        run.finish({"papers": 1})
    assert read_json(tmp_path / "run/run.json")["status"] == "done"


def test_other_settings_are_refused_by_name_until_overwritten(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", "mine", {"seed": 1, "workers": 2}) as run:
        run.write_shard("x", [1])
    with (
        pytest.raises(RunMismatchError, match=r"other settings \(seed\).*--overwrite"),
        RunFolder(tmp_path / "run", "mine", {"seed": 2, "workers": 2}),
    ):
        pass
    with RunFolder(tmp_path / "run", "mine", {"seed": 2, "workers": 2}, overwrite=True) as run:
        assert not run.has_shard("x")


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path / "run", "mine", {}),
        pytest.raises(RunMismatchError, match="another run"),
        RunFolder(tmp_path / "run", "mine", {}),
    ):
        pass


def test_a_folder_of_someone_elses_files_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(RunMismatchError, match="no cytoscribe run made"), RunFolder(tmp_path, "mine", {}, overwrite=True):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "out", {})
    with pytest.raises(InputError, match="is a file"), RunFolder(tmp_path / "out", "mine", {}):
        pass


WRITER = """
import sys, itertools
from cytoscribe.runs import RunFolder
with RunFolder(sys.argv[1], "mine", {}) as run:
    for i in itertools.count():
        run.write_shard(str(i), [{"i": i, "text": "x" * 20000}] * 5)
"""


def test_kill_9_leaves_only_whole_shards_and_a_free_folder(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "run")])
    shards = tmp_path / "run/.shards"
    deadline = time.monotonic() + 60
    while len(list(shards.glob("*.jsonl"))) < 20 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with RunFolder(tmp_path / "run", "mine", {}) as run:
        done = [i for i in range(len(list(shards.glob("*.jsonl")))) if run.has_shard(str(i))]
        assert len(done) >= 20
        assert all(len(run.read_shard(str(i))) == 5 for i in done)
