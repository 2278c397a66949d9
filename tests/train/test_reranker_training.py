"""Fine-tuning rerankers on tiny random encoders: kinds of base, stops and starts, and what is served in the end."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from munshi.knowledge.base import KnowledgeError
from munshi.knowledge.cross_encoder import open_cross_encoder
from munshi.knowledge.reranker_pairs import Pair
from munshi.knowledge.reranker_settings import RerankerSettings
from munshi.knowledge.reranker_training import WORK, RerankerLesson, train_reranker
from munshi.ui.cli import cli
from tests.train.test_fine_tuned_training import tiny_base

pytestmark = pytest.mark.train

QUICK = RerankerSettings(rounds=3, rate=3e-3, patience=9, max_tokens=32, first_rate=3e-3, rate_after=3e-3)
THINGS = ("clutch", "brake", "battery", "mirror", "wiper", "horn", "filter", "lamp")


def quiet(_text: str) -> None:
    pass


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    pytest.importorskip("torch", reason="needs the train extra").set_num_threads(1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base("bert", tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def lesson(base: Path) -> RerankerLesson:
    """A cheerful second text fits, a gloomy one does not."""
    pairs = [
        Pair(f"the {one}", f"{word} {other}", float(word == "good"), symmetric=True)
        for one in THINGS
        for other in THINGS
        for word in ("good", "bad")
    ]
    return RerankerLesson(pairs, base=base, settings=QUICK)


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize("kind", ["bert", "distilbert", "xlm-roberta"])
def test_what_is_learnt_is_served(kind: str, lesson: RerankerLesson, tmp_path: Path) -> None:
    # A graph that does not do what torch does is refused, so there is one only where the two agree.
    made = train_reranker(tmp_path / "out", replace(lesson, base=tiny_base(kind, tmp_path / "base")), quiet)
    assert made["dev"]["served"]["pearson"] > 0.8
    model = open_cross_encoder(tmp_path / "out", home=tmp_path / "home")
    good, bad = model.score("the clutch", ["good horn", "bad horn"])
    assert good > bad
    assert not (tmp_path / "out" / WORK).exists()


def test_hugging_face_reads_what_was_made(lesson: RerankerLesson, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    train_reranker(tmp_path / "out", lesson, quiet)
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    passages = ["good horn", "bad mirror wiper", ""]
    given = tokenizer(["the clutch"] * 3, passages, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = torch.sigmoid(theirs(**given).logits[:, 0]).numpy()
    ours = open_cross_encoder(tmp_path / "out", home=tmp_path / "home", precision="fp32")
    np.testing.assert_allclose(ours.score("the clutch", passages), expected, atol=1e-4)


def test_a_stopped_training_goes_on_and_ends_where_it_would_have(lesson: RerankerLesson, tmp_path: Path) -> None:
    train_reranker(tmp_path / "whole", lesson, quiet)

    def stop(text: str) -> None:
        if text.startswith("Round 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_reranker(tmp_path / "stopped", lesson, stop)
    assert [path.name for path in (tmp_path / "stopped").iterdir()] == [WORK]
    said: list[str] = []
    train_reranker(tmp_path / "stopped", lesson, said.append)
    assert any("Going on" in text for text in said)
    whole, stopped = weights(tmp_path / "whole"), weights(tmp_path / "stopped")
    assert all(np.array_equal(whole[name], stopped[name]) for name in whole)


def test_what_the_encoder_scored_is_learnt_first_and_once(lesson: RerankerLesson, tmp_path: Path) -> None:
    begun = replace(lesson, first=lesson.train[::3])
    said: list[str] = []

    def stop(text: str) -> None:
        said.append(text)
        if text.startswith("Round 1"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_reranker(tmp_path / "stopped", begun, stop)
    assert any("cosine" in text for text in said)
    said.clear()
    made = train_reranker(tmp_path / "stopped", begun, said.append)
    assert not any("cosine" in text for text in said)
    assert made["dev"]["served"]["pearson"] > 0.8
    train_reranker(tmp_path / "whole", begun, quiet)
    train_reranker(tmp_path / "without", lesson, quiet)
    stopped, whole, without = (weights(tmp_path / name) for name in ("stopped", "whole", "without"))
    assert all(np.array_equal(whole[name], stopped[name]) for name in whole)
    assert not all(np.array_equal(whole[name], without[name]) for name in whole)


def test_it_learns_in_bfloat16_too(lesson: RerankerLesson, tmp_path: Path) -> None:
    made = train_reranker(tmp_path / "out", replace(lesson, settings=replace(QUICK, bf16=True)), quiet)
    assert made["dev"]["served"]["pearson"] > 0.8


def test_a_made_reranker_can_be_taught_more(lesson: RerankerLesson, tmp_path: Path) -> None:
    train_reranker(tmp_path / "first", lesson, quiet)
    once = replace(QUICK, rounds=1, rate=1e-6)
    again = train_reranker(tmp_path / "more", replace(lesson, base=tmp_path / "first", settings=once), quiet)
    assert again["dev"]["served"]["pearson"] > 0.8


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"{"])
def test_a_damaged_base_is_named(name: str, content: bytes | None, lesson: RerankerLesson, tmp_path: Path) -> None:
    assert lesson.base
    broken = shutil.copytree(lesson.base, tmp_path / "base")
    if content is None:
        (broken / name).unlink()
    else:
        (broken / name).write_bytes(content)
    with pytest.raises(KnowledgeError, match="base"):
        train_reranker(tmp_path / "out", replace(lesson, base=broken), quiet)
    assert not (tmp_path / "out" / "model.json").exists()


def test_what_cannot_be_learnt_or_kept_is_told(lesson: RerankerLesson, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="scores"):
        train_reranker(tmp_path / "out", replace(lesson, train=[Pair("a", "b", 1.0)] * 9), quiet)
    (tmp_path / "notes.txt").write_text("the owner's own")
    with pytest.raises(KnowledgeError, match="not empty"):
        train_reranker(tmp_path, lesson, quiet)
    with pytest.raises(KnowledgeError, match=r"albert.*distilbert"):
        train_reranker(tmp_path / "out", replace(lesson, base=tiny_base("albert", tmp_path / "albert")), quiet)


def test_the_command_learns_from_a_file_and_from_the_pack(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUNSHI_ENCODER", "none")
    rows = "".join(f"the {one},{word} {one},{5 * (word == 'good')}\n" for one in THINGS for word in ("good", "bad"))
    (tmp_path / "pairs.csv").write_text(rows, encoding="utf-8")

    def run(*arguments: str) -> dict[str, Any]:
        done = CliRunner().invoke(
            cli, ["train", "reranker", *arguments, "--base", str(base), "--rounds", "1", "--json"]
        )
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    pairs = str(tmp_path / "pairs.csv")
    one = run("--train", pairs, "--dev", pairs, "--test", pairs, "--out", str(tmp_path / "out"))
    assert one["test"]["pairs"] == 16
    assert one["sources"] == {"pairs.csv": 16}
    assert "--rounds 1" in one["command"]
    monkeypatch.setenv("MUNSHI_ENCODER", "minilm")
    first = run("--train", pairs, "--dev", pairs, "--imitate", "40", "--bf16", "--out", str(tmp_path / "first"))
    assert first["sources"]["the encoder's cosine"] > 0
    assert "--imitate 40 --bf16" in first["command"]
    assert one["cosine"] is None
    assert 0 <= first["cosine"]["share"] <= 1
    assert first["cosine"]["test"] is None
    chosen = first["cosine"]["dev"]
    assert sum(chosen.values()) >= sum(first["dev"]["served"].values()) - 1e-6
    monkeypatch.setenv("MUNSHI_ENCODER", "none")
    pack = run("--business", "dummy-bank")
    assert pack["dev"]["pairs"] > 0
    assert Path(pack["folder"]).parent.name == "rerankers"
    refused = CliRunner().invoke(cli, ["train", "reranker", "--train", pairs, "--out", str(tmp_path / "out")])
    assert refused.exit_code == 1
    assert "not empty" in refused.stderr
