"""What of a model is trained: LoRA on targets read off the model itself, or whole towers; never an adapter that learns nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from cytoscribe.core.errors import InputError
from cytoscribe.core.progress import say
from cytoscribe.training.settings import Tuning

_PROJECTIONS = ("visual.head.proj", "visual.head.mlp", "text.proj")


@dataclass(frozen=True)
class Targets:
    """Module names: `adapted` get LoRA, `saved` are trained whole (projections, and depthwise convolutions where asked), `left` can
    take no adapter that lives: the features do not depend on them as layers, or the model asks for their very type."""

    adapted: tuple[str, ...]
    saved: tuple[str, ...]
    left: tuple[str, ...] = ()


def tower_of(name: str) -> str:
    """`vision` or `text` for a module or parameter name of an open_clip model."""
    return "vision" if name.startswith("visual.") else "text"


def find_targets(model: nn.Module, tuning: Tuning, reached: frozenset[str] | None = None) -> Targets:
    """Every linear layer, convolution and attention block of the requested towers, whatever the architecture calls them.

    reached: layers that the features depend on (`reach.reach`), None to take all for such.

    Raises InputError where a tower has none, or a frozen prefix names no module.
    """
    towers, adapted, saved, left = tuning.towers, [], [], []
    inside = [prefix + "." for prefix in tuning.frozen or ()]
    names = {n for n, _ in model.named_modules()}
    unknown = sorted(set(tuning.frozen or ()) - names)
    if unknown:
        raise InputError(f"the base has no module '{unknown[0]}' to freeze", fix="check --freeze")
    for name, module in model.named_modules():
        if name in _PROJECTIONS and not isinstance(module, nn.Identity):
            saved.append(name)
            inside.append(name + ".")  # trained whole, so nothing in it needs an adapter
        if f"{name}.".startswith(tuple(inside)) or (towers != "both" and tower_of(name) != towers):
            continue
        if isinstance(module, (nn.MultiheadAttention, nn.Linear, nn.Conv2d)) and not _can_live(name, module, reached):
            left.append(name)
            inside.append(name + ".")
        elif isinstance(module, nn.MultiheadAttention):
            adapted.append(name)
            inside.append(name + ".")  # its out_proj alone would get no gradient through peft
        elif isinstance(module, nn.Conv2d) and module.groups > 1:
            if tuning.depthwise:
                saved.append(name)
        elif isinstance(module, (nn.Linear, nn.Conv2d)):
            adapted.append(name)
    wanted = {"both": {"vision", "text"}, "none": set()}.get(towers, {towers})
    lacking = sorted(wanted - {tower_of(n) for n in adapted})
    if lacking:
        raise InputError(f"no layer of the {lacking[0]} tower can take LoRA", fix="choose other --towers, or --tune full")
    return Targets(tuple(adapted), tuple(saved), tuple(left))


def _can_live(name: str, module: nn.Module, reached: frozenset[str] | None) -> bool:
    """Whether an adapter on this layer would get a gradient, and the model would still call it.

    open_clip calls a text projection only where it is an nn.Linear itself, and peft adapts attention only where keys and values are
    as wide as queries.
    """
    if name.rsplit(".", 1)[-1] == "text_projection":
        return False
    if isinstance(module, nn.MultiheadAttention) and not module._qkv_same_embed_dim:
        return False
    return reached is None or name in reached


def add_adapters(
    model: nn.Module, tuning: Tuning, base_name: str, reached: frozenset[str] | None = None, bias: bool = False
) -> Any:
    """Wrap the model with peft and return the PeftModel; the open_clip module inside is changed in place. What can take no adapter is
    named.

    reached: as for `find_targets`; bias: the loss uses the model's bias of the logits, which learns then.

    Raises InputError where an option cannot take effect: dropout on `nn.MultiheadAttention`, which peft would ignore.
    """
    from peft import LoraConfig, get_peft_model
    from peft.tuners.lora import LoraLayer

    targets = find_targets(model, tuning, reached)
    if targets.left:
        shown = ", ".join(targets.left[:4]) + (" ..." if len(targets.left) > 4 else "")
        say(f"{len(targets.left)} layers stay as the base has them, since no adapter on them would learn ({shown})")
    attention = [n for n, m in model.named_modules() if isinstance(m, nn.MultiheadAttention) and n in targets.adapted]
    if tuning.dropout and attention:
        raise InputError(f"--dropout has no effect on {attention[0]} (nn.MultiheadAttention)", fix="set --dropout 0")
    config = LoraConfig(
        r=tuning.rank,
        lora_alpha=tuning.alpha or 2 * tuning.rank,
        lora_dropout=tuning.dropout,
        target_modules=list(targets.adapted) or list(targets.saved),
        modules_to_save=list(targets.saved) if targets.adapted else None,
    )
    wrapped = get_peft_model(model, config)
    config.base_model_name_or_path = base_name
    for module in wrapped.modules():
        if isinstance(module, LoraLayer):
            module.cast_input_dtype_enabled = False  # autocast casts by itself; peft's detour through fp32 copies every input
    wrapped.get_base_model().logit_scale.requires_grad_(True)
    if bias:
        wrapped.get_base_model().logit_bias.requires_grad_(True)
    wrapped.attention_kept = [(part, part.weight.detach().clone()) for part in _attention_parts(wrapped)]  # pyright: ignore[reportArgumentType]
    return wrapped


def undo_drift(learner: nn.Module) -> None:
    """Put the frozen weights of attention blocks back as the base has them.

    On `nn.MultiheadAttention` peft adds an adapter to the base's weights before each forward pass and subtracts it afterwards, which
    leaves a rounding error every time: a resumed run, which starts from the base again, would differ in the last bit.
    """
    for part, weight in getattr(learner, "attention_kept", ()):
        part.put_back(weight)


@dataclass(frozen=True)
class _Part:
    """One frozen weight of an adapted attention block, looked up each time, since peft replaces the parameter itself."""

    layer: Any
    name: str

    @property
    def weight(self) -> torch.Tensor:
        return getattr(self._owner(), self.name)

    def put_back(self, weight: torch.Tensor) -> None:
        with torch.no_grad():
            self.weight.copy_(weight)

    def _owner(self) -> Any:
        base = self.layer.get_base_layer()
        return base if self.name == "in_proj_weight" else base.out_proj.get_base_layer()


def _attention_parts(wrapped: nn.Module) -> list[_Part]:
    from peft.tuners.lora.layer import MultiheadAttention

    layers = [m for m in wrapped.modules() if isinstance(m, MultiheadAttention)]
    return [_Part(layer, name) for layer in layers for name in ("in_proj_weight", "weight")]


def free(model: nn.Module, towers: str = "both", reached: frozenset[str] | None = None, bias: bool = False) -> None:
    """Full fine-tuning: every weight of these towers learns, the projections and the scale of the logits in any case, their bias
    where the loss uses it. reached: weights that the features depend on, None to take all for such."""
    for name, parameter in model.named_parameters():
        if name in ("logit_scale", "logit_bias"):
            parameter.requires_grad_(bias or name == "logit_scale")
            continue
        joint = name.startswith(tuple(f"{p}." for p in _PROJECTIONS))
        alive = reached is None or name in reached
        parameter.requires_grad_(alive and (joint or towers in ("both", tower_of(name))))


def in_training(model: nn.Module) -> None:
    """Set a model whose towers are trained whole to train, and what stays frozen to run as in use: no dropout, no new statistics."""
    model.train()
    for module in model.modules():
        if module.training and not any(p.requires_grad for p in module.parameters()) and any(True for _ in module.parameters()):
            module.eval()


def trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Names and parameters that learn, in a stable order."""
    return ((n, p) for n, p in model.named_parameters() if p.requires_grad)


def refuse_dead(model: nn.Module) -> None:
    """After a backward pass: raise InputError naming adapters (or trained layers) that no gradient reached.

    B starts at zero, so A's gradient is zero in the first step by construction: B is what shows whether an adapter lives. Where
    everything is trained, a branch whose last norm starts at zero has gradients of zero too and lives from the second step on,
    so there only a weight that the loss does not reach at all is dead.
    """
    adapted = any(".lora_" in n for n, _ in trained(model))
    dead = [
        n
        for n, p in trained(model)
        if p.grad is None or (adapted and p.ndim > 1 and ".lora_A." not in n and not bool(torch.any(p.grad != 0)))
    ]
    if dead:
        shown = ", ".join(n.removeprefix("base_model.model.") for n in dead[:3])
        raise InputError(
            f"{len(dead)} of the trained weights get no gradient ({shown}{' ...' if len(dead) > 3 else ''})",
            fix="choose other --towers, or --tune full",
        )
