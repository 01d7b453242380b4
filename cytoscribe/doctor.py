"""`cytoscribe doctor`: what is installed, which devices, weights and servers can be reached, and what to do about each gap."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal

import typer

from cytoscribe.core.errors import InputError
from cytoscribe.core.plain_text import counted, line
from cytoscribe.llm.client import Address, TransientError, get, shown

Status = Literal["ok", "optional", "missing"]

CORE = {
    "torch": "torch",
    "transformers": "transformers",
    "sentence-transformers": "sentence_transformers",
    "open_clip_torch": "open_clip",
    "peft": "peft",
    "datasets": "datasets",
    "spacy": "spacy",
    "pymupdf": "pymupdf",
    "jinja2": "jinja2",
    "scikit-image": "skimage",
    "pytorch-ood": "pytorch_ood",
}
EXTRAS = {
    "vllm": ("vllm", "captions by a language model at full speed", "uv sync --extra vllm (needs an NVIDIA GPU)"),
    "ray": ("ray", "mining and captioning on many machines", "uv sync --extra ray"),
    "rapidocr": ("rapidocr", "text of scanned papers", "uv sync --extra ocr"),
    "openslide-python": ("openslide", "slide scanners' formats", "uv sync --extra slides"),
    "imagecodecs": ("imagecodecs", "TIFFs compressed as JPEG 2000, LZW and the like", "uv sync --extra slides"),
}
HUB = "https://huggingface.co"
_ROOM, _LEAST_ROOM = 5.0, 0.2
"""GiB: below the first a row warns, below the second not even the quickstart can run."""
DEFAULT_ENDPOINT = "http://127.0.0.1:8000/v1"


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `fix` is empty where nothing is to be done."""

    area: str
    name: str
    status: Status
    detail: str
    fix: str = ""


def examine(timeout_s: float = 2.0) -> list[Finding]:
    """Look at packages, devices, weights, servers and disk; nothing is changed and nothing is downloaded."""
    checks: tuple[Callable[[], Iterable[Finding]], ...] = (
        _packages,
        _pipelines,
        _devices,
        _weights,
        _base,
        lambda: _servers(timeout_s),
        _disk,
    )
    return [finding for check in checks for finding in check()]


def _packages() -> Iterable[Finding]:
    yield Finding("package", "python", "ok", platform.python_version())
    for name, module in CORE.items():
        if importlib.util.find_spec(module) is None:
            yield Finding("package", name, "missing", "not installed", "uv sync")
        else:
            yield Finding("package", name, "ok", _version(name))
    for name, (module, purpose, fix) in EXTRAS.items():
        found = importlib.util.find_spec(module) is not None
        yield Finding(
            "extra",
            name,
            "ok" if found else "optional",
            _version(name) if found else f"not installed: {purpose}",
            "" if found else fix,
        )


def _pipelines() -> Iterable[Finding]:
    """Whether spaCy can split English into words, which mining needs; it needs no pipeline that must be downloaded."""
    if importlib.util.find_spec("spacy") is None:
        return
    try:
        import spacy

        spacy.blank("en")
    except Exception as error:  # a broken installation fails in ways of its own
        yield Finding("package", "spaCy, English", "missing", f"cannot be loaded ({line(str(error))[:80]})", "uv sync --reinstall")
    else:
        yield Finding("package", "spaCy, English", "ok", "rules alone; no pipeline is downloaded")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "installed from source"


def _devices() -> Iterable[Finding]:
    if importlib.util.find_spec("torch") is None:
        return
    import torch

    yield Finding(
        "device",
        "cpu",
        "ok",
        f"{counted(os.cpu_count() or 1, 'logical core')}, torch uses {counted(torch.get_num_threads(), 'thread')}",
    )
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            props = torch.cuda.get_device_properties(i)
            yield Finding("device", f"cuda:{i}", "ok", f"{props.name}, {props.total_memory / 2**30:.0f} GiB")
    elif torch.backends.mps.is_available():
        yield Finding("device", "mps", "ok", "Apple GPU")
    else:
        yield Finding(
            "device",
            "gpu",
            "optional",
            "none found: everything runs on the CPU, training of large bases is slow",
            "use a machine with a GPU",
        )


