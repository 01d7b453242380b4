"""Jobs in this process, in several, and on Ray: the same results in the same order, and nothing that was said is lost."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.many import each
from cytoscribe.core.progress import heard, say


def halved(number: int) -> tuple[int, int]:
    if number == 3:
        raise InputError("odd one", where="job 3", fix="leave it out")
    if number == 4:
        say("four is said")
    return number // 2, os.getpid()


def killed(number: int) -> int:
    os._exit(9)


def outcomes(**how: object) -> tuple[list[object], set[int], list[str]]:
    values: list[object] = []
    places: set[int] = set()
    with heard() as lines:
        for job, outcome in each(halved, list(range(8)), **how):  # type: ignore[arg-type]
            try:
                value, place = outcome.get()
                values.append((job, value))
                places.add(place)
            except InputError as error:
                values.append((job, error.what, error.where, error.fix))
    return values, places, lines


def test_processes_give_what_one_gives() -> None:
    alone, here, said = outcomes()
    together, elsewhere, heard_there = outcomes(workers=2)
    assert alone == together
    assert here == {os.getpid()}
    assert os.getpid() not in elsewhere
    assert said == heard_there == ["four is said"]
    assert alone[3] == (3, "odd one", "job 3", "leave it out")


def test_a_killed_process_is_said() -> None:
    with pytest.raises(InputError, match="a process was killed"):
        list(each(killed, [1, 2, 3], workers=2))


# asked without importing it: how Ray starts its workers is decided as it is imported
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_ray_gives_what_one_gives() -> None:
    alone, _, said = outcomes()
    together, elsewhere, heard_there = outcomes(ray="local")
    assert alone == together
    assert os.getpid() not in elsewhere
    assert said == heard_there
