"""Bases to adapt: open_clip models from the Hub or a folder, and JSON configs that join towers whose weights are given."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cytoscribe.core.errors import InputError
from cytoscribe.core.hub import quickly
from cytoscribe.core.runs import read_json
from cytoscribe.training.data.embeddings import give_vectors
from cytoscribe.training.model.encoders import base_of
from cytoscribe.training.model.encoding import Model
from cytoscribe.training.model.model_config import (
    OPEN_CLIP_CONFIG,
    OPEN_CLIP_WEIGHTS,
    check_hub_name,
    name_place,
    read_base,
    read_config,
    tokenizer_of,
    tower_config,
)

BASES = Path(__file__).parent / "bases"
WEIGHTS_VARIABLE = "CYTO_WEIGHTS"
DEFAULT_WEIGHTS = Path("~/.cache/real-weights")


@dataclass(frozen=True)
class Base:
    """An open_clip model ready to train.

    config: what `open_clip_config.json` will hold (model_cfg, preprocess_cfg); tokenize: texts to (N, L) token ids;
    text_folder: a Hugging Face text tower's folder or Hub name, "" for open_clip's own; pretrained: False for random weights;
    frozen: module name prefixes that LoRA should leave unchanged.
    """

    name: str
    model: Model
    config: dict[str, Any]
    tokenizer: Any
    pretrained: bool
    text_folder: str = ""
    weights: dict[str, str] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()

    @property
    def image_px(self) -> int:
        size = self.config["model_cfg"]["vision_cfg"].get("image_size", 224)
        return int(size if isinstance(size, int) else size[0])

    @property
    def tokenize(self) -> Callable[[list[str]], Tensor]:
        return self.tokenizer

    @property
    def mean(self) -> tuple[float, ...]:
        return tuple(self.config["preprocess_cfg"]["mean"])

    @property
    def std(self) -> tuple[float, ...]:
        return tuple(self.config["preprocess_cfg"]["std"])


def shipped_bases() -> dict[str, str]:
    """Name to description of the configs that come with the package."""
    return {path.stem: read_json(path).get("about", "") for path in sorted(BASES.glob("*.json"))}


def missing_weights(name: str) -> list[tuple[str, str]]:
    """What a base that is a JSON config lacks on this machine, and what to do about it, a pair a tower; [] where it can be used."""
    path = config_path(name)
    told = read_base(path) if path else {}
    return list(_places(told.get("weights", {}), {}, told.get("sources", {}))[1].values())


def load_base(
    name: str, weights: Mapping[str, str] | None = None, image_px: int | None = None, seed: int = 0, vectors: int = 0
) -> Base:
    """Build the base called `name`.

    name: a shipped config (`tiny`, `efficientnet_lite0_minilm`), an encoder of encoders.toml (`biomedclip`), a JSON file of the same form, `local-dir:FOLDER`,
    `hf-hub:OWNER/NAME`, or an open_clip name with its tag, `ViT-B-32:laion2b_s34b_b79k`; weights: `vision` and `text` to paths;
    image_px: side of the images it will see, default the config's; seed: of weights that are drawn at random; vectors: width of
    embeddings that take the place of images, 0 for images: then no weights of the vision tower are read.
    Raises InputError where the name, a weight file or the network is missing.
    """
    torch.manual_seed(seed)
    named = base_of(name)
    if isinstance(named, dict):
        return _given_vectors(_joined(name, named, weights or {}, image_px, vectors), vectors)
    called, name = name, named or name
    path = config_path(name)
    if path is None and weights:
        raise InputError(f"--weights has no effect on base '{called}'", fix="leave it out, or give a JSON config as --base")
    if path is None:
        return _given_vectors(_from_open_clip(name, image_px), vectors)
    return _given_vectors(_joined(name, read_base(path), weights or {}, image_px, vectors), vectors)


def _joined(name: str, told: dict[str, Any], weights: Mapping[str, str], image_px: int | None, vectors: int) -> Base:
    """Towers that a config names, with their weights."""
    if vectors and "vision" in weights:
        raise InputError("--weights vision has no effect with --embeddings", fix="leave one of them out")
    wanted = {k: v for k, v in told.get("weights", {}).items() if not (vectors and k == "vision")}
    found = _weights(config_path(name) or Path(name), wanted, weights, told.get("sources", {}))
    return _from_config(name, told, found, image_px)


def _given_vectors(base: Base, width: int) -> Base:
    """The same base with a projection of vectors in the place of its vision tower; the base itself where width is 0."""
    if not width:
        return base
    give_vectors(base.model, width, base.config["model_cfg"]["embed_dim"])
    frozen = tuple(n for n in base.frozen if not n.startswith("visual"))
    return replace(base, config={**base.config, "embeddings": {"width": width}}, frozen=frozen)


def config_path(name: str) -> Path | None:
    """The JSON file behind a base's name; None where open_clip itself knows the name."""
    if name.startswith(("local-dir:", "hf-hub:")):
        return None
    shipped = BASES / f"{name}.json"
    if shipped.is_file():
        return shipped
    if name.endswith(".json"):
        if not Path(name).is_file():
            raise InputError("no such base config", where=name, fix=f"use a path or one of {', '.join(shipped_bases())}")
        return Path(name)
    return None


