"""The card shows names as text, and makes `datasets` see that captions changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cytoscribe.captions.card import CardFacts, write_card
from cytoscribe.captions.dataset import write_dataset
from cytoscribe.captions.evidence import CitedPaper
from cytoscribe.core.records import Caption

FACTS = CardFacts("mined", ["template"], 0, 77, {}, [], {}, False)
HOSTILE = "<img src=x onerror=alert(1)> [V1](javascript:alert(1))\n\n# Licence\u2028| x | ![p](http://tracker/p.png) `c`"


def _caption(number: int, region: str = "BA4", text: str = "It is agranular.") -> Caption:
    return Caption(f"c{number}", region, text, text, "short", "own", "template", ("made-1",), 8, 1.0)


def test_names_are_no_markup(tmp_path: Path) -> None:
    from markdown_it import MarkdownIt

    facts = CardFacts(
        HOSTILE,
        [HOSTILE],
        0,
        77,
        {HOSTILE: 1},
        [HOSTILE],
        {HOSTILE: "1 of 2"},
        False,
        [CitedPaper(HOSTILE, HOSTILE, HOSTILE, HOSTILE, True)],
        short=[HOSTILE],
    )
    card = write_card([_caption(1, HOSTILE)], [], facts)
    body = card.split("---\n", 2)[2]
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    assert "<img" not in shown
    assert "<a " not in shown
    assert "<h1>Licence" not in shown
    assert card.count("\n# ") == 1


def _rows(folders: list[Path], cache: Path) -> list[list[str]]:
    code = (
        "import datasets, json, sys\n"
        "for folder in sys.argv[1:]:\n"
        "    print('ROWS', json.dumps(list(datasets.load_dataset(folder, split='train')['caption'])))"
    )
    env = {**os.environ, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code, *map(str, folders)], env=env, capture_output=True, text=True, check=True)
    return [json.loads(line[5:]) for line in done.stdout.split("\n") if line.startswith("ROWS ")]


@pytest.mark.slow
@pytest.mark.parametrize("config", ["default", "long"])
def test_two_folders_of_one_name_and_a_folder_that_changed_load_as_they_are(tmp_path: Path, config: str) -> None:
    first, second = tmp_path / "a" / "captions", tmp_path / "b" / "captions"

    def write(folder: Path, texts: list[str]) -> None:
        captions = [_caption(i, text=t) for i, t in enumerate(texts)]
        long = captions if config == "long" else []
        write_dataset(folder, captions, long, [], write_card(captions, long, FACTS))

    write(first, ["one", "two"])
    write(second, ["six", "ten"])
    assert _rows([first, second], tmp_path / "cache") == [["one", "two"], ["six", "ten"]]
    write(first, ["one", "ten"])
    assert _rows([first, second, first], tmp_path / "cache") == [["one", "ten"], ["six", "ten"], ["one", "ten"]]
