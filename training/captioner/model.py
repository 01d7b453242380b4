"""The captioner's network: a frozen causal decoder that looks at images through gated cross-attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from cytoscribe.core.errors import InputError
from cytoscribe.training.captioner.cross_attention import GatedCrossAttention, places
from cytoscribe.training.captioner.resampler import Resampler, Seen, Shape
from cytoscribe.training.captioner.settings import Adapter

LORA_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")
IGNORED = -100
"""Label of tokens that do not count in the loss, as in transformers."""


class CaptionerNet(nn.Module):
    """llm: the decoder, frozen but for its adapters (or wholly trained, where it is small); the rest is trained.

    `look` sets the images that the next calls see, one a row of the batch; `look(None)` leaves the decoder as it is by itself.
    """

    llm: Any

    def __init__(self, llm: Any, shape: Shape, adapter: Adapter, whole: bool = False) -> None:
        super().__init__()
        llm.requires_grad_(whole)
        layers = decoder_layers(llm)
        hidden = llm.config.hidden_size
        chosen = places(len(layers), adapter.every)
        adapted = list(range(chosen[0], len(layers)))  # layers below the first cross-attention need no backward pass
        self.llm = _with_lora(llm, adapter.lora_rank, adapted) if adapter.lora_rank and not whole else llm
        self.resampler = Resampler(shape, adapter.latents, adapter.width, adapter.layers)
        self.blocks = nn.ModuleDict({str(i): GatedCrossAttention(hidden, adapter.width) for i in chosen})
        self._latents: Tensor | None = None
        for i in chosen:
            layers[i].register_forward_pre_hook(self._hook(str(i)), with_kwargs=True)

    def look(self, seen: Seen | None) -> None:
        """Set the images of the next calls."""
        self._latents = None if seen is None else self.resampler(seen)

    def repeat(self, times: int) -> None:
        """Let each image stand for `times` rows that follow one another."""
        if self._latents is not None:
            self._latents = self._latents.repeat_interleave(times, dim=0)

    def loss(self, ids: Tensor, mask: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
        """Mean cross-entropy of the tokens whose label counts. ids, mask, labels (B, S) int64, padding on the right; weights (B, S) of the
        tokens, default all alike."""
        each, counted = self.token_losses(ids, mask, labels), labels[:, 1:] != IGNORED
        weighed = counted.float() if weights is None else weights[:, 1:] * counted
        return (each * weighed).sum() / weighed.sum()

    def token_losses(self, ids: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        """(B, S - 1) cross-entropy of the second and later tokens, 0 where their label does not count."""
        states = decoder_of(self.llm)(input_ids=ids, attention_mask=mask, use_cache=False)[0]
        counted = labels[:, 1:] != IGNORED
        logits = head_of(self.llm)(states[:, :-1][counted]).float()  # the vocabulary is large: only what counts is computed
        each = nn.functional.cross_entropy(logits, labels[:, 1:][counted], reduction="none")
        return torch.zeros(counted.shape, device=each.device).masked_scatter(counted, each)

    def own_state(self) -> dict[str, Tensor]:
        """Trained weights and the standardisation by name: what must be stored to have the captioner again."""
        kept = {n for n, p in self.named_parameters() if p.requires_grad}
        return {n: t for n, t in self.state_dict().items() if n in kept or n.startswith("resampler.")}

    def _hook(self, name: str) -> Callable[..., Any]:
        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            if self._latents is None:
                return None
            block = self.blocks[name]
            if args:
                return (block(args[0], self._latents), *args[1:]), kwargs
            return args, {**kwargs, "hidden_states": block(kwargs["hidden_states"], self._latents)}

        return before


def decoder_layers(llm: Any) -> nn.ModuleList:
    """The decoder layers of a causal language model. Raises InputError where it has no `model.layers`."""
    layers = getattr(getattr(llm, "model", None), "layers", None)
    if not isinstance(layers, nn.ModuleList):
        raise InputError(
            f"{type(llm).__name__} has no decoder layers at model.layers", where="--llm", fix="give a model of the Llama kind"
        )
    return layers


def decoder_of(llm: Any) -> Any:
    """The part of a causal language model that gives hidden states, adapters included."""
    return getattr(llm, "base_model", llm).model.model if hasattr(llm, "peft_config") else llm.model


def head_of(llm: Any) -> Any:
    """The part that turns hidden states into logits."""
    return llm.get_output_embeddings()


def _with_lora(llm: Any, rank: int, layers: list[int]) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules=list(LORA_TARGETS),
        layers_to_transform=layers,
        layers_pattern="layers",
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(llm, config)
    except ValueError as error:
        raise InputError(f"no LoRA on this model ({str(error)[:80]})", where="--lora-rank", fix="use 0") from error


@torch.no_grad()
def gates(net: CaptionerNet) -> dict[str, float]:
    """How far each cross-attention is open: tanh of its gate, by decoder layer."""
    return {name: round(float(torch.tanh(block.gate)), 4) for name, block in net.blocks.items()}  # type: ignore[operator, arg-type]
