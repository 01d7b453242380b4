"""NumPy files are data: their header is read with bounds, and nothing in them runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cytoscribe.core.arrays import read_npy
from cytoscribe.core.errors import InputError


def test_an_array_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.int16).reshape(3, 4)
    np.save(tmp_path / "a.npy", values)
    assert np.array_equal(read_npy(tmp_path / "a.npy", "mend it"), values)


def _with_header(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not a NumPy array"),
        (b"\x93NUM", "not a NumPy array"),
        (_with_header(b"{'descr': '<f4', 'shape': (1,"), "not a NumPy array"),
        (_with_header(b"((((((((" * 900), "not a NumPy array"),
        (_with_header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"), "claims 8,000,000,000,000 bytes"),
        (_with_header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }"), "not a NumPy array|claims"),
        (_with_header(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }") + b"cos\nsystem\n", "never run"),
    ],
)
def test_a_header_is_not_believed(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(InputError, match=told) as caught:
        read_npy(tmp_path / "a.npy", "mend it")
    assert str(caught.value).endswith("mend it")