def _weights(config: Path, wanted: Mapping[str, str], given: Mapping[str, str], sources: Mapping[str, str]) -> dict[str, Path]:
    """Where each tower's weights lie; raises InputError that names all towers whose weights are not there."""
    unknown = sorted(set(given) - {"vision", "text"})
    if unknown:
        raise InputError(f"--weights names no tower '{unknown[0]}'", fix="use vision=FILE,text=FOLDER")
    found, missing = _places(wanted, given, sources)
    if missing:
        raise InputError(
            "; ".join(what for what, _ in missing.values()), where=config, fix="; ".join(fix for _, fix in missing.values())
        )
    return found


def _places(
    wanted: Mapping[str, str], given: Mapping[str, str], sources: Mapping[str, str]
) -> tuple[dict[str, Path], dict[str, tuple[str, str]]]:
    """Tower to its weights, and tower to what is missing and how to get it."""
    folder = Path(os.environ.get(WEIGHTS_VARIABLE) or DEFAULT_WEIGHTS).expanduser()
    found: dict[str, Path] = {}
    missing: dict[str, tuple[str, str]] = {}
    for tower in {**wanted, **given}:
        path = Path(given[tower]).expanduser() if tower in given else folder / wanted[tower]
        if path.exists():
            found[tower] = path
            continue
        fetch = f"fetch {sources[tower]} and " if tower in sources else ""
        fix = (
            f"{fetch}give --weights {tower}=PATH, or put '{wanted.get(tower, path.name)}' into the folder {WEIGHTS_VARIABLE} names"
        )
        missing[tower] = f"no {tower} weights at {path}", fix
    return found, missing


def _from_config(name: str, told: dict[str, Any], weights: dict[str, Path], image_px: int | None) -> Base:
    config = {"model_cfg": copy.deepcopy(told["model_cfg"]), "preprocess_cfg": copy.deepcopy(told.get("preprocess_cfg", {}))}
    model_cfg = config["model_cfg"]
    if image_px:
        model_cfg["vision_cfg"]["image_size"] = image_px
    text = model_cfg["text_cfg"]
    if "text" in weights and text.get("hf_model_name"):
        text["hf_model_name"] = text["hf_tokenizer_name"] = str(weights["text"])
    model = build_clip(model_cfg, name)
    if "vision" in weights:
        _load_trunk(model, weights["vision"])
    preprocess = {**default_preprocess(), **config["preprocess_cfg"]}
    config["preprocess_cfg"] = preprocess
    return Base(
        name=name,
        model=model,
        config=config,
        tokenizer=tokenizer_of(text, Path(given) if (given := weights.get("text")) else None, name),
        pretrained=bool(weights),
        text_folder=str(text.get("hf_model_name") or ""),
        weights={k: str(v) for k, v in weights.items()},
        frozen=tuple(told.get("frozen", ())),
    )


