"""What is read from the configs of a model folder: an allow-list, each entry with a bound.

A model folder is data that anybody may have written. open_clip, timm and transformers would run Python that a config names
(`trust_remote_code`, `auto_map`), fetch weights or kernels by name, or build a model that no machine can hold. Only what is listed
here reaches them.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.core.shapes import Rule, check, either, entries, flag, listed, mapping, maybe, number, one_of, text, whole

OPEN_CLIP_CONFIG = "open_clip_config.json"
OPEN_CLIP_WEIGHTS = "open_clip_model.safetensors"
TOWER_TYPES = ("bert", "roberta", "xlm-roberta", "mt5", "m2m_100")
"""Kinds of Hugging Face text towers that open_clip joins (open_clip.hf_configs)."""
MOST_WEIGHTS = 4e9
"""Weights of the largest tower that is built: the largest of open_clip's own have about half of that."""
_MENDING = "use a model folder as train-lora or open_clip writes it"
_TIMM_NAME = re.compile(r"[A-Za-z0-9_.]{1,100}")
_HUB_NAME = re.compile(r"(?!.*(\.\.|--))[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")

_WIDTH, _LAYERS, _HEADS, _SHARE = whole(1, 16_384), whole(1, 128), whole(1, 256), number(0, 1)
_SIDE = whole(8, 2048)
_SIDES = either(_SIDE, listed(_SIDE, most=2, least=2))
_BLOCK = {
    "mlp_ratio": number(0.25, 16),
    "ls_init_value": maybe(number(0, 10)),
    "final_ln_after_pool": flag(),
    "pool_type": text(40),
    "output_tokens": flag(),
    "act_kwargs": maybe(mapping(one_of("tanh", "none"), most=4)),
    "norm_kwargs": maybe(mapping(number(0, 1), most=4)),
    "block_type": maybe(one_of("default", "custom")),
    **dict.fromkeys(("qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc"), flag()),
}
_VISION = {
    **_BLOCK,
    "layers": either(_LAYERS, listed(_LAYERS, most=4, least=4)),
    "width": _WIDTH,
    "head_width": whole(1, 1024),
    "patch_size": maybe(whole(2, 256)),
    "image_size": _SIDES,
    "patch_dropout": _SHARE,
    "attentional_pool": either(flag(), text(40)),
    "attn_pooler_queries": whole(1, 4096),
    "attn_pooler_heads": _HEADS,
    "no_ln_pre": flag(),
    "pos_embed_type": text(40),
    "timm_model_name": maybe(Rule("the name of a timm model", lambda v: isinstance(v, str) and bool(_TIMM_NAME.fullmatch(v)))),
    "timm_model_pretrained": flag(),
    "timm_pool": text(40),
    "timm_proj": maybe(text(40)),
    "timm_proj_bias": flag(),
    "timm_drop": _SHARE,
    "timm_drop_path": maybe(_SHARE),
}
_TOKENIZER = entries(
    {},
    {"clean": one_of("lower", "whitespace", "canonicalize"), "strip_sep_token": flag()},
    others=False,
)
_TEXT = {
    **_BLOCK,
    "context_length": whole(1, 4096),
    "vocab_size": whole(1, 2_000_000),
    "width": _WIDTH,
    "heads": _HEADS,
    "layers": _LAYERS,
    "embed_cls": flag(),
    "pad_id": whole(0, 2_000_000),
    "eos_id": whole(0, 2_000_000),
    "no_causal_mask": flag(),
    "proj_bias": flag(),
    "proj_type": maybe(text(40)),
    "tokenizer_mode": maybe(one_of("", "clips")),
    "tokenizer_kwargs": maybe(_TOKENIZER),
    "hf_tokenizer_name": maybe(text(4096)),
    "hf_model_name": maybe(text(4096)),
    "hf_model_pretrained": flag(),
    "hf_proj_type": maybe(one_of("linear", "mlp")),
    "hf_pooler_type": maybe(text(40)),
}
_MODEL = {
    "embed_dim": _WIDTH,
    "vision_cfg": entries({}, _VISION, others=False),
    "text_cfg": entries({}, _TEXT, others=False),
}
_DECODER = {
    **_BLOCK,
    "context_length": whole(1, 4096),
    "vocab_size": whole(1, 2_000_000),
    "width": _WIDTH,
    "heads": _HEADS,
    "layers": _LAYERS,
    "dim_head": whole(1, 1024),
    "n_queries": whole(1, 4096),
    "attn_pooler_heads": _HEADS,
}
_MODEL_MORE = {
    "multimodal_cfg": entries({}, _DECODER, others=False),
    "custom_text": flag(),
    "quick_gelu": flag(),
    "init_logit_scale": number(-20, 20),
    "init_logit_bias": maybe(number(-100, 100)),
    "nonscalar_logit_scale": flag(),
}
_TRIPLE = listed(number(-1000, 1000), most=3, least=3)
_SPREAD = listed(number(1e-6, 1000), most=3, least=3)
_MORE = {
    "preprocess_cfg": entries({}, {"mean": _TRIPLE, "std": _SPREAD}),
    "embeddings": entries({"width": whole(1, 100_000)}),
}
_CONFIG = entries({"model_cfg": entries(_MODEL, _MODEL_MORE, others=False)}, _MORE)

