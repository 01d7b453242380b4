"""Several processes that train one model: each encodes its share of every batch, and all see the whole contrastive batch.

The features of all processes are gathered before the loss, so every process computes the loss of the whole batch. A process's
gradient of that loss holds what flows through its own share of the features alone; summed over the processes it is the gradient
that a single one would have found (as open_clip's `gather_with_grad`, but with no second reduction in the backward pass).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import console

T = TypeVar("T")
PATIENCE = timedelta(hours=2)
"""How long the others wait while the first process validates or writes a checkpoint."""


@dataclass(frozen=True)
class Ranks:
    """This process among `count`; `rank` 0 writes files and speaks."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def share(self, total: int) -> range:
        """Which of `total` things are this process's: one run of them, of the same length in all processes to within one."""
        starts = _starts(total, self.count)
        return range(starts[self.rank], starts[self.rank + 1])

    def gather(self, mine: Tensor, counts: Sequence[int]) -> Tensor:
        """(sum of counts, D) of all processes in order, with gradients for this process's rows; mine: (counts[rank], D)."""
        return mine if self.count == 1 else _Gather.apply(mine, self.rank, tuple(counts))  # type: ignore[no-any-return]

    def gather_shares(self, mine: Tensor, total: int) -> Tensor:
        """(total, D): what every process made of its `share(total)`."""
        starts = _starts(total, self.count)
        return self.gather(mine, [b - a for a, b in pairwise(starts)])

    def sum_gradients(self, parameters: Iterable[tuple[str, nn.Parameter]]) -> None:
        """Add up the gradients of all processes in one message; those of what acts after the gathering (the logit scale and
        bias) every process holds whole."""
        if self.count == 1:
            return
        found = [(name, p.grad) for name, p in parameters if p.grad is not None]
        for name, gradient in found:
            if name.endswith(("logit_scale", "logit_bias")):
                gradient /= self.count
        flat = torch.cat([g.reshape(-1).float() for _, g in found])
        distributed.all_reduce(flat)
        for (_, gradient), part in zip(found, flat.split([g.numel() for _, g in found]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def agree(self, value: T) -> T:
        """The first process's value, in all of them."""
        if self.count == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box)
        return box[0]

    def start_alike(self, model: nn.Module) -> None:
        """Give all processes the first one's weights and running statistics."""
        if self.count > 1:
            for tensor in [*model.parameters(), *model.buffers()]:
                distributed.broadcast(tensor.detach(), 0)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.count > 1:
            distributed.barrier()

    @contextmanager
    def shared_fate(self) -> Iterator[None]:
        """An InputError in one process ends all of them, and only the first one reports it."""
        told: tuple[str, str, str] | None = None
        try:
            yield
        except InputError as error:
            if self.count == 1:
                raise
            told = (error.what, error.where, error.fix)
        if self.count == 1:
            return
        found: list[tuple[str, str, str] | None] = [None] * self.count
        distributed.all_gather_object(found, told)
        for problem in found:
            if problem is not None and self.first:
                raise InputError(problem[0], where=problem[1], fix=problem[2])
            if problem is not None:
                raise SystemExit(InputError.exit_code)


ALONE = Ranks()


@contextmanager
def joined(device: str = "auto") -> Iterator[Ranks]:
    """The processes that `torchrun` started, as long as the block runs; a single one where it did not.

    Talks through NCCL on CUDA devices and Gloo elsewhere.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
        return
    cuda = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    if cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if cuda else "gloo", timeout=PATIENCE)
    ranks = Ranks(distributed.get_rank(), count)
    console.quiet = not ranks.first
    try:
        yield ranks
    finally:
        distributed.destroy_process_group()


def together(model: nn.Module, ranks: Ranks, device: torch.device) -> nn.Module:
    """The model with batch statistics taken over all processes, where it has any to learn.

    Raises InputError on devices for which torch has no such layer.
    """
    learning = any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules())
    if ranks.count == 1 or not learning:
        return model
    if device.type != "cuda":
        raise InputError("batch normalisation over several processes needs CUDA", fix="use --tune lora, or one process")
    from timm.layers.norm_act import convert_sync_batchnorm

    return convert_sync_batchnorm(model)


def _starts(total: int, count: int) -> list[int]:
    return [total * i // count for i in range(count + 1)]


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, mine: Tensor, rank: int, counts: tuple[int, ...]) -> Tensor:
        context.rows = slice(sum(counts[:rank]), sum(counts[: rank + 1]))
        longest = max(counts)
        padded = mine.new_zeros(longest, *mine.shape[1:])
        padded[: len(mine)] = mine
        received = [torch.empty_like(padded) for _ in counts]
        distributed.all_gather(received, padded)
        return torch.cat([part[:n] for part, n in zip(received, counts, strict=True)])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        return gradient[context.rows], None, None
