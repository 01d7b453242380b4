"""What a run leaves: adapter, merged model, regions, calibration, config, model card and curves."""

from __future__ import annotations

import copy
import json
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from cytoscribe.core.plain_text import code, markdown
from cytoscribe.core.rendering import render
from cytoscribe.core.runs import atomic_path, read_json, write_json, write_text
from cytoscribe.training.model.base_models import Base
from cytoscribe.training.model.encoding import Model
from cytoscribe.training.model.model_config import (
    OPEN_CLIP_CONFIG,
    OPEN_CLIP_WEIGHTS,
    brings_tokenizer,
    name_place,
    text_tower_place,
)
from cytoscribe.training.model.model_folder import ADAPTER, MERGED, REGIONS_FILE
from cytoscribe.training.model.tensors import write_tensors


def save_adapter(learner: Any, folder: Path) -> None:
    """Write the peft adapter (safetensors), which plain peft puts back over the same base."""
    temporary = folder / f".{ADAPTER}"
    shutil.rmtree(temporary, ignore_errors=True)
    learner.save_pretrained(temporary, safe_serialization=True, save_embedding_layers=False)  # else peft asks the Hub
    (temporary / "README.md").unlink(missing_ok=True)  # peft's card is an empty form; the folder's own README says it all
    _put(temporary, folder / ADAPTER)


def save_merged(model: Model, base: Base, folder: Path) -> None:
    """Write the whole model so that `open_clip.create_model("local-dir:FOLDER/merged")` loads it.

    open_clip finds a Hugging Face text tower's config only by a Hub name or a path, and a path only by its full length or from
    the working folder: the config therefore names the place of the folder itself (see `model_folder.settle` for moved ones).
    """
    temporary = folder / f".{MERGED}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    write_tensors(temporary / OPEN_CLIP_WEIGHTS, model.state_dict())
    config = copy.deepcopy(base.config)
    text = config["model_cfg"]["text_cfg"]
    if brings_tokenizer(config):
        base.tokenizer.tokenizer.save_pretrained(temporary)
    if text.get("hf_model_name"):
        model.text.config.save_pretrained(temporary)
        text["hf_model_pretrained"] = False  # the tower's weights lie in the merged file
        if Path(base.text_folder).is_dir():  # else a Hub name, which means the same everywhere
            name_place(config, folder / MERGED)
    (temporary / OPEN_CLIP_CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    _put(temporary, folder / MERGED)


def _put(temporary: Path, final: Path) -> None:
    """Put a folder in its place, its files as readable as the umask lets the folder be: some libraries make theirs for the owner."""
    mode = stat.S_IMODE(temporary.stat().st_mode) & 0o666
    for file in temporary.rglob("*"):
        if file.is_file():
            file.chmod(mode)
    shutil.rmtree(final, ignore_errors=True)
    temporary.replace(final)


def save_regions(
    regions: tuple[str, ...], captions: Mapping[str, list[str]], counts: Mapping[str, int], scale: float, folder: Path
) -> None:
    """Write regions.json: labels in order, their class captions and training images, and the trained scale of the cosine."""
    write_json(
        folder / REGIONS_FILE,
        {
            "regions": list(regions),
            "class_captions": dict(captions),
            "training_images": {r: counts.get(r, 0) for r in regions},
            "text_features": "calibration.safetensors, tensor `classes`, one row a region in this order",
            "logit_scale": scale,
        },
    )


def save_card(folder: Path, told: Mapping[str, Any]) -> None:
    """Write README.md, the model card, from what config.json holds."""
    content = {
        "told": {"balanced": False, **told},
        "units": _units(told["rejection"]),
        "sources": _sources(told["rejection"]),
        "merged": _merged_use(told),
        "moved": _moved_text_tower(folder),
        "adapter": ADAPTER,
    }
    card = render("cytoscribe.training.model", "data/card.md.jinja", content, {"plain": markdown, "code": code})
    write_text(folder / "README.md", card)


def _units(rejection: Mapping[str, Any]) -> str:
    return f" of {rejection['units']} {rejection['unit']}s" if "units" in rejection else ""


def _sources(rejection: Mapping[str, Any]) -> list[str]:
    """A line for each other source that the rejection was calibrated for, with what is assumed."""
    kinds = {True: "labelled", False: "unlabelled"}
    return [
        f"- rejection for source {markdown(name)}: from {one['images']} {kinds[one['labelled']]} images; {markdown(one['assumes'])}"
        for name, one in rejection.get("sources", {}).items()
    ]


def _merged_use(told: Mapping[str, Any]) -> str:
    vectors = told.get("embeddings")
    if not vectors:
        return "`merged/` loads with `open_clip.create_model('local-dir:THIS_FOLDER/merged')`"
    return (
        f"Images are given as vectors of {vectors['width']} numbers, computed elsewhere (`--embeddings FILE`; training read "
        f"`{code(vectors['file'])}`). `merged/` holds the text tower and the projections of both sides: the model that makes the vectors "
        "is not in it, so plain open_clip cannot load it"
    )


def _moved_text_tower(folder: Path) -> list[str]:
    """How plain open_clip reads a copy whose text tower is a Hugging Face model."""
    if not Path(text_tower_place(read_json(folder / MERGED / OPEN_CLIP_CONFIG))).is_absolute():
        return []
    return [
        "If a copy of this folder lies elsewhere, plain open_clip needs to know where the text tower's config is (the folder",
        "itself); `describe` and `evaluate` find it, and write the new place into the copy:",
        "",
        "```python",
        "import json, open_clip",
        'folder = "THIS_FOLDER/merged"',
        'text = json.load(open(f"{folder}/open_clip_config.json"))["model_cfg"]["text_cfg"]',
        'model = open_clip.create_model(f"local-dir:{folder}", text_cfg=text | {"hf_model_name": folder})',
        'tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")',
        "```",
        "",
    ]


def save_curves(history: list[dict[str, Any]], losses: list[float], folder: Path) -> None:
    """Draw curves.png: loss a step, and the validation figures an epoch."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(range(1, len(losses) + 1), losses, color="#bbbbbb", linewidth=0.8, label="step")
    per_epoch = len(losses) / max(1, len(history))
    left.plot(
        [per_epoch * h["epoch"] for h in history], [h["loss"] for h in history], color="#7a1f6b", marker="o", label="mean of epoch"
    )
    left.set(xlabel="step", ylabel="loss", ylim=(0, None))
    left.legend(frameon=False)
    names = [k for k in (history[0] if history else {}) if k not in ("epoch", "loss")]
    for name in names:
        right.plot([h["epoch"] for h in history], [h[name] for h in history], marker="o", label=name.replace("_", " "))
    right.set(xlabel="epoch", ylabel="validation", ylim=(0, 1.02))
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    if names:
        right.legend(frameon=False)
    with atomic_path(folder / "curves.png") as temporary:
        figure.savefig(temporary, dpi=130, format="png")


def save_augmentation_sheet(images: torch.Tensor, augmented: torch.Tensor, folder: Path) -> None:
    """Draw augmentation.png: images (N, 3, H, W) uint8 above, the same as training saw them (M * N of them) below."""
    from PIL import Image

    px = augmented.shape[-1]
    plain = torch.nn.functional.interpolate(images.float() / 255, (px, px), mode="bilinear", antialias=True).clamp(0, 1)
    rows = [plain, *augmented.split(len(images))]
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
    with atomic_path(folder / "augmentation.png") as temporary:
        Image.fromarray((sheet * 255).byte().permute(1, 2, 0).numpy()).save(temporary, format="PNG")