_BASE = entries(
    {},
    {
        "weights": mapping(text(4096), most=2),
        "sources": mapping(text(4096), most=2),
        "frozen": listed(text(200), most=1000),
        "about": text(),
    },
)
_SIZES = dict.fromkeys(
    ("hidden_size", "d_model", "intermediate_size", "d_ff", "encoder_ffn_dim", "decoder_ffn_dim"), whole(1, 65_536)
)
_DEPTHS = dict.fromkeys(
    ("num_hidden_layers", "num_layers", "num_decoder_layers", "encoder_layers", "decoder_layers"), whole(0, 128)
)
_COUNTS = dict.fromkeys(
    ("num_attention_heads", "num_heads", "encoder_attention_heads", "decoder_attention_heads", "d_kv"), whole(1, 1024)
)
_TOKENS = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id"), maybe(whole(0, 2_000_000)))
_TERMS = dict.fromkeys(
    (
        *(
            "hidden_dropout_prob",
            "attention_probs_dropout_prob",
            "dropout",
            "attention_dropout",
            "activation_dropout",
            "dropout_rate",
        ),
        *("initializer_range", "init_std", "layer_norm_eps", "layer_norm_epsilon", "encoder_layerdrop", "decoder_layerdrop"),
    ),
    number(0, 1),
)
_NAMES = dict.fromkeys(
    ("hidden_act", "activation_function", "feed_forward_proj", "dense_act_fn", "position_embedding_type"), text(40)
)
_FLAGS = dict.fromkeys(("is_encoder_decoder", "is_gated_act", "scale_embedding", "use_cache"), flag())
_PRECISION = dict.fromkeys(("dtype", "torch_dtype"), maybe(one_of("float32", "float16", "bfloat16")))
_TOWER = {
    **_PRECISION,
    **{**_SIZES, **_DEPTHS, **_COUNTS, **_TOKENS, **_TERMS, **_NAMES, **_FLAGS},
    "vocab_size": whole(1, 2_000_000),
    "max_position_embeddings": whole(1, 65_536),
    "type_vocab_size": whole(0, 1024),
    "relative_attention_num_buckets": whole(1, 1024),
    "relative_attention_max_distance": whole(1, 65_536),
}
_TOKENIZER_FILE = entries({}, {"auto_map": Rule("left out: code of a model folder is never run", lambda v: not v)})


def read_config(path: Path) -> dict[str, Any]:
    """An `open_clip_config.json`, or a base of that form, with nothing in it that is not on the list.

    Raises InputError that names the first entry which is missing, of another kind, out of bounds or not on the list.
    """
    told = read_json(path)
    if not isinstance(told, dict) or "model_cfg" not in told:
        raise InputError("no entry 'model_cfg'", where=path, fix=_MENDING)
    check_model(told, path)
    return told


def read_base(path: Path) -> dict[str, Any]:
    """A JSON config that joins towers: as `read_config`, with `weights` (tower to path), `sources` (tower to
    where these can be fetched), `frozen` and `about` where they are given."""
    told = read_config(path)
    return check(told, _BASE, path, "write it like one of the shipped configs")


def text_tower_place(config: Mapping[str, Any]) -> str:
    """Where a config says that its Hugging Face text tower is described; "" for towers of open_clip's own."""
    return str(config["model_cfg"]["text_cfg"].get("hf_model_name") or "")


def name_place(config: dict[str, Any], folder: Path) -> None:
    """Let an exported config name `folder` as the place of its text tower's config and tokenizer."""
    place = str(folder.resolve())
    config["model_cfg"]["text_cfg"].update(hf_model_name=place, hf_tokenizer_name=place, hf_model_pretrained=False)


def brings_tokenizer(config: Mapping[str, Any]) -> bool:
    """Whether a config names a Hugging Face tokenizer, with a text tower of that kind (BERT) or of open_clip's own (SigLIP)."""
    return bool(text_tower_place(config) or config["model_cfg"]["text_cfg"].get("hf_tokenizer_name"))


