"""What can be checked before anything slow is loaded, in one line that names the option."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core import contents
from cytoscribe.core.contents import verify_contents
from cytoscribe.core.errors import InputError
from cytoscribe.core.preflight import (
    check_captions,
    check_device,
    check_files,
    check_folders,
    check_model,
    check_out,
    check_present,
)
from cytoscribe.core.runs import RunFolder


def test_a_missing_file_is_named_with_its_option_and_one_of_nearly_that_name(tmp_path: Path) -> None:
    (tmp_path / "images.csv").touch()
    check_files(("--images", tmp_path / "images.csv"), ("--regions", None))
    with pytest.raises(InputError, match=r"no such file; did you mean .*images\.csv\?"):
        check_files(("--images", tmp_path / "imagse.csv"))
    with pytest.raises(InputError, match="no such file; check --images"):
        check_files(("--images", tmp_path / "else.txt"))
    with pytest.raises(InputError, match="no such file; check --images"):
        check_files(("--images", tmp_path / "nope.csv"))
    with pytest.raises(InputError, match=r"a folder, not a file; did you mean .*images\.csv\?"):
        check_files(("--images", tmp_path))
    with pytest.raises(InputError, match="not a regular file"):
        check_files(("--images", Path("/dev/zero")))


def test_folders_are_of_the_kind_that_an_option_takes(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="a file, not a folder"):
        check_folders(("--descriptions", tmp_path / "file"))
    with pytest.raises(InputError, match="not a model folder"):
        check_model(("--model", tmp_path))
    with pytest.raises(InputError, match="no captions"):
        check_captions("--captions", [tmp_path])
    with pytest.raises(InputError, match="no such file or folder"):
        check_present(("--papers", tmp_path / "x"))
    with pytest.raises(InputError, match="is a file"):
        check_out(tmp_path / "file" / "below")
    check_out(tmp_path / "new" / "below")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "CPU", ""])
def test_a_device_has_a_known_name(name: str) -> None:
    with pytest.raises(InputError, match="--device"):
        check_device(name)
    check_device("cuda:1")


def test_verify_notices_what_samples_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "SAMPLED_FROM", 10)
    slide = tmp_path / "slide.tif"
    slide.write_bytes(b"a" * 20)
    with RunFolder(tmp_path / "out", "cut-tiles", {}) as run:
        verify_contents(run.path, [slide])
        verify_contents(run.path, [slide])
        slide.write_bytes(b"a" * 19 + b"b")
        with pytest.raises(InputError, match=r"slide\.tif: the content changed"):
            verify_contents(run.path, [slide])
    with RunFolder(tmp_path / "out", "cut-tiles", {"other": 1}, overwrite=True) as run:
        verify_contents(run.path, [slide])


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_name_that_no_folder_can_have_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be written \(.*choose another --out"):
        check_out(tmp_path / name)
    with pytest.raises(InputError, match="cannot be written"), RunFolder(tmp_path / name, "stage", {}):
        pass