def build_clip(model_cfg: dict[str, Any], name: str) -> Model:
    """The open_clip module that a checked model_cfg describes; raises InputError naming `name` where open_clip cannot build it."""
    from open_clip.coca_model import CoCa
    from open_clip.model import CLIP, CustomTextCLIP
    from transformers.utils import logging as told

    told.set_verbosity_error()  # a sentence encoder's unused pooler is no news
    told.disable_progress_bar()
    settings = {k: v for k, v in copy.deepcopy(model_cfg).items() if k != "custom_text"}
    text = settings["text_cfg"]
    place = text.get("hf_model_name")
    kind = CoCa if "multimodal_cfg" in settings else CustomTextCLIP if model_cfg.get("custom_text") or place else CLIP
    try:
        with ExitStack() as stack:
            if place:
                folder = _tower_folder(place, name, text.get("hf_model_pretrained", True))
                text["hf_model_name"] = str(stack.enter_context(tower_config(folder)))
            model: Model = kind(**settings)
    except InputError:
        raise
    except Exception as error:  # open_clip, timm and transformers fail in many ways on a config that fits no model
        raise InputError(f"no model can be built from the config ({_short(error)})", where=name, fix="check the config") from error
    if place:
        model.text.config._name_or_path = place  # the folder that it was built from is gone
    return model


def _tower_folder(place: str, name: str, pretrained: bool) -> Path:
    """Where the config of a Hugging Face text tower lies, and its weights where they are wanted: a folder, or the Hub's cache."""
    if Path(place).is_dir():
        return Path(place)
    check_hub_name(place, name)
    from huggingface_hub import snapshot_download

    patterns = ["config.json", *(["*.safetensors", "pytorch_model.bin"] if pretrained else [])]
    return Path(snapshot_download(place, allow_patterns=patterns, ignore_patterns=["*/*"]))