def _weights() -> Iterable[Finding]:
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = sorted(r.repo_id for r in scan_cache_dir().repos if r.repo_type == "model")
    except CacheNotFound:
        repositories = []
    shown = ", ".join(repositories[:6]) + (f" and {len(repositories) - 6} more" if len(repositories) > 6 else "")
    fix = "" if repositories else "models named by a Hub id are fetched on first use, or give --model and --base a folder"
    yield Finding("weights", f"Hub cache {constants.HF_HUB_CACHE}", "ok" if repositories else "optional", shown or "empty", fix)
    folder = os.environ.get("CYTO_WEIGHTS", "")
    if folder:
        there = Path(folder).is_dir()
        yield Finding(
            "weights",
            "CYTO_WEIGHTS",
            "ok" if there else "optional",
            folder,
            "" if there else "the folder does not exist: correct the variable",
        )


def _base() -> Iterable[Finding]:
    """Whether `train-lora` can run without --base."""
    from inspect import signature

    from cytoscribe.training.cli import train_lora
    from cytoscribe.training.model.base_models import missing_weights

    name = signature(train_lora).parameters["base"].default
    missing = missing_weights(name)
    yield Finding(
        "weights",
        f"default --base {name}",
        "optional" if missing else "ok",
        "; ".join(what for what, _ in missing) or "its weights are here",
        "; ".join([*(fix for _, fix in missing), "or give --base tiny for a trial"]) if missing else "",
    )


def _servers(timeout_s: float) -> Iterable[Finding]:
    yield _server(os.environ.get("CYTO_ENDPOINT", DEFAULT_ENDPOINT), "models", timeout_s, _serving())
    if os.environ.get("HF_HUB_OFFLINE", "") in {"1", "true", "yes", "on"}:
        yield Finding("server", HUB, "optional", "HF_HUB_OFFLINE is set", "unset HF_HUB_OFFLINE to fetch or publish")
    else:
        yield _server(os.environ.get("HF_ENDPOINT", HUB), "", timeout_s, "work with local folders")


def _serving() -> str:
    """How a language model can be served from here."""
    if importlib.util.find_spec("vllm") is None:
        return "start a server elsewhere and name it with --endpoint or CYTO_ENDPOINT; --model template needs none"
    return "serve-llm MODEL; --model template needs none"


def _server(url: str, path: str, timeout_s: float, fix: str) -> Finding:
    """Whether anything answers at the URL, if only to say that it wants a key; so none is sent to a server that was not chosen."""
    try:
        get(Address(url, keyed=False), path, timeout_s)
    except InputError as error:
        return Finding("server", shown(url), "optional", error.what, error.fix)
    except TransientError as error:
        return Finding("server", shown(url), "optional", str(error), fix)
    return Finding("server", shown(url), "ok", "answers")


def _disk() -> Iterable[Finding]:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    yield Finding(
        "disk",
        str(Path.cwd()),
        "ok" if free > _ROOM else ("optional" if free > _LEAST_ROOM else "missing"),
        f"{free:.1f} GiB free",
        "" if free > _ROOM else f"free {_ROOM:g} GiB for models of the Hub and large runs",
    )


def doctor(
    json_: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds to wait for each server.")] = 2.0,
) -> None:
    """Say what is installed, which devices, weights and servers can be reached, and what to do about each gap.

    Exit code 0 where papers can be mined and a model trained here, if only a small one; 1 where something that both need is missing.
    """
    findings = examine(timeout)
    if json_:
        import json

        typer.echo(json.dumps([asdict(f) for f in findings], indent=2))
    else:
        _show(findings)
    if any(f.status == "missing" for f in findings):
        raise typer.Exit(1)


def _show(findings: list[Finding]) -> None:
    """A table of short texts; what to do follows below it, line by line, so that commands and addresses can be copied whole."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("", "what", "found", box=None, pad_edge=False)
    marks = {"ok": "[green]ok[/]", "optional": "[yellow]--[/]", "missing": "[red]!![/]"}
    for f in findings:
        table.add_row(marks[f.status], Text(f.name, overflow="fold"), Text(f.detail, overflow="fold"))
    console = Console()
    console.print(table)
    if any(f.fix for f in findings):
        console.print("\nWhat to do, where you need it:")
    for f in findings:
        if f.fix:
            console.print(f"  {f.name}: {f.fix}", markup=False, highlight=False, soft_wrap=True)
