"""Pictures of a batch hang on the seed alone, not on how many processes make them."""

from __future__ import annotations

import torch

from cytoscribe.training.data.augmentation import preset
from cytoscribe.training.data.pictures import PART, pictures, rows_of
from cytoscribe.training.ranks import Ranks

CPU = torch.device("cpu")


def test_shares_of_processes_join_to_the_whole_batch() -> None:
    squares = torch.randint(0, 256, (3 * PART + 3, 3, 20, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    whole = pictures(squares, 16, preset("strong"), 7, CPU)
    shares = [rows_of(len(squares), Ranks(rank, 2)) for rank in range(2)]
    assert [row for share in shares for row in share] == list(range(len(squares)))
    parts = [pictures(squares[s.start : s.stop], 16, preset("strong"), 7 + s.start, CPU) for s in shares]
    assert torch.equal(torch.cat(parts), whole)


def test_parts_differ_in_what_chance_decides() -> None:
    one = torch.randint(0, 256, (1, 3, 20, 20), dtype=torch.uint8).repeat(2 * PART, 1, 1, 1)
    made = pictures(one, 16, preset("strong"), 7, CPU)
    assert not torch.equal(made[:PART], made[PART:])
    assert not torch.equal(made, pictures(one, 16, preset("strong"), 8, CPU))
