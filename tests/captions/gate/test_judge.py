"""The second opinion: a cross-encoder built here, a language model on the fake server, and what becomes of their verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cytoscribe.captions.dataset import Rejected
from cytoscribe.captions.gate.judge import Opinion, open_judge
from cytoscribe.captions.gate.judge_llm import read_answer
from cytoscribe.captions.gate.judge_nli import NliJudge, statements
from cytoscribe.captions.generation import JUDGED, GenerateSettings, NoCaptionsError, generate
from cytoscribe.cli import command, run
from cytoscribe.core.errors import InputError
from cytoscribe.core.tables import read_records
from cytoscribe.llm.models import BackendSettings
from cytoscribe.llm.server import ServerSettings
from tests.captions.fake_server import serving

WORDS = ["layer", "cells", "is", "the", "area", "in", "of", "a", "with", "absent", "giant", "betz", "agranular", "iv", "v", "vi"]


def write_encoder(folder: Path, says: str, labels: tuple[str, ...] = ("contradiction", "entailment", "neutral")) -> Path:
    """A cross-encoder with random weights whose bias makes it always say the same; the order of its labels is unusual."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    BertTokenizer(str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    config = BertConfig(
        vocab_size=5 + len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)),
        label2id={n: i for i, n in enumerate(labels)},
    )
    torch.manual_seed(0)
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.bias[:] = torch.tensor([8.0 if n == says else 0.0 for n in labels])
    model.save_pretrained(folder, safe_serialization=True)
    return folder


def _settings(mined: Path, out: Path, judge: str, **more: Any) -> GenerateSettings:
    return GenerateSettings(out=out, descriptions=mined, per_region=3, judge=judge, **more)


@pytest.mark.slow
def test_captions_that_a_cross_encoder_calls_entailed_are_kept(mined: Path, tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "nli", "entailment")
    result = generate(_settings(mined, tmp_path / "out", f"nli:{encoder}"))
    assert len(result.captions) == 6
    opinions = read_records(tmp_path / "out" / JUDGED, Opinion)
    assert {o.caption_id for o in opinions} == {c.caption_id for c in (*result.captions, *result.long)}
    assert all(o.agrees and o.judge == "nli:nli" and o.score is not None and o.score > 0.9 for o in opinions)
    assert "Second opinion by nli:nli on 6 captions" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.slow