def _load_trunk(model: Model, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    trunk = getattr(model.visual, "trunk", model.visual)
    try:
        missing, unexpected = trunk.load_state_dict(load_file(path), strict=False)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise InputError(
            f"not the vision tower's weights ({_short(error)})", where=path, fix="give safetensors of that model"
        ) from error
    extra = [k for k in unexpected if not k.startswith(("classifier.", "fc.", "head."))]
    if missing or extra:
        raise InputError(
            f"{len(missing)} weights missing, {len(extra)} unknown", where=path, fix="give the tower that the config names"
        )


def _from_open_clip(name: str, image_px: int | None) -> Base:
    """A model of open_clip's own, a folder of the form that open_clip writes, or a repository of that form on the Hub."""
    there = True
    try:
        with quickly() as there, _unlogged():
            if name.startswith("local-dir:"):
                return _from_folder(name, Path(name.removeprefix("local-dir:")), image_px)
            if name.startswith("hf-hub:"):
                return _from_hub(name, image_px)
            return _from_list(name, image_px)
    except InputError:
        raise
    except Exception as error:  # open_clip, the Hub's client and the network fail in many ways
        reason = _short(error) if there else "the Hub cannot be reached, and its cache does not hold the model"
        fix = f"use one of {', '.join(shipped_bases())}, a JSON config, local-dir:FOLDER, or an open_clip name such as ViT-B-32:openai"
        raise InputError(f"base '{name}' cannot be loaded ({reason})", fix=fix) from error


@contextmanager
def _unlogged() -> Iterator[None]:
    """Without log lines of open_clip, which speak of the same fault that is raised here in one line."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def _from_list(name: str, image_px: int | None) -> Base:
    import open_clip

    bare, _, tag = name.partition(":")
    config = open_clip.get_model_config(bare)
    if config is None:
        raise InputError(
            f"base '{name}' cannot be loaded (open_clip has no model '{bare}')",
            fix=f"use one of {', '.join(shipped_bases())}, a JSON config, local-dir:FOLDER, or an open_clip name such as ViT-B-32:openai",
        )
    model = open_clip.create_model(bare, pretrained=tag or None, force_image_size=image_px)
    config = _seen_at(copy.deepcopy(config), image_px)
    told = open_clip.get_model_preprocess_cfg(model)
    preprocess = {k: told[k] for k in ("mean", "std", "interpolation", "resize_mode") if k in told}
    return _base_of(name, model, config, preprocess, open_clip.get_tokenizer(bare), bool(tag))


def _from_folder(name: str, folder: Path, image_px: int | None) -> Base:
    """A folder that open_clip, or an earlier run, wrote; nothing in it may run or fetch anything."""
    told = read_config(folder / OPEN_CLIP_CONFIG)
    config = _seen_at(told["model_cfg"], image_px)
    config["vision_cfg"]["timm_model_pretrained"] = False
    if config["text_cfg"].get("hf_model_name"):
        name_place(told, folder)
    model = build_clip(config, str(folder))
    _load_weights(model, folder)
    return _base_of(name, model, config, told.get("preprocess_cfg", {}), tokenizer_of(config["text_cfg"], folder, folder), True)


def _from_hub(name: str, image_px: int | None) -> Base:
    """A repository on the Hub: its config may name a text tower and a tokenizer of other repositories, and nothing else."""
    from huggingface_hub import hf_hub_download
    from open_clip.factory import load_checkpoint
    from open_clip.pretrained import download_pretrained_from_hf

    repository = name.removeprefix("hf-hub:")
    path = Path(hf_hub_download(repository, OPEN_CLIP_CONFIG))
    told = read_config(path)
    config = _seen_at(told["model_cfg"], image_px)
    config["vision_cfg"]["timm_model_pretrained"] = config["text_cfg"]["hf_model_pretrained"] = False
    if not config["text_cfg"].get("hf_model_name"):
        config["text_cfg"].pop("hf_model_pretrained")
    tokenize = tokenizer_of(config["text_cfg"], None, path)
    model = build_clip(config, name)
    load_checkpoint(model, download_pretrained_from_hf(repository))
    return _base_of(name, model, config, told.get("preprocess_cfg", {}), tokenize, True)


def _load_weights(model: Model, folder: Path) -> None:
    """Put an open_clip folder's weights into the model. Pickles are read as tensors only, so nothing in them runs."""
    from open_clip import factory

    found = factory._find_checkpoint_in_dir(folder)
    if found is None:
        raise InputError("no weights in the folder", where=folder, fix=f"give one that holds {OPEN_CLIP_WEIGHTS}")
    try:
        factory.load_checkpoint(model, found)
    except Exception as error:  # safetensors and torch raise whatever a broken file brings them to
        raise InputError(
            f"not this model's weights ({_short(error)})", where=found, fix="give the weights that belong to the config"
        ) from error


def _seen_at(config: dict[str, Any], image_px: int | None) -> dict[str, Any]:
    if image_px:
        config["vision_cfg"]["image_size"] = image_px
    return config


def _base_of(
    name: str, model: Model, config: dict[str, Any], preprocess: Mapping[str, Any], tokenizer: Any, pretrained: bool
) -> Base:
    return Base(
        name=name,
        model=model,
        config={"model_cfg": config, "preprocess_cfg": {**default_preprocess(), **preprocess, "resize_mode": "squash"}},
        tokenizer=tokenizer,
        pretrained=pretrained,
        text_folder=str(config["text_cfg"].get("hf_model_name") or ""),
    )


def default_preprocess() -> dict[str, Any]:
    """What open_clip does to images where a config does not say."""
    from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

    return {
        "mean": list(OPENAI_DATASET_MEAN),
        "std": list(OPENAI_DATASET_STD),
        "interpolation": "bicubic",
        "resize_mode": "squash",
    }


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
