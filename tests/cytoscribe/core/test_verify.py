"""A finished folder keeps checksums, and says which of its files is no longer what its run wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import RunFolder, read_json, write_json, write_text
from cytoscribe.core.verify import damage, record_files, refuse_damaged


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    with RunFolder(tmp_path / "run", "mine", {}) as folder:
        write_text(folder.path / "claims.txt", "many")
        write_text(folder.path / "deep" / "er" / "figure.txt", "one")
        write_text(folder.path / "state.txt", "half done")
        folder.write_shard("a", [1])
        folder.finish({}, done_with=["state.txt"])
    return tmp_path / "run"


def test_every_result_has_a_checksum_and_state_has_none(finished: Path) -> None:
    assert set(read_json(finished / "run.json")["files"]) == {"claims.txt", "deep/er/figure.txt"}
    assert not (finished / "state.txt").exists()
    assert damage(finished) == []
    refuse_damaged(finished)


def test_what_is_missing_changed_or_cut_is_named(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (finished / "claims.txt").write_text("mane")
    (finished / "deep" / "er" / "figure.txt").write_text("on")
    assert run(command("verify"), [str(finished)]) == 1
    shown = capsys.readouterr().out
    assert "claims.txt: the content is not what was written" in shown
    assert "deep/er/figure.txt: 2 bytes, 3 were written" in shown
    assert "0 of 2 files" in shown
    with pytest.raises(InputError, match=r"claims.txt.*and 1 more.*--overwrite"):
        refuse_damaged(finished)
    (finished / "claims.txt").unlink()
    assert damage(finished, ["claims.txt"]) == ["claims.txt: missing"]


def test_a_folder_changed_on_purpose_can_be_recorded_again(finished: Path) -> None:
    write_text(finished / "claims.txt", "few")
    record_files(finished)
    assert damage(finished) == []


def test_folders_that_keep_no_checksums_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RunFolder(tmp_path / "run", "mine", {}):
        pass
    for folder in (tmp_path / "run", tmp_path, tmp_path / "absent"):
        assert run(command("verify"), [str(folder)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_a_record_that_names_files_outside_reads_none_of_them(finished: Path) -> None:
    told = read_json(finished / "run.json")
    write_json(finished / "run.json", {**told, "files": {"../secret": "3 0", "/etc/hostname": "3 0"}})
    assert all("not a path within" in fault for fault in damage(finished))


def test_a_name_longer_than_any_path_is_a_missing_file(finished: Path) -> None:
    told = read_json(finished / "run.json")
    write_json(finished / "run.json", {**told, "files": {"x" * 300: "3 0"}})
    assert [fault.endswith(": missing") for fault in damage(finished)] == [True]
