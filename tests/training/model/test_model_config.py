"""A model folder is data: whatever its files say, nothing in it runs, nothing is fetched, and nothing without bounds is built."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json, write_json
from cytoscribe.training.model import export
from cytoscribe.training.model.base_models import load_base
from cytoscribe.training.model.model_config import OPEN_CLIP_CONFIG, OPEN_CLIP_WEIGHTS
from cytoscribe.training.model.model_folder import load_merged

TOY = str(Path(__file__).parents[1] / "toy_base.json")
Change = Callable[[dict[str, Any]], None]
MARK = "open('{mark}', 'w').write('ran')\n"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A merged folder whose towers are open_clip's and timm's."""
    folder = tmp_path_factory.mktemp("plain")
    base = load_base(TOY)
    export.save_merged(base.model, base, folder)
    return folder / "merged"


@pytest.fixture(scope="module")
def worded(tmp_path_factory: pytest.TempPathFactory, bert_base: tuple[Path, Path]) -> Path:
    """A merged folder whose text tower is a Hugging Face model."""
    folder = tmp_path_factory.mktemp("worded")
    base = load_base(str(bert_base[0]))
    export.save_merged(base.model, base, folder)
    return folder / "merged"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any attempt to reach another machine fails the test, whoever swallows its error."""

    def refuse(*address: object, **options: object) -> None:
        raise AssertionError(f"reached for the network: {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def _copied(source: Path, folder: Path, name: str, change: Change) -> Path:
    shutil.copytree(source, folder / "merged")
    told = read_json(folder / "merged" / name)
    change(told)
    write_json(folder / "merged" / name, told)
    for module in ("own.py", "configuration_own.py", "tokenization_own.py"):
        (folder / "merged" / module).write_text(MARK.format(mark=folder / "ran"))
    return folder / "merged"


def _vision(**entries: Any) -> Change:
    return lambda told: told["model_cfg"]["vision_cfg"].update(entries)


def _text(**entries: Any) -> Change:
    return lambda told: told["model_cfg"]["text_cfg"].update(entries)


def _model(**entries: Any) -> Change:
    return lambda told: told["model_cfg"].update(entries)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_vision(timm_model_name="hf_hub:someone/model"), "timm_model_name is 'hf_hub:someone/model'"),
        (_vision(timm_model_name="hf-hub:someone/model"), "timm_model_name"),
        (_vision(timm_model_name="local-dir:/elsewhere"), "timm_model_name"),
        (_vision(timm_model_name="../../etc/passwd"), "timm_model_name"),
        (_vision(timm_model_name="no_such_model"), "timm knows no model 'no_such_model'"),
        (_vision(timm_model_name=None, layers=10**6), "layers is 1000000"),
        (_vision(timm_model_name=None, layers=128, width=16_384), "billion weights"),
        (_vision(image_size=10**7), "image_size"),
        (_vision(image_size=[224, "224"]), "image_size"),
        (_vision(hook="own:main"), "hook is 'own:main', not an entry that is read here"),
        (_text(layers=10**6), "layers is 1000000"),
        (_text(width="64"), "width is '64'"),
        (_text(vocab_size=-1), "vocab_size"),
        (_text(context_length=1.5), "context_length"),
        (_text(tokenizer_kwargs={"trust_remote_code": True}), "trust_remote_code is True, not an entry that is read here"),
        (_text(tokenizer_kwargs=["a"]), "tokenizer_kwargs is a list"),
        (_model(multimodal_cfg={"layers": 10**6}), "layers"),
        (_model(text_cfg=None), "text_cfg is None"),
        (_model(vision_cfg=[]), "vision_cfg is a list"),
        (lambda told: told.pop("model_cfg"), "no entry 'model_cfg'"),
        (lambda told: told.update(preprocess_cfg={"mean": [0.5], "std": "x"}), "mean is a list of 1"),
    ],
)
@pytest.mark.parametrize("as_base", [False, True])
def test_what_a_config_may_not_say_is_one_line(plain: Path, tmp_path: Path, change: Change, words: str, as_base: bool) -> None:
    folder = _copied(plain, tmp_path, OPEN_CLIP_CONFIG, change)
    start = time.monotonic()
    with pytest.raises(InputError, match=words) as raised:
        load_base(f"local-dir:{folder}") if as_base else load_merged(folder)
    assert str(folder) in raised.value.where
    assert time.monotonic() - start < 20
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("as_base", [False, True])
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tokenizer_config.json", lambda told: told.update(auto_map={"AutoTokenizer": ["own.Tokenizer", None]})),
        ("tokenizer_config.json", lambda told: told.update(auto_map={"AutoTokenizer": ["someone/code--own.Tokenizer", None]})),
        (OPEN_CLIP_CONFIG, _text(tokenizer_kwargs={"trust_remote_code": True})),
        ("config.json", lambda told: told.update(model_type="own", auto_map={"AutoConfig": "configuration_own.Own"})),
        ("config.json", lambda told: told.update(num_hidden_layers=10**6)),
        ("config.json", lambda told: told.update(hidden_size=65_536, num_hidden_layers=128)),
        ("config.json", lambda told: told.update(vocab_size="many")),
    ],
)
def test_text_towers_that_name_code_or_have_no_bounds_are_refused(
    worded: Path, tmp_path: Path, name: str, change: Change, as_base: bool
) -> None:
    folder = _copied(worded, tmp_path, name, change)
    with pytest.raises(InputError):
        load_base(f"local-dir:{folder}") if as_base else load_merged(folder)
    assert not (tmp_path / "ran").exists()


def test_entries_that_would_fetch_code_never_reach_the_library(worded: Path, tmp_path: Path) -> None:
    def change(told: dict[str, Any]) -> None:
        told.update(
            attn_implementation="someone/kernel", _attn_implementation="someone/kernel", auto_map={"AutoModel": "own.Model"}
        )
        told.update(quantization_config={"quant_method": "own"})

    folder = _copied(worded, tmp_path, "config.json", change)
    model, tokenize, _ = load_merged(folder)
    assert model.encode_text(tokenize(["a dark field"])).shape == (1, 16)
    assert not (tmp_path / "ran").exists()


def test_a_hub_name_in_a_folder_means_the_folder_itself(worded: Path, tmp_path: Path) -> None:
    folder = _copied(worded, tmp_path, OPEN_CLIP_CONFIG, _text(hf_model_name="someone/tower", hf_tokenizer_name="someone/tower"))
    model, tokenize, _ = load_merged(folder)
    assert model.encode_text(tokenize(["a dark field"])).shape == (1, 16)


@pytest.mark.parametrize("content", [b"", b"\x00" * 8, b"\xff" * 64, b"{}", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_broken_weights_are_one_line(plain: Path, tmp_path: Path, content: bytes) -> None:
    folder = _copied(plain, tmp_path, OPEN_CLIP_CONFIG, lambda told: None)
    (folder / OPEN_CLIP_WEIGHTS).write_bytes(content)
    with pytest.raises(InputError, match="open_clip_model"):
        load_merged(folder)
    with pytest.raises(InputError, match="open_clip_model"):
        load_base(f"local-dir:{folder}")


@pytest.mark.parametrize(
    "content", ["[]", "null", "3", '"text"', "{", "[" * 100_000, '{"model_cfg": ' * 60_000, "\ufeff{}", "\ud800"]
)
def test_configs_that_are_no_object_are_one_line(plain: Path, tmp_path: Path, content: str) -> None:
    folder = _copied(plain, tmp_path, OPEN_CLIP_CONFIG, lambda told: None)
    (folder / OPEN_CLIP_CONFIG).write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match="open_clip_config"):
        load_merged(folder)


def test_pickled_weights_do_not_run(plain: Path, tmp_path: Path) -> None:
    folder = _copied(plain, tmp_path, OPEN_CLIP_CONFIG, lambda told: None)
    (folder / OPEN_CLIP_WEIGHTS).unlink()
    import pickle

    class Runs:
        def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
            return exec, (MARK.format(mark=tmp_path / "ran"),)

    (folder / "open_clip_pytorch_model.bin").write_bytes(pickle.dumps(Runs()))
    with pytest.raises(InputError, match="not this model's weights"):
        load_base(f"local-dir:{folder}")
    assert not (tmp_path / "ran").exists()


def test_a_hub_name_without_a_hub_fails_in_seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    for name in ("hf-hub:someone/model", "ViT-B-32:laion2b_s34b_b79k"):
        monkeypatch.setattr("cytoscribe.core.hub.reachable", lambda url: False)
        start = time.monotonic()
        with pytest.raises(InputError, match="the Hub cannot be reached") as raised:
            load_base(name)
        assert "\n" not in str(raised.value)
        assert time.monotonic() - start < 10


def test_bases_that_are_shipped_pass_the_list() -> None:
    for path in (Path(__file__).parents[3] / "training" / "model" / "bases").glob("*.json"):
        from cytoscribe.training.model.model_config import read_base

        assert read_base(path)["model_cfg"] == json.loads(path.read_text())["model_cfg"]
