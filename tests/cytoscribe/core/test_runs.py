"""A run folder never holds half a result, goes on after a kill, and refuses to mix settings."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cytoscribe.core.digests import fingerprint
from cytoscribe.core.errors import InputError, RunMismatchError, WriteError
from cytoscribe.core.runs import RunFolder, atomic_path, read_json, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with contextlib.suppress(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("disk full")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_pipe_or_a_device_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link"):
        with pytest.raises(WriteError, match="no ordinary file"):
            write_text(tmp_path / name, "new")
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "pipe"]


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


def test_a_slip_that_is_found_before_any_work_leaves_no_folder(tmp_path: Path) -> None:
    def fail(folder: Path, *files: str, error: type[Exception] = InputError) -> bool:
        with contextlib.suppress(Exception), RunFolder(folder, "train", {"a": 1}, prepared=("images.csv",)) as run:
            for name in files:
                write_text(run.path / name, "x")
            raise error("a slip")
        return folder.exists()

    assert not fail(tmp_path / "slip", "images.csv")
    assert fail(tmp_path / "work", "weights")
    assert fail(tmp_path / "crash", error=RuntimeError)
    with contextlib.suppress(InputError), RunFolder(tmp_path / "cache", "train", {}, prepared=("cached",)) as run:
        (run.path / "cached").mkdir()
        raise InputError("a slip")
    with RunFolder(tmp_path / "cache", "train", {}, prepared=("cached",)) as run:
        assert run.resumed
    (tmp_path / "there").mkdir()
    assert fail(tmp_path / "there")


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
from cytoscribe.core.runs import RunFolder
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


def test_a_lock_that_is_a_link_is_refused_and_its_target_kept(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("years of work")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "precious.txt")
    with pytest.raises(InputError, match="cannot be written"), RunFolder(tmp_path / "run", "mine", {}):
        pass
    assert (tmp_path / "precious.txt").read_text() == "years of work"


def test_state_behind_a_link_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.jsonl").write_text("kept")
    with RunFolder(tmp_path / "run", "mine", {"n": 1}):
        pass
    (tmp_path / "run" / ".shards").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="symbolic link"), RunFolder(tmp_path / "run", "mine", {"n": 2}, overwrite=True):
        pass
    assert (tmp_path / "elsewhere" / "a.jsonl").read_text() == "kept"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_are_as_readable_as_the_umask_says(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with RunFolder(tmp_path / "run", "mine", {}) as run:
            with atomic_path(run.path / "weights.bin") as temporary:
                temporary.unlink()
                os.close(os.open(temporary, os.O_CREAT, 0o600))  # as libraries do that write files of their own
            run.write_shard("a", [1])
            run.finish()
    finally:
        os.umask(before)
    files = [p for p in (tmp_path / "run").rglob("*") if p.is_file()]
    assert len(files) == 4
    assert {p.stat().st_mode & 0o777 for p in files} == {mode}


def test_a_kill_before_the_first_record_leaves_a_folder_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").touch()
    (tmp_path / "run" / ".cytoscribe-00ff.part").write_text('{"stage"')
    with RunFolder(tmp_path / "run", "mine", {}) as run:
        run.finish()
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [".lock", "run.json"]


def test_what_a_killed_run_had_begun_to_write_is_removed(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", "mine", {}) as run:
        run.write_shard("a", [1])
    for place in (tmp_path / "run", tmp_path / "run" / ".shards"):
        (place / ".cytoscribe-12.part").write_text("half")
    (tmp_path / "run" / "notes.part").write_text("not ours")
    with RunFolder(tmp_path / "run", "mine", {}) as run:
        assert run.read_shard("a") == [1]
    assert [p.name for p in (tmp_path / "run").rglob("*.part")] == ["notes.part"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"stage": 1}', b"[" * 50_000])
def test_a_broken_record_is_one_line_until_overwritten(tmp_path: Path, content: bytes) -> None:
    with RunFolder(tmp_path / "run", "mine", {}) as run:
        run.write_shard("a", [1])
    (tmp_path / "run" / "run.json").write_bytes(content)
    with pytest.raises(RunMismatchError, match="--overwrite"), RunFolder(tmp_path / "run", "mine", {}):
        pass
    with RunFolder(tmp_path / "run", "mine", {}, overwrite=True) as run:
        assert not run.has_shard("a")


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[:-1], lambda b: b[: len(b) // 2], lambda b: b.replace(b"1", b"2", 1)]
)
def test_a_damaged_shard_is_not_there_and_can_be_written_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with RunFolder(tmp_path / "run", "mine", {}) as run:
        run.write_shard("a", [{"n": 1}, {"n": 2}])
        path = run.shard_path("a")
        path.write_bytes(damage(path.read_bytes()))
        assert not run.has_shard("a")
        run.write_shard("a", [])
        assert run.has_shard("a")
        assert run.read_shard("a") == []


def test_shards_hold_whatever_a_text_or_a_name_may_hold(tmp_path: Path) -> None:
    marks = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\rh\ni\x00j"
    name = os.fsdecode(b"paper-\xff.txt")
    with RunFolder(tmp_path / "run", "mine", {}, {"papers": [name]}) as run:
        run.write_shard(name, [{"text": marks}, {"name": name}])
        assert run.has_shard(name)
        assert run.read_shard(name)[0] == {"text": marks}
        run.finish({"last": name})
    with RunFolder(tmp_path / "run", "mine", {}, {"papers": [name]}) as run:
        assert run.resumed


def test_pipes_folders_and_impossible_paths_are_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "absent", Path("/dev/zero"), Path("a\0b"), tmp_path / ("x" * 300)):
        with pytest.raises(InputError):
            read_json(path)