def test_captions_that_a_cross_encoder_calls_contradicted_are_rejected_with_the_reason(
    mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = write_encoder(tmp_path / "nli", "contradiction")
    out = tmp_path / "out"
    arguments = ["--descriptions", str(mined), "--per-region", "3", "--attempts", "2", "--styles", "textbook"]
    assert run(command("generate-captions"), [*arguments, "--judge", f"nli:{encoder}", "--out", str(out)]) == 1
    assert "all 12 captions were rejected: judge 12" in capsys.readouterr().err
    reasons = [r.reason for r in read_records(out / "rejected.parquet", Rejected)]
    assert all(r.startswith("judge: '") and "contradicts its sources (entailment 0.00" in r for r in reasons)
    assert not list(out.glob("data/*"))
    assert len(read_records(out / JUDGED, Opinion)) == 12


@pytest.mark.slow
def test_opinions_are_not_asked_for_twice(mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = write_encoder(tmp_path / "nli", "entailment")
    first = generate(_settings(mined, tmp_path / "out", f"nli:{encoder}"))
    asked: list[int] = []
    real = NliJudge._probabilities
    monkeypatch.setattr(NliJudge, "_probabilities", lambda self, pairs: (asked.append(len(pairs)), real(self, pairs))[1])
    again = generate(_settings(mined, tmp_path / "out", f"nli:{encoder}"))
    assert again.outcome.opinions == first.outcome.opinions
    assert not any(asked)


def test_a_cross_encoder_reads_claims_against_statements(mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs: list[tuple[str, str]] = []
    real = NliJudge._probabilities
    monkeypatch.setattr(NliJudge, "_probabilities", lambda self, asked: (pairs.extend(asked), real(self, asked))[1])
    generate(_settings(mined, tmp_path / "out", f"nli:{write_encoder(tmp_path / 'nli', 'entailment')}"))
    assert pairs
    assert all(premise.endswith(".") and hypothesis for premise, hypothesis in pairs)
    assert any("Betz" in premise for premise, _ in pairs)
    assert statements("What is layer IV like? It is absent; layer V is broad. 'Tis all.") == [
        "It is absent",
        "layer V is broad.",
        "'Tis all.",
    ]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("oracle", "unknown judge 'oracle'"),
        ("nli:", "unknown judge"),
        ("nli:/nowhere", "cross-encoder cannot be loaded"),
        ("llm", "no language model to judge with"),
    ],
)
def test_a_judge_that_cannot_be_had_is_one_clear_line(mined: Path, tmp_path: Path, spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        generate(_settings(mined, tmp_path / "out", spec))
    assert not (tmp_path / "out").exists()


def test_a_model_whose_labels_say_nothing_is_no_judge(tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "nli", "LABEL_1", ("LABEL_0", "LABEL_1", "LABEL_2"))
    with pytest.raises(InputError, match="no labels for entailment"):
        open_judge(f"nli:{encoder}", {}, BackendSettings())


@pytest.mark.parametrize(
    ("text", "agrees", "reason"),
    [
        ('{"faithful": "yes", "reason": ""}', True, ""),
        ('Sure: ```json\n{"faithful": "no", "reason": "adds Betz\\n cells"}```', False, "adds Betz cells"),
        ("<think>hm, yes</think>No, layer II is not among the facts.", False, "layer II is not among the facts."),
        ("Yes.", True, ""),
        ("no", False, "the judge says no, without a reason"),
        ('{"faithful": "perhaps"}', False, 'the judge\'s answer cannot be read ({"faithful": "perhaps"})'),
        ("", False, "the judge's answer cannot be read (empty)"),
    ],
)
def test_answers_are_read(text: str, agrees: bool, reason: str) -> None:
    assert read_answer(text) == (agrees, reason)


@pytest.mark.slow
def test_a_language_model_judges_what_another_writes(mined: Path, tmp_path: Path) -> None:
    with serving() as server:
        settings = BackendSettings(server=ServerSettings(server.url, send_seed=True))
        more: dict[str, Any] = {
            "structured": True,
            "models": ("tiny",),
            "backend": settings,
            "styles": ("textbook",),
            "attempts": 2,
        }
        kept = generate(_settings(mined, tmp_path / "kept", "llm", **more))
        assert kept.captions
        assert all(o.agrees for o in kept.outcome.opinions)
        judged = [b for b in server.bodies if "<caption>" in b["messages"][1]["content"]]
        assert len(judged) == len(kept.outcome.opinions)
        assert all(b["temperature"] == 0 for b in judged)
        forms = {tuple(b["response_format"]["json_schema"]["schema"]["required"]) for b in judged}
        assert forms == {("faithful", "reason")}
        asked = server.count
        assert generate(_settings(mined, tmp_path / "kept", "llm", **more)).captions == kept.captions
        assert server.count == asked
        server.judgement = json.dumps({"faithful": "no", "reason": "adds a trait"})
        with pytest.raises(NoCaptionsError, match="judge: adds a trait"):
            generate(_settings(mined, tmp_path / "refused", "llm", **more))
        assert any("adds a trait" in b["messages"][1]["content"] for b in server.bodies)


def test_a_judge_that_does_not_answer_ends_the_run(mined: Path, tmp_path: Path) -> None:
    with serving() as server:
        server.faults = dict.fromkeys(range(7, 40), 400)
        settings = BackendSettings(server=ServerSettings(server.url, send_seed=True, retries=0))
        with pytest.raises(InputError, match="the judge does not answer"):
            generate(_settings(mined, tmp_path / "out", "llm:tiny", models=("tiny",), backend=settings, styles=("textbook",)))
