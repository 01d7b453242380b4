"""Publishing: dry run, privacy, what goes up, and the same captions back through the real client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from captions.dataset import read_captions
from captions.generate import GenerateSettings, generate
from captions.publish import PublishSettings, files_of, preview, publish
from cytoscribe.errors import CytoscribeError, InputError
from tests.captions.fake_hub import FakeHub

TOKEN = "hf_secretfortests"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    server = FakeHub(TOKEN)
    yield server
    server.stop()


@pytest.fixture
def dataset(mined: Path, tmp_path: Path) -> Path:
    generate(GenerateSettings(out=tmp_path / "out", descriptions=mined, per_region=6))
    return tmp_path / "out"


def test_only_the_dataset_goes_up_and_the_dry_run_shows_it(dataset: Path) -> None:
    settings = PublishSettings(dataset, "me/captions")
    names = {str(f) for f in files_of(settings)}
    assert {"README.md", "data/train-00000-of-00001.parquet", "evidence.parquet"} <= names
    assert not any("rejected" in n or "run.json" in n or ".shards" in n for n in names)
    shown = preview(settings)
    assert shown.startswith("private dataset me/captions")
    assert "configs:" in shown


def test_published_captions_come_back_equal_through_the_real_client(hub: FakeHub, dataset: Path, tmp_path: Path) -> None:
    url = publish(PublishSettings(dataset, "me/captions", endpoint=hub.url))
    assert url.startswith(hub.url)
    assert hub.private["datasets/me/captions"]
    script = (
        "import datasets, json; d = datasets.load_dataset('me/captions', split='train');"
        "print('ROWS ' + json.dumps([[r['caption_id'], r['caption'], r['claim_ids']] for r in d]))"
    )
    env = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hub"), "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0"}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = json.loads(next(x for x in done.stdout.splitlines() if x.startswith("ROWS "))[5:])
    assert rows == [[c.caption_id, c.caption, list(c.claim_ids)] for c in read_captions(dataset)]
    assert TOKEN.encode() not in b"".join(hub.repos["datasets/me/captions"].values())


def test_a_wrong_token_and_a_hub_that_is_away_are_one_clear_line(
    hub: FakeHub, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(InputError, match="refuses") as refused:
        publish(PublishSettings(dataset, "me/captions", endpoint=hub.url))
    assert "hf_wrong" not in str(refused.value)
    with pytest.raises(CytoscribeError, match="cannot be reached"):
        publish(PublishSettings(dataset, "me/captions", endpoint="http://127.0.0.1:9"))


def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no card"):
        files_of(PublishSettings(tmp_path, "me/captions"))
