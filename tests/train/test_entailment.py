"""Zero-shot by entailment on a tiny NLI model made on the spot: its weights are random, its form is a real one's."""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from munshi.intents.base import IntentError
from munshi.intents.examples import Examples
from munshi.intents.metrics import expected_calibration_error
from munshi.intents.registry import Training, factory, loader
from munshi.intents.zero_shot_entailment import EntailmentClassifier, train
from tests.intents.conftest import DESCRIPTIONS, WANTED
from tests.intents.contract import STRANGE, ClassifierContract, Train, check

pytestmark = pytest.mark.train

NAME = "zero_shot_entailment"
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789?.,'"
WORDS = ("the", "customer", "asks", "where", "order", "price", "open", "return", "part", "shop", "what", "is", "wants")


@pytest.fixture(scope="session")
def shop() -> Examples:
    pairs = [(text, label) for label, texts in WANTED.items() for text in texts]
    return Examples(tuple(text for text, _ in pairs), tuple(label for _, label in pairs), (), DESCRIPTIONS)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as one downloads it: a BERT with the three labels of natural language inference."""
    transformers = pytest.importorskip("transformers", reason="needs the train extra")
    torch = pytest.importorskip("torch", reason="needs the train extra")
    folder = tmp_path_factory.mktemp("nli") / "tiny-nli"
    folder.mkdir()
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    (folder / "vocab.txt").write_text("\n".join(tokens), encoding="utf-8")
    transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=len(tokens),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        initializer_range=0.5,
        id2label={0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"},
        label2id={"CONTRADICTION": 0, "NEUTRAL": 1, "ENTAILMENT": 2},
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


class TestEntailment(ClassifierContract):
    @pytest.fixture(scope="class")
    @classmethod
    def train(cls, base: Path) -> Train:
        return lambda examples: factory(NAME)(examples, Training(base=base))

    # Random weights understand nothing, so that these can only be held to a valid prediction.

    def test_one_example_an_intent_is_enough(self, train: Train) -> None:
        examples = Examples(("where is my order", "price of brake pads"), ("order", "price"))
        trained = train(examples)
        for text in STRANGE:
            check(trained.classify([text])[0], trained, examples.intents)

    def test_a_single_intent_can_be_told_from_nothing(self, train: Train) -> None:
        trained = train(Examples(("where is my order", "track my parcel"), ("order", "order")))
        assert [made.intent for made in trained.classify(["where is my order", ""])] == ["order", None]

    def test_three_hundred_intents(self, train: Train) -> None:
        labels = tuple(f"item_{at}" for at in range(300))
        trained = train(Examples(labels, labels))
        check(trained.classify(["please show item 7"])[0], trained, labels)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a network: whoever tries to reach it fails the test."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("quiet")
def test_nothing_is_fetched(base: Path, shop: Examples) -> None:
    assert factory(NAME)(shop, Training(base=base)).classify(["where is my order"])[0].intent in shop.intents


@pytest.fixture(scope="module")
def calibrated(base: Path, shop: Examples) -> EntailmentClassifier:
    """Trained on enough examples to learn from."""
    return train(replace(shop, texts=shop.texts * 2, labels=shop.labels * 2), Training(base=base))


def test_a_classifier_that_is_kept_is_the_same(base: Path, calibrated: EntailmentClassifier, tmp_path: Path) -> None:
    calibrated.save(tmp_path)
    again = loader(NAME)(tmp_path, Training(base=base))
    assert again.classify(["where is my order"]) == calibrated.classify(["where is my order"])
    assert again.thresholds == calibrated.thresholds
    with pytest.raises(IntentError, match="train"):
        loader(NAME)(tmp_path, Training(base=base.parent))


def test_examples_teach_a_model_that_knows_nothing_to_doubt(
    base: Path, shop: Examples, calibrated: EntailmentClassifier
) -> None:
    raw = train(shop, Training(base=base)).classify(shop.texts)
    taught = calibrated.classify(shop.texts)
    right = [made.intent == label for made, label in zip(raw, shop.labels, strict=True)]
    before, after = (expected_calibration_error([made.confidence for made in each], right) for each in (raw, taught))
    assert after < before


def test_intents_with_one_description_share_its_score(base: Path) -> None:
    same = Examples(("a", "b"), ("x", "y"), (), {"x": "The customer asks.", "y": "The customer asks."})
    first, second = factory(NAME)(same, Training(base=base)).classify(["what is the price"])[0].ranked
    assert (first, second) == (("x", 0.5), ("y", 0.5))


# What is wrong with a folder


def test_a_missing_base_is_told(shop: Examples, tmp_path: Path) -> None:
    for base in (None, tmp_path, tmp_path / "nowhere", "distilbert-base-uncased-mnli"):
        with pytest.raises(IntentError, match="NLI model"):
            factory(NAME)(shop, Training(base=base and Path(base)))


def test_a_model_of_another_kind_is_told(base: Path, shop: Examples, tmp_path: Path) -> None:
    other = shutil.copytree(base, tmp_path / "sentiment")
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    config |= {"id2label": {"0": "good", "1": "bad", "2": "so-so"}, "label2id": {"good": 0, "bad": 1, "so-so": 2}}
    (other / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(IntentError, match="so-so"):
        factory(NAME)(shop, Training(base=other))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00rubbish" * 9], ids=["empty", "cut", "rubbish"])
def test_a_damaged_folder_is_told_in_one_line(
    base: Path, shop: Examples, tmp_path: Path, name: str, content: bytes
) -> None:
    broken = shutil.copytree(base, tmp_path / "broken")
    (broken / name).write_bytes(content)
    with pytest.raises(IntentError) as told:
        factory(NAME)(shop, Training(base=broken))
    assert str(broken) in str(told.value)
    assert "\n" not in str(told.value)
