"""The network: at the start the decoder is as it was, then images matter, and the loss is of captions alone."""

from __future__ import annotations

import pytest
import torch

from cytoscribe.core.errors import InputError
from cytoscribe.training.captioner.cross_attention import places
from cytoscribe.training.captioner.decoder import Decoder
from cytoscribe.training.captioner.model import CaptionerNet, decoder_layers, gates
from cytoscribe.training.captioner.settings import Adapter
from cytoscribe.training.captioner.wording import Writer, answer_masked, answer_named
from cytoscribe.training.model.lora import trained
from tests.training.captioner.conftest import SHAPE, images, opened, tiny_decoder


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["llama", "mistral", "qwen2"])
@pytest.mark.parametrize("rank", [0, 4])
def test_logits_are_untouched_at_step_zero(kind: str, rank: int) -> None:
    ids = torch.tensor([[1, 5, 9, 30, 12]])
    before = tiny_decoder(kind).model(ids).logits
    net = CaptionerNet(tiny_decoder(kind).model, SHAPE, Adapter(latents=2, width=16, layers=1, lora_rank=rank)).eval()
    net.look(images(1))
    assert torch.equal(net.llm(ids).logits, before)
    assert set(gates(net).values()) == {0.0}
    opened(net).look(images(1))
    assert not torch.equal(net.llm(ids).logits, before)


def test_each_row_sees_its_own_image(net: CaptionerNet) -> None:
    ids = torch.tensor([[1, 5, 9, 30]]).expand(3, -1)
    seen = images(3)
    opened(net).look(seen)
    together = net.llm(ids).logits
    for i in range(3):
        net.look(seen.rows(torch.tensor([i])))
        torch.testing.assert_close(net.llm(ids[:1]).logits[0], together[i], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(together[0], together[1])


def test_the_decoder_learns_nothing_and_every_other_weight_does(net: CaptionerNet, decoder: Decoder) -> None:
    frozen = {n: p.clone() for n, p in decoder.model.named_parameters()}
    optimiser = torch.optim.AdamW([p for _, p in trained(net)], lr=1e-2)
    batch = Writer(decoder).batch([True, False], [answer_named("pale", "The ground is light."), answer_masked("It shows lines.")])
    for _ in range(3):
        net.look(images(2))
        optimiser.zero_grad()
        net.loss(batch.ids, batch.mask, batch.labels).backward()
        optimiser.step()
    assert all(torch.equal(p, frozen[n]) for n, p in decoder.model.named_parameters())
    assert [n for n, p in trained(net) if p.grad is None or not p.grad.abs().sum()] == []


def test_the_loss_counts_caption_tokens_alone(net: CaptionerNet, decoder: Decoder) -> None:
    writer = Writer(decoder)
    answers = [answer_named("pale", "light."), answer_masked("It shows lines and lines.")]
    batch = writer.batch([True, False], answers)
    logits = net.llm(input_ids=batch.ids, attention_mask=batch.mask).logits
    expected = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), batch.labels[:, 1:].flatten(), ignore_index=-100)
    torch.testing.assert_close(net.loss(batch.ids, batch.mask, batch.labels), expected)
    for row, answer in enumerate(answers):
        assert batch.ids[row][batch.labels[row] >= 0].tolist() == [
            *decoder.ids(answer.start),
            *decoder.ids(answer.body),
            decoder.end,
        ]
    heavy = writer.batch([True, False], answers, label_weight=7.0)
    assert [(w > 1).sum().item() for w in heavy.weights] == [len(decoder.ids(" pale:")), 0]
    weighed = net.loss(heavy.ids, heavy.mask, heavy.labels, heavy.weights)
    assert not torch.allclose(weighed, expected)


def test_other_architectures_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="no decoder layers"):
        decoder_layers(torch.nn.Linear(2, 2))


@pytest.mark.parametrize("layers", [1, 2, 8, 9, 12, 30, 32, 80])
@pytest.mark.parametrize("every", [0, 1, 3])
def test_cross_attentions_lie_within_the_decoder(layers: int, every: int) -> None:
    found = places(layers, every)
    assert found == sorted(set(found))
    assert found[0] >= 0
    assert found[-1] < layers
    assert every or len(found) <= 8
