"""Remembered caption features."""

from __future__ import annotations

import torch

from cytoscribe.training.memory import CaptionMemory


def test_gradients_flow_through_fresh_rows_alone_and_the_next_step_remembers_them() -> None:
    memory = CaptionMemory(3, 2)
    memory.remember(torch.arange(3), torch.eye(3)[:, :2])
    fresh = torch.tensor([[0.6, 0.8]], requires_grad=True)
    seen = memory.with_fresh(torch.tensor([1]), fresh)
    assert torch.equal(seen[[0, 2]], memory.features[[0, 2]])
    (seen * torch.tensor([[1.0, 1.0], [2.0, 3.0], [1.0, 1.0]])).sum().backward()
    assert fresh.grad is not None
    assert torch.equal(fresh.grad, torch.tensor([[2.0, 3.0]]))
    memory.remember(torch.tensor([1]), fresh)
    assert torch.equal(memory.features[1], fresh.detach()[0])
    assert not memory.features.requires_grad


def test_checkpoints_find_it_and_exports_do_not() -> None:
    holder = torch.nn.Linear(2, 2)
    holder.add_module("memory", CaptionMemory(3, 2))
    assert "memory.features" in dict(holder.named_buffers())
    assert not [name for name in holder.state_dict() if "memory" in name]
