"""Publishing: dry run, privacy, what goes up, and the same captions back through the real client."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cytoscribe.captions.dataset import read_captions
from cytoscribe.captions.evidence import EVIDENCE, ClaimEvidence, quotable
from cytoscribe.captions.generation import GenerateSettings, generate
from cytoscribe.captions.publish import PublishSettings, files_of, preview, publish
from cytoscribe.cli import command, run
from cytoscribe.core.errors import CytoscribeError, InputError
from cytoscribe.core.records import Claim
from cytoscribe.core.tables import read_records, write_records
from cytoscribe.literature_mining.report.html import Paper
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


@pytest.mark.slow
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


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model folder with everything that belongs to it, and what a training run leaves beside."""
    folder = tmp_path / "model"
    for name in (*MODEL, *LEFT):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * 3)
    return folder


MODEL = {
    "README.md",
    "config.json",
    "regions.json",
    "calibration.json",
    "calibration.safetensors",
    "adapter/adapter_config.json",
    "adapter/adapter_model.safetensors",
    "merged/open_clip_config.json",
    "merged/open_clip_model.safetensors",
}
LEFT = {"images.csv", "run.json", ".lock", ".shards/state.safetensors", "curves.png"}


def test_a_model_folder_goes_up_whole_and_comes_back_equal(
    hub: FakeHub, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import hf_hub_download

    assert run(command("publish-model"), [str(model), "--repo", "me/model", "--dry-run", "--endpoint", hub.url]) == 0
    assert not hub.repos
    assert run(command("publish-model"), [str(model), "--repo", "me/model", "--endpoint", hub.url]) == 0
    shown = capfd.readouterr()
    assert f"{hub.url}/models/me/model/commit/" in shown.out
    assert TOKEN not in shown.out + shown.err
    assert set(hub.repos["models/me/model"]) == MODEL
    assert hub.private["models/me/model"]
    for name in MODEL:
        back = hf_hub_download("me/model", name, endpoint=hub.url, cache_dir=tmp_path / "cache", token=TOKEN)
        assert Path(back).read_bytes() == (model / name).read_bytes()


def test_the_token_is_never_printed_or_stored(
    hub: FakeHub, dataset: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [str(dataset), "--repo", "me/captions", "--endpoint", hub.url]
    assert run(command("publish-captions"), [*arguments, "--dry-run"]) == 0
    assert run(command("publish-captions"), [*arguments, "--public"]) == 0
    assert not hub.private["datasets/me/captions"]
    assert run(command("publish-captions"), arguments) == 2  # what should be private does not go where everybody reads
    monkeypatch.setenv("HF_TOKEN", "hf_wrongfortests")
    assert run(command("publish-captions"), [*arguments, "--public"]) == 2
    shown = capfd.readouterr()
    assert "the repository is public already" in shown.err
    assert "check HF_TOKEN" in shown.err
    for token in (TOKEN, "hf_wrongfortests"):
        assert token not in shown.out + shown.err
        assert not any(token.encode() in p.read_bytes() for p in dataset.rglob("*") if p.is_file())


def _with_papers(mined: Path, licences: dict[str, str]) -> Path:
    """The mining run with its claims dealt to papers of these licences, each with a sentence of its own."""
    names = list(licences)
    claims = [
        dataclasses.replace(c, document=names[i % len(names)], sentence=f"Sentence {i} of {names[i % len(names)]}.")
        for i, c in enumerate(read_records(mined / "claims.parquet", Claim))
    ]
    write_records(mined / "claims.parquet", Claim, claims)
    papers = [Paper(n, f"On {n}", ("Ada Grey", "Bo Nissl"), 2020, f"10.1/{n}", licence) for n, licence in licences.items()]
    write_records(mined / "papers.parquet", Paper, papers)
    return mined


@pytest.mark.slow
def test_only_papers_whose_licence_allows_it_are_quoted_and_only_when_asked(mined: Path, tmp_path: Path) -> None:
    licences = {"a.pdf": "CC BY 4.0", "b.xml": "CC BY-NC-ND 4.0", "c.md": ""}
    _with_papers(mined, licences)
    plain, quoted = tmp_path / "plain", tmp_path / "quoted"
    assert run(command("generate-captions"), ["--descriptions", str(mined), "--out", str(plain)]) == 0
    assert run(command("generate-captions"), ["--descriptions", str(mined), "--out", str(quoted), "--quotations"]) == 0
    assert not any(e.quotation for e in read_records(plain / EVIDENCE, ClaimEvidence))
    assert "Sentence" not in (plain / "README.md").read_text()
    evidence = read_records(quoted / EVIDENCE, ClaimEvidence)
    assert {e.document for e in evidence} == set(licences)
    assert all(e.licence == licences[e.document] for e in evidence)
    assert all(e.quotation.startswith("Sentence") == (e.document == "a.pdf") for e in evidence)
    card = (quoted / "README.md").read_text()
    assert "| Grey et al. 2020: On a.pdf | 10.1/a.pdf | CC BY 4.0 | sentences quoted |" in card
    assert "| Grey et al. 2020: On b.xml | 10.1/b.xml | CC BY-NC-ND 4.0 | ids and pages |" in card
    assert "| Grey et al. 2020: On c.md | 10.1/c.md | not known | ids and pages |" in card
    assert "0 of " in card.split("Leaks:")[1].splitlines()[0]


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("CC BY 4.0", True),
        ("CC BY-SA 3.0", True),
        ("CC0 1.0", True),
        ("CC0", True),
        ("cc by", True),
        ("CC BY-NC 4.0", False),
        ("CC BY-ND 4.0", False),
        ("CC BY-NC-SA 4.0", False),
        ("", False),
        ("This article is copyright of its publisher. Not CC BY.", False),
    ],
)
def test_which_licences_allow_quotations(licence: str, allowed: bool) -> None:
    assert quotable(licence) == allowed


def test_a_wrong_token_and_a_hub_that_is_away_are_one_clear_line(
    hub: FakeHub, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(InputError, match="refuses") as refused:
        publish(PublishSettings(dataset, "me/captions", endpoint=hub.url))
    assert "hf_wrong" not in str(refused.value)
    with pytest.raises(CytoscribeError, match="cannot be reached"):
        publish(PublishSettings(dataset, "me/captions", endpoint="http://127.0.0.1:9"))


def test_a_hub_that_is_switched_off_says_how_to_switch_it_on(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=r"HF_HUB_OFFLINE.*unset"):
        publish(PublishSettings(dataset, "me/captions", endpoint="http://127.0.0.1:9"))


def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no card"):
        files_of(PublishSettings(tmp_path, "me/captions"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["me/a b", "me//captions", "a/b/c", "me/..", "me/x--y", "-me/x"])
def test_a_name_that_the_hub_would_refuse_is_refused_in_a_dry_run(
    dataset: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command("publish-captions"), [str(dataset), f"--repo={name}", "--dry-run"]) == 2
    assert "not a repository name" in capsys.readouterr().err
