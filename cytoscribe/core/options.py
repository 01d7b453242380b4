"""Options that every stage spells alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytoscribe.core import choices

Out = Annotated[
    Path,
    typer.Option("--out", help="Folder for the results; made where it is missing. The same command on the same folder resumes."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything drawn at random.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Start over where --out holds a run with other settings.")]

_RUNNING = "Where a language model runs"
Endpoint = Annotated[
    str,
    typer.Option(
        "--endpoint",
        help="URL of an OpenAI-compatible server (http://host:8000/v1), its key in CYTO_API_KEY; empty: in this process.",
        rich_help_panel=_RUNNING,
    ),
]
Concurrency = Annotated[int, typer.Option("--concurrency", min=1, help="Requests in flight at a server.", rich_help_panel=_RUNNING)]
Timeout = Annotated[
    float, typer.Option("--timeout", min=1.0, help="Seconds a request to a server may take.", rich_help_panel=_RUNNING)
]
Retries = Annotated[
    int,
    typer.Option(
        "--retries", min=0, help="How often a request that fails is sent again, with doubling waits.", rich_help_panel=_RUNNING
    ),
]
Patience = Annotated[
    float,
    typer.Option(
        "--patience",
        min=0.0,
        help="Seconds that a server which went away is waited for; 0 ends the run at once.",
        rich_help_panel=_RUNNING,
    ),
]
Engine = Annotated[
    choices.Engine,
    typer.Option(
        "--engine",
        help="auto, vllm or transformers; auto takes vLLM where it is installed and a GPU is there.",
        rich_help_panel=_RUNNING,
    ),
]
TensorParallel = Annotated[
    int, typer.Option("--tensor-parallel", min=1, help="GPUs that share one model (vLLM).", rich_help_panel=_RUNNING)
]
Eager = Annotated[
    bool,
    typer.Option(
        "--eager", help="vLLM does not compile: quicker to start, slower to run; off by default.", rich_help_panel=_RUNNING
    ),
]
BatchSize = Annotated[int, typer.Option("--batch-size", min=1, help="Prompts a batch (transformers).", rich_help_panel=_RUNNING)]
Aliases = Annotated[
    Path | None, typer.Option("--aliases", help="JSON file of short model names of your own.", rich_help_panel=_RUNNING)
]
Strict = Annotated[bool, typer.Option("--strict", help="End at the first bad item. Off: it is named, counted and passed over.")]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify",
        help="Hash inputs above 64 MiB whole and compare them with what an earlier start of this run read. Off: by size, time and "
        "samples; smaller ones are always hashed whole.",
    ),
]
