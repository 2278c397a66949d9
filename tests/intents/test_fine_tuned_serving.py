"""Serving a fine-tuned classifier, without torch: a random little BERT stands where the trained one would."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from munshi.intents.base import IntentError, TrainingDataError
from munshi.intents.examples import Examples
from munshi.intents.fine_tuned import FineTunedClassifier
from munshi.intents.fine_tuned_file import GRAPH, HEAD, LABELS, MANIFEST, TOKENIZER, Facts, write_head
from munshi.intents.fine_tuned_fit import class_means, learn
from munshi.intents.registry import Training, factory, loader
from munshi.intents.support import Support
from munshi.intents.training_split import Split, class_weights
from munshi.intents.trial import OUTSIDE
from munshi.knowledge import training_extra
from munshi.knowledge.encoder_graph import Bert, BertConfig, bert_graph
from munshi.knowledge.encoder_onnx import OnnxEncoder
from munshi.knowledge.weights import EncoderFolder, minilm_folder
from tests.intents.contract import ClassifierContract, Train, check

DIM, TOKENS = 16, 64


def random_bert() -> Bert:
    """One layer of noise: texts of like words get like vectors all the same."""
    random = np.random.default_rng(0)
    layer = "encoder.layer.0"
    shapes = {
        "embeddings.word_embeddings": (30522, DIM),
        "embeddings.position_embeddings": (TOKENS, DIM),
        "embeddings.token_type_embeddings": (1, DIM),
        **{f"{layer}.attention.self.{part}": (DIM, DIM) for part in ("query", "key", "value")},
        f"{layer}.attention.output.dense": (DIM, DIM),
        f"{layer}.intermediate.dense": (2 * DIM, DIM),
        f"{layer}.output.dense": (DIM, 2 * DIM),
    }
    norms = ("embeddings", f"{layer}.attention.output", f"{layer}.output")
    tensors = {f"{name}.weight": 0.1 * random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    tensors["embeddings.word_embeddings.weight"] *= 10
    tensors |= {f"{name}.bias": np.zeros(shape[0], np.float32) for name, shape in shapes.items()}
    tensors |= {f"{name}.LayerNorm.weight": np.ones(DIM, np.float32) for name in norms}
    tensors |= {f"{name}.LayerNorm.bias": np.zeros(DIM, np.float32) for name in norms}
    return Bert(BertConfig(num_hidden_layers=1, hidden_size=DIM, num_attention_heads=2), tensors)


def write_untrained(examples: Examples, folder: Path, prepare: Callable[[str], str] = str) -> Path:
    """A whole folder, its head the class means of a random encoder."""
    folder.mkdir(exist_ok=True)
    onnx.save(bert_graph(random_bert()), folder / GRAPH)
    shutil.copyfile(minilm_folder().tokenizer, folder / TOKENIZER)
    support = Support.of(examples, prepare)
    split = Split.stratified(support, seed=0)
    files = EncoderFolder("", folder, "", {}, "mean", TOKENS, folder / GRAPH, {})
    vectors = OnnxEncoder(files, folder / GRAPH, name="", threads=1).encode(support.texts)
    weights = 20 * class_means(vectors[split.train], support.owners[split.train], len(support.intents))
    head = weights, np.zeros(len(weights), np.float32)
    write_head(
        folder, *learn(support, split, vectors, head, false_accept=0.01), Facts("random", 0, "fp32", 1.0, TOKENS)
    )
    return folder


class TestServing(ClassifierContract):
    @pytest.fixture(scope="class")
    @classmethod
    def train(cls, tmp_path_factory: pytest.TempPathFactory) -> Train:
        return lambda examples: FineTunedClassifier.load(write_untrained(examples, tmp_path_factory.mktemp("model")))

    def test_three_hundred_intents(self, train: Train) -> None:
        # Three hundred that differ in a number are more than a random encoder tells apart.
        texts = tuple(f"please {verb} item number {at}" for at in range(300) for verb in ("order", "show"))
        trained = train(Examples(texts, tuple(f"item_{text.split()[-1]}" for text in texts)))
        for made in trained.classify([texts[0], texts[-1], ""]):
            check(made, trained, trained.intents)


@pytest.fixture(scope="module")
def kept(shop: Examples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_untrained(shop, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return shutil.copytree(kept, tmp_path / "model")


def test_what_is_kept_is_the_same(kept: Path, shop: Examples, tmp_path: Path) -> None:
    trained = loader("fine_tuned")(kept, Training())
    (tmp_path / "card.md").write_text("the folder's own")
    trained.save(tmp_path)
    again = loader("fine_tuned")(tmp_path, Training())
    assert again.classify(shop.texts) == trained.classify(shop.texts)
    assert again.thresholds == trained.thresholds
    assert {path.name for path in tmp_path.iterdir()} == {GRAPH, TOKENIZER, HEAD, LABELS, MANIFEST, "card.md"}


def test_every_intent_has_a_threshold_of_its_own(kept: Path, shop: Examples) -> None:
    assert set(loader("fine_tuned")(kept, Training()).thresholds.accept) == set(shop.intents)


def test_texts_are_prepared(kept: Path) -> None:
    plain, loud = (loader("fine_tuned")(kept, Training(prepare=prepare)) for prepare in (str, lambda text: text[::-1]))
    assert loud.classify(["redro ym si erehw"]) == plain.classify(["where is my order"])


@pytest.mark.parametrize("name", [GRAPH, TOKENIZER, HEAD, LABELS, MANIFEST])
@pytest.mark.parametrize("harm", ["missing", "empty", "flipped", "folder"])
def test_a_damaged_folder_is_refused_in_one_line(folder: Path, name: str, harm: str) -> None:
    whole = bytearray((folder / name).read_bytes())
    (folder / name).unlink()
    if harm == "empty":
        (folder / name).touch()
    elif harm == "flipped":
        whole[0] ^= 1
        (folder / name).write_bytes(whole)
    elif harm == "folder":
        (folder / name).mkdir()
    with pytest.raises(IntentError, match=r"train the classifier again") as caught:
        FineTunedClassifier.load(folder)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "manifest", ["[]", "{}", "null", '{"version": 1}', '{"version": 1, "sha256": []}', '{"version": 99}']
)
def test_a_manifest_that_says_nothing_is_refused(folder: Path, manifest: str) -> None:
    (folder / MANIFEST).write_text(manifest)
    with pytest.raises(IntentError, match="train the classifier again"):
        FineTunedClassifier.load(folder)


def test_an_edited_part_is_refused(folder: Path) -> None:
    labels = json.loads((folder / LABELS).read_text())
    labels["intents"][0], labels["intents"][1] = labels["intents"][1], labels["intents"][0]
    (folder / LABELS).write_text(json.dumps(labels))
    with pytest.raises(IntentError, match="changed"):
        FineTunedClassifier.load(folder)


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(IntentError, match="nowhere"):
        FineTunedClassifier.load(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    trained = FineTunedClassifier.load(folder)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(IntentError, match="kept"):
        trained.save(tmp_path / "file" / "model")
    shutil.rmtree(folder)
    with pytest.raises(IntentError, match="kept"):
        trained.save(tmp_path / "other")


def test_serving_imports_nothing_to_train_with(kept: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from munshi.intents.registry import Training, loader;"
        f"c = loader('fine_tuned')(Path({str(kept)!r}), Training());"
        "assert c.classify(['where is my order'])[0].intent;"
        "assert not {'torch', 'transformers', 'scipy', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# What is held out


def split_of(sizes: dict[str, int], outside: int = 0) -> tuple[Support, Split]:
    texts = [f"{name} {number}" for name, size in sizes.items() for number in range(size)]
    labels = [name for name, size in sizes.items() for _ in range(size)]
    strangers = tuple(f"other {number}" for number in range(outside))
    support = Support.of(Examples(tuple(texts), tuple(labels), strangers), str)
    return support, Split.stratified(support, seed=3)


@pytest.mark.parametrize(
    ("sizes", "outside"),
    [({"a": 100, "b": 50, "c": 10}, 0), ({"a": 7, "b": 7}, 5), ({f"i{at}": 2 for at in range(300)}, 0)],
)
def test_a_split_takes_its_share_of_each_intent(sizes: dict[str, int], outside: int) -> None:
    support, split = split_of(sizes, outside)
    assert sorted([*split.train, *split.validation]) == list(range(len(support.texts)))
    assert (split.validation < support.real).all()
    for number, name in enumerate(support.intents):
        taken = np.count_nonzero(support.owners[split.validation] == number)
        assert taken <= sizes[name] / 2
        assert abs(taken - 0.1 * sizes[name]) <= 1
    assert 0.08 * support.real <= len(split.validation)


@pytest.mark.parametrize(("sizes", "outside"), [({"a": 1, "b": 1}, 0), ({"a": 1, "b": 1}, 20)])
def test_what_is_single_is_not_held_out(sizes: dict[str, int], outside: int) -> None:
    _, split = split_of(sizes, outside)
    assert not len(split.validation)
    assert len(split.tested)


def test_rare_classes_count_more_but_not_beyond_measure() -> None:
    owners = np.array([0] * 90 + [1] * 10 + [OUTSIDE] * 50)
    frequent, rare = class_weights(owners, 2)
    assert frequent < 1 < rare < 9 * frequent


def test_nothing_to_learn_from_is_told_before_torch_is_looked_for() -> None:

    with pytest.raises(TrainingDataError, match="examples"):
        factory("fine_tuned")(Examples((), ()), Training())


def test_the_train_extra_is_asked_for_by_name(shop: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_extra, "NEEDED", ("no_such_library",))
    with pytest.raises(IntentError, match=r"no_such_library.*train"):
        factory("fine_tuned")(shop, Training())
