"""The whole of `evaluate --captioner` and `describe --captioner` on drawn patterns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer.main

from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError
from cytoscribe.core.runs import read_json
from cytoscribe.core.tables import read_csv, read_images
from cytoscribe.eval.captioner.describer import CaptionSettings, captions, describe
from cytoscribe.eval.captioner.evaluator import CaptionEvaluateSettings, evaluate, lines
from cytoscribe.eval.captioner.texts import TextClassifier, beaten
from cytoscribe.training.captioner.folder import Captioner
from cytoscribe.training.captioner.settings import CaptionerSettings

Drawn = tuple[Path, Path]
assert typer.main


@pytest.fixture(scope="module")
def captioner(trained: CaptionerSettings, drawn: Drawn) -> Captioner:
    return Captioner.load(trained.out, embeddings=trained.embeddings, start=drawn[0].parent)


@pytest.mark.slow
def test_figures_come_with_intervals_and_beat_shuffled_images(captioner: Captioner, drawn: Drawn, tmp_path: Path) -> None:
    settings = CaptionEvaluateSettings(captioner.folder, drawn[0], tmp_path / "figures", bootstrap=50)
    results = evaluate(settings, captioner)
    told = read_json(tmp_path / "figures" / "metrics.json")
    assert told["captioner.label_match"] > 0.9
    assert told["captioner.label_match.n"] == 16
    assert told["shuffled.label_match"] < 0.7
    assert told.get("captioner.hallucination.after", 0) == 0  # absent where no caption states anything that the gate can read
    assert 0 <= told["captioner.open_set.auroc_joint"] <= 1
    for name in ("nearest", "frequent", "template"):
        assert f"baseline.{name}.label_match" in told
    assert {"captioner.masked_2way", "captioner.masked_all_way", "captioner.masked_likelihood_2way"} <= set(told)
    rows = read_csv(tmp_path / "figures" / "captions.csv", ["image_path", "caption"])
    assert len(rows) == 20
    assert len(lines(results, tmp_path)) > 20


def test_the_answer_says_label_caption_and_p_value(captioner: Captioner, drawn: Drawn) -> None:
    records = [r for r in read_images(drawn[0]) if r.split == "test"]
    missing = drawn[0].parent / "absent.png"
    settings = CaptionSettings(captioner.folder, (*(r.path for r in records), missing))
    found = list(describe(settings, captioner))
    assert np.mean([f.label == r.region for f, r in zip(found, records, strict=False)]) > 0.5
    assert found[-1].problem is not None
    accepted = next(f for f in found if f.problem is None and f.label != "unseen")
    assert "p = " in accepted.text()
    assert "caption:" in accepted.text()
    assert json.loads(accepted.json_line())["answer"] == accepted.label
    assert "~~" not in accepted.caption


def test_captions_may_be_held_to_those_of_the_region(captioner: Captioner, drawn: Drawn) -> None:
    found = captioner.encode([r for r in read_images(drawn[0]) if r.split == "test"])
    labels = captioner.labels(found.seen)
    known = {(c.region, f"{c.region}: {c.caption}") for c in captioner.knowledge.captions}
    named = [captioner.regions[k] for k in labels[:, :-1].argmax(1)]
    assert all((n, t) in known for n, t in zip(named, captions(captioner, found.seen, labels, "known"), strict=True))


def test_commands_take_a_captioner(
    captioner: Captioner, trained: CaptionerSettings, drawn: Drawn, capsys: pytest.CaptureFixture[str]
) -> None:
    path = next(r.path for r in read_images(drawn[0]) if r.split == "test")
    grids = str(_full_paths(trained, drawn))
    assert run(command("describe"), [str(path), "--captioner", str(captioner.folder), "--embeddings", grids, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["image"] == str(path)
    assert run(command("describe"), [str(path)]) == 2
    assert "either --model or --captioner" in capsys.readouterr().err
    assert run(command("describe"), [str(path), "--captioner", str(path.parent)]) == 2
    assert "not a captioner's folder" in capsys.readouterr().err


def _full_paths(trained: CaptionerSettings, drawn: Drawn) -> Path:
    assert trained.embeddings is not None
    with np.load(trained.embeddings) as stored:
        path = trained.embeddings.with_name("full.npz")
        np.savez(path, image_path=[str(drawn[0].parent / n) for n in stored["image_path"]], embedding=stored["embedding"])
    return path


def test_vectors_must_be_given_where_training_had_vectors(trained: CaptionerSettings) -> None:
    with pytest.raises(InputError, match="takes vectors"):
        Captioner.load(trained.out)


def test_an_unknown_decoding_is_named(trained: CaptionerSettings) -> None:
    with pytest.raises(InputError, match="unknown decoding"):
        replace(CaptionSettings(trained.out, ()), decoding="loud")


def test_the_words_tell_the_region(captioner: Captioner) -> None:
    classifier = TextClassifier(captioner.knowledge.captions, captioner.regions)
    masked = {
        r: next(c.masked_caption for c in captioner.knowledge.captions if c.region == r and "A " in c.masked_caption)
        for r in captioner.regions
    }
    scores = classifier.scores([masked[r] for r in captioner.regions])
    truth = np.arange(len(captioner.regions))
    assert (beaten(scores, truth) == 0).mean() > 0.7
    assert beaten(np.array([[0.1, 0.5, 0.5]]), np.array([1])).tolist() == [1.0]