def check_model(told: Mapping[str, Any], where: str | Path) -> None:
    """Raise InputError where a config of open_clip's form names what is not on the list, or a model that is too large to build."""
    check(told, _CONFIG, where, _MENDING)
    vision, words = told["model_cfg"]["vision_cfg"], told["model_cfg"]["text_cfg"]
    depth = vision.get("layers", 12)
    tower = (
        0
        if vision.get("timm_model_name")
        else 12 * (depth if isinstance(depth, int) else sum(depth)) * vision.get("width", 768) ** 2
    )
    written = words.get("width", 512)
    size = (
        tower
        + 12 * words.get("layers", 12) * written**2
        + (words.get("vocab_size", 49_408) + words.get("context_length", 77)) * written
    )
    decoder = told["model_cfg"].get("multimodal_cfg") or {}
    size += 16 * decoder.get("layers", 0) * decoder.get("width", 512) ** 2 + decoder.get("vocab_size", 0) * decoder.get(
        "width", 512
    )
    _bounded(size, where)
    if vision.get("timm_model_name"):
        _known_to_timm(vision["timm_model_name"], where)


def _bounded(weights: float, where: str | Path) -> None:
    if weights > MOST_WEIGHTS:
        raise InputError(f"the config describes a tower of {weights / 1e9:.0f} billion weights", where=where, fix=_MENDING)


def _known_to_timm(name: str, where: str | Path) -> None:
    import timm

    if not timm.is_model(name):
        raise InputError(f"timm knows no model '{name}'", where=where, fix=_MENDING)


def check_hub_name(name: str, where: str | Path) -> None:
    """Raise InputError where a config's name of a text tower is a path instead of a name on the Hub."""
    if not _HUB_NAME.fullmatch(name):
        raise InputError(f"the text tower '{name[:80]}' is not a name on the Hub", where=where, fix=_MENDING)


@contextmanager
def tower_config(folder: Path) -> Iterator[Path]:
    """A folder for a while that holds the listed entries of `folder`'s config.json alone: transformers never reads the others, some
    of which name code or kernels to fetch and run. The weights of the tower are linked beside it.

    Raises InputError where the config is missing, of an unknown kind, out of bounds, or too large to build.
    """
    path = folder / "config.json"
    told = read_json(path)
    check(told, entries({"model_type": one_of(*TOWER_TYPES)}, _TOWER), path, _MENDING)
    width = told.get("hidden_size", told.get("d_model", 768))
    depth = max([12, *(told[k] for k in _DEPTHS if k in told)])
    _bounded(12 * depth * width**2 + told.get("vocab_size", 30_522) * width, path)
    with tempfile.TemporaryDirectory() as name:
        kept = {k: v for k, v in told.items() if k in _TOWER or k == "model_type"}
        (Path(name) / "config.json").write_text(json.dumps(kept), encoding="utf-8")
        for weights in [*folder.glob("*.safetensors*"), *folder.glob("pytorch_model*.bin*")]:
            (Path(name) / weights.name).symlink_to(weights.resolve())
        yield Path(name)


def tokenizer_of(text_cfg: Mapping[str, Any], folder: Path | None, where: str | Path) -> Any:
    """open_clip's tokenizer for a checked text_cfg: texts to (N, L) token ids. folder: where a Hugging Face tokenizer's files are,
    None for a name on the Hub. Raises InputError where they are missing or name code."""
    import open_clip

    length = text_cfg.get("context_length", 77)
    options = dict(text_cfg.get("tokenizer_kwargs") or {})
    name = text_cfg.get("hf_tokenizer_name")
    if not name:
        return open_clip.tokenizer.SimpleTokenizer(context_length=length, **{k: v for k, v in options.items() if k == "clean"})
    if folder is not None and (folder / "tokenizer_config.json").exists():
        check(read_json(folder / "tokenizer_config.json"), _TOKENIZER_FILE, folder / "tokenizer_config.json", _MENDING)
    if folder is None:
        check_hub_name(name, where)
    try:
        return open_clip.tokenizer.HFTokenizer(
            str(folder or name),
            context_length=length,
            tokenizer_mode=text_cfg.get("tokenizer_mode"),
            trust_remote_code=False,
            local_files_only=folder is not None,
            **options,
        )
    except Exception as error:  # transformers and its parsers raise whatever a broken file brings them to
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"no tokenizer can be read ({reason})", where=folder or where, fix=_MENDING) from error
