"""Files are found whatever operating system wrote the table; what is no file stays as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.places import Places
from cytoscribe.core.tables import read_csv, read_images, refuse_typos


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("images\\hOc1\\x.png", "images/hOc1/x.png"),
        ("images/HOC1/X.PNG", "images/hOc1/x.png"),
        ("e\u0301.png", "\u00e9.png"),
        ("\u00e9.png", "e\u0301.png"),
    ],
)
def test_files_are_found_in_spite_of_their_spelling(tmp_path: Path, written: str, there: str) -> None:
    (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / there).write_bytes(b"x")
    places = Places(tmp_path)
    assert places.find(written) == tmp_path / there
    assert sum(places.mended.values()) == 1
    assert places.find(there) == tmp_path / there
    assert sum(places.mended.values()) == 1


@pytest.mark.parametrize("written", ["absent.png", "C:\\Users\\me\\x.png", "a\0b.png", ""])
def test_what_is_no_file_stays(tmp_path: Path, written: str) -> None:
    assert Places(tmp_path).find(written) == tmp_path / written


def test_two_files_that_differ_by_case_are_never_guessed(tmp_path: Path) -> None:
    for name in ("a.png", "A.png"):
        (tmp_path / name).write_bytes(b"x")
    assert Places(tmp_path).find("a.PNG") == tmp_path / "a.PNG"


def test_a_table_says_what_was_mended_and_refuses_slips_in_its_header(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "x.png").write_bytes(b"x")
    (tmp_path / "t.csv").write_text("image_path,region,tone\nimages\\x.png,A,dark\n")
    assert read_images(tmp_path / "t.csv")[0].path == tmp_path / "images" / "x.png"
    assert "backslashes are read as slashes in 1 path" in capsys.readouterr().err
    for slip in ("spllit", "Split", "pixel_size", "subjct"):
        (tmp_path / "s.csv").write_text(f"image_path,region,{slip}\nimages/x.png,A,train\n")
        with pytest.raises(InputError, match=f"column '{slip}' is not read; rename it to"):
            read_images(tmp_path / "s.csv")
    (tmp_path / "both.csv").write_text("section,split,Split\na,train,x\n")
    refuse_typos(tmp_path / "both.csv", read_csv(tmp_path / "both.csv", []), ("section", "split"))
