"""Fine-tuning on tiny random encoders: the contract, every kind of base, stops and starts. And once on the real one."""

from __future__ import annotations

import json
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from munshi.intents import training
from munshi.intents.base import IntentError
from munshi.intents.examples import Examples
from munshi.intents.fine_tuned import FineTunedClassifier
from munshi.intents.fine_tuned_file import GRAPH, HEAD, MANIFEST
from munshi.intents.registry import Savable, Training, factory, loader
from munshi.intents.support import Support
from munshi.intents.training import fine_tune
from munshi.intents.training_settings import Settings
from munshi.knowledge import training_work
from munshi.knowledge.weights import minilm_folder
from tests.intents.conftest import DESCRIPTIONS, WANTED
from tests.intents.contract import LearnsFromExamples, Train

pytestmark = pytest.mark.train

PT = {"format": "pt"}
QUICK = Settings(rounds=4, round_texts=200, rate=1e-3)
SIZES: dict[str, dict[str, Any]] = {
    "bert": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    "xlm-roberta": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 140,
        "pad_token_id": 1,
    },
    "albert": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
}


def tiny_base(kind: str, folder: Path) -> Path:
    """A random encoder of that kind, as Hugging Face saves one."""
    torch = pytest.importorskip("torch", reason="needs the train extra")
    transformers = pytest.importorskip("transformers", reason="needs the train extra")
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(kind, vocab_size=30522, **SIZES[kind])
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    shutil.copy(minilm_folder().tokenizer, folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    pytest.importorskip("torch", reason="needs the train extra").set_num_threads(1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base("bert", tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def shop() -> Examples:
    pairs = [(text, name) for name, texts in WANTED.items() for text in texts]
    return Examples(tuple(text for text, _ in pairs), tuple(label for _, label in pairs), (), DESCRIPTIONS)


def fine_tuned(
    examples: Examples,
    base: Path,
    work: Path,
    settings: Settings = QUICK,
    progress: Callable[[str], None] = lambda _text: None,
) -> FineTunedClassifier:
    return FineTunedClassifier.load(fine_tune(Support.of(examples, str), base, work, settings, progress))


class TestTiny(LearnsFromExamples):
    @pytest.fixture(scope="class")
    @classmethod
    def train(cls, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Train:
        return lambda examples: fine_tuned(examples, base, tmp_path_factory.mktemp("work"))


@pytest.mark.parametrize("kind", ["distilbert", "xlm-roberta"])
def test_other_kinds_of_encoder_are_written_as_they_are(kind: str, shop: Examples, tmp_path: Path) -> None:
    # A graph that does not do what torch does is refused, so there is one only where the two agree.
    trained = fine_tuned(shop, tiny_base(kind, tmp_path / "base"), tmp_path / "work")
    made = trained.classify(shop.texts)
    right = sum(prediction.intent == label for prediction, label in zip(made, shop.labels, strict=True))
    assert right > 0.5 * len(made)
    assert trained.classify(["where is my order " * 600])[0].intent is not None


def test_a_kind_that_cannot_be_written_is_refused_before_any_training(shop: Examples, tmp_path: Path) -> None:
    with pytest.raises(IntentError, match=r"albert.*distilbert"):
        fine_tuned(shop, tiny_base("albert", tmp_path / "base"), tmp_path / "work")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_damaged_base_is_named(name: str, base: Path, shop: Examples, tmp_path: Path) -> None:
    broken = shutil.copytree(base, tmp_path / "base")
    (broken / name).write_bytes(b"{")
    with pytest.raises(IntentError, match="base"):
        fine_tuned(shop, broken, tmp_path / "work")


def test_weights_that_lack_a_part_are_not_made_up(base: Path, shop: Examples, tmp_path: Path) -> None:
    broken = shutil.copytree(base, tmp_path / "base")
    tensors = load_file(broken / "model.safetensors")
    lost = next(name for name in tensors if name.endswith("attention.self.query.weight"))
    save_file({name: tensor for name, tensor in tensors.items() if name != lost}, broken / "model.safetensors", PT)
    with pytest.raises(IntentError, match="query"):
        fine_tuned(shop, broken, tmp_path / "work")


def test_a_missing_base_is_named(shop: Examples, tmp_path: Path) -> None:
    with pytest.raises(IntentError, match="nowhere"):
        fine_tuned(shop, tmp_path / "nowhere", tmp_path / "work")


# Stops and starts

KILLED = """
import os, pickle, signal, sys
from pathlib import Path
import torch
from munshi.intents.training import fine_tune
torch.set_num_threads(1)
support, base, work, settings, word = pickle.loads(sys.stdin.buffer.read())
def progress(text):
    if text.startswith(word):
        os.kill(os.getpid(), signal.SIGKILL)
fine_tune(support, base, work, settings, progress)
"""
PATIENT = replace(QUICK, rounds=4, patience=9)


def kill_at(word: str, support: Support, base: Path, work: Path) -> None:
    """Train in another process that is killed as soon as its progress says so."""
    told = pickle.dumps((support, base, work, PATIENT, word))
    child = subprocess.run([sys.executable, "-c", KILLED], input=told, capture_output=True, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()


def head_of(folder: Path) -> np.ndarray[Any, Any]:
    return load_file(folder / HEAD)["weights"]


def test_a_killed_training_goes_on_and_ends_where_it_would_have(base: Path, shop: Examples, tmp_path: Path) -> None:
    support = Support.of(shop, str)
    whole = fine_tune(support, base, tmp_path / "whole", PATIENT, lambda _text: None)
    work = tmp_path / "killed"
    kill_at("Training: 80", support, base, work)
    checkpoints = sorted((work / "checkpoints").iterdir(), key=lambda path: path.stat().st_mtime)
    # As if the kill had come while the last one was being written.
    (checkpoints[-1] / training_work.WHOLE).unlink()
    (checkpoints[-1] / "model.safetensors").write_bytes(b"half")
    said: list[str] = []
    resumed = fine_tune(support, base, work, PATIENT, said.append)
    assert checkpoints[-2].name in said[0]
    np.testing.assert_array_equal(head_of(resumed), head_of(whole))
    assert not (work / "checkpoints").exists()


def test_what_is_done_is_not_done_again(base: Path, shop: Examples, tmp_path: Path) -> None:
    first = fine_tuned(shop, base, tmp_path)
    said: list[str] = []
    again = fine_tuned(shop, base, tmp_path, progress=said.append)
    assert not said
    assert again.classify(shop.texts) == first.classify(shop.texts)


def test_a_model_that_was_damaged_in_its_work_folder_is_made_again(base: Path, shop: Examples, tmp_path: Path) -> None:
    first = fine_tuned(shop, base, tmp_path)
    (tmp_path / "model" / GRAPH).write_bytes(b"half")
    assert fine_tuned(shop, base, tmp_path).classify(shop.texts) == first.classify(shop.texts)


def test_another_training_starts_anew(base: Path, shop: Examples, tmp_path: Path) -> None:
    kill_at("Training: 80", Support.of(shop, str), base, tmp_path)
    (tmp_path / "notes.txt").write_text("the owner's own")
    for examples, settings in ((Examples(shop.texts[1:], shop.labels[1:]), PATIENT), (shop, replace(PATIENT, seed=1))):
        said: list[str] = []
        fine_tune(Support.of(examples, str), base, tmp_path, settings, said.append)
        assert not any("Going on" in text for text in said)
        assert any("Round 1 " in text for text in said)
    assert (tmp_path / "notes.txt").exists()


def test_two_trainings_do_not_share_a_folder(base: Path, shop: Examples, tmp_path: Path) -> None:
    def progress(_text: str) -> None:
        with pytest.raises(IntentError, match="another training"):
            fine_tuned(shop, base, tmp_path)

    fine_tuned(shop, base, tmp_path, progress=progress)


def test_a_folder_that_cannot_be_written_is_named(base: Path, shop: Examples, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(IntentError, match="file"):
        fine_tuned(shop, base, blocked / "work")


# What it learns


def test_texts_out_of_scope_are_heeded(base: Path, shop: Examples, tmp_path: Path) -> None:
    noise = tuple(f"{word} {number}" for number in range(8) for word in ("cricket score", "sing a song", "rain today"))
    told = fine_tuned(replace(shop, out_of_scope=noise), base, tmp_path)
    outside = told.classify(["cricket score 11", "sing a song 12", "rain today 13"])
    inside = told.classify(shop.texts)
    assert told.intents == shop.intents
    assert np.mean([made.in_scope for made in outside]) < np.mean([made.in_scope for made in inside])
    # Where nothing fits, no intent should look likely.
    assert np.mean([made.confidence for made in outside]) < np.mean([made.confidence for made in inside])


def test_progress_is_told_and_nothing_is_printed(
    base: Path, shop: Examples, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    fine_tuned(shop, base, tmp_path, progress=said.append)
    assert any("100 %" in text for text in said)
    assert all("\n" not in text for text in said)
    assert capfd.readouterr() == ("", "")


def test_int8_that_decides_otherwise_is_not_served(
    base: Path, shop: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = fine_tune(Support.of(shop, str), base, tmp_path / "small", QUICK, lambda _text: None)
    monkeypatch.setattr(training, "MIN_AGREEMENT", 1.1)
    said: list[str] = []
    exact = fine_tune(Support.of(shop, str), base, tmp_path / "exact", QUICK, said.append)
    told = [json.loads((folder / MANIFEST).read_text())["precision"] for folder in (small, exact)]
    assert told == ["int8", "fp32"]
    assert any("fp32" in text for text in said)
    assert (exact / GRAPH).stat().st_size > 2 * (small / GRAPH).stat().st_size


def test_a_training_without_a_folder_can_be_kept(base: Path, shop: Examples, tmp_path: Path) -> None:
    trained = factory("fine_tuned")(shop, Training(base=base, seed=1, prepare=str.upper))
    assert isinstance(trained, Savable)
    trained.save(tmp_path / "kept")
    again = loader("fine_tuned")(tmp_path / "kept", Training(prepare=str.upper))
    assert again.classify(shop.texts) == trained.classify(shop.texts)


def test_the_real_encoder_learns_a_shop(shop: Examples, tmp_path: Path) -> None:
    support = Support.of(shop, str)
    settings = Settings(seed=1, rounds=2, round_texts=300)
    trained = FineTunedClassifier.load(fine_tune(support, None, tmp_path, settings, lambda _text: None))
    asked = (
        "has my parcel left yet",
        "what do you charge for a clutch",
        "open tomorrow?",
        "i dont want it, take it back",
    )
    wanted = ("order_status", "check_price", "opening_hours", "return_part")
    made = trained.classify(asked)
    assert tuple(each.intent for each in made) == wanted
    elsewhere = trained.classify(["who won the cricket match", "write me a poem", "capital of france"])
    assert max(each.in_scope for each in elsewhere) < min(each.in_scope for each in made)


# Together with few-shot


def test_an_ensemble_learns_is_kept_and_read_again(base: Path, shop: Examples, tmp_path: Path) -> None:
    trained = factory("ensemble")(shop, Training(base=base, work=tmp_path / "work"))
    assert isinstance(trained, Savable)
    trained.save(tmp_path / "kept")
    again = loader("ensemble")(tmp_path / "kept", Training())
    assert again.classify(shop.texts) == trained.classify(shop.texts)
    assert again.thresholds == trained.thresholds
    (tmp_path / "kept" / "fine_tuned" / HEAD).unlink()
    with pytest.raises(IntentError, match=HEAD):
        loader("ensemble")(tmp_path / "kept", Training())
