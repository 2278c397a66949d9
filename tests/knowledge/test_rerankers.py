"""The contract for every kind of reranker, and how one is opened."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from munshi.bot.llm import open_chat_model
from munshi.knowledge.base import Encoder, KnowledgeError, Reranker
from munshi.knowledge.cross_encoder import open_cross_encoder
from munshi.knowledge.index import Index
from munshi.knowledge.rerank import MaxSimReranker
from munshi.knowledge.rerank_cross_encoder import CrossEncoderReranker
from munshi.knowledge.reranker_blend import Blended, Cosine, best_share, blended
from munshi.knowledge.reranker_metrics import Correlations
from munshi.knowledge.reranker_model import RerankerCard, write_card
from munshi.knowledge.rerankers import RerankerParts, open_reranker, open_scorer
from tests.knowledge.cross_encoders import bert_folder, onnx_folder
from tests.knowledge.reranker_contract import PASSAGES, KeepsTheContract, hits
from tests.servers.language_model import LanguageModelServer


@pytest.fixture
def parts(tmp_path: Path) -> RerankerParts:
    return RerankerParts(home=tmp_path / "home")


class TestMaxSim(KeepsTheContract):
    @pytest.fixture
    def reranker(self, encoder: Encoder) -> Reranker:
        return MaxSimReranker(Index.from_passages(PASSAGES, encoder), encoder)


class TestCrossEncoder(KeepsTheContract):
    @pytest.fixture(scope="class")
    def folder(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("cross")

    @pytest.fixture(scope="class", params=["one", "two", "onnx"])
    @classmethod
    def reranker(cls, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reranker:
        root = tmp_path_factory.mktemp("cross")
        make = {
            "one": lambda: bert_folder(root / "one"),
            "two": lambda: bert_folder(root / "two", labels=2),
            "onnx": lambda: onnx_folder(root / "onnx"),
        }[request.param]
        parts = RerankerParts(home=root / "home", threads=2)
        return open_reranker(f"cross_encoder:{make()}", parts)

    def test_the_order_it_is_given_in_changes_nothing(self, reranker: Reranker) -> None:
        one = reranker.rerank("clutch plate", hits(0, 1, 2), top_k=3)
        other = reranker.rerank("clutch plate", hits(2, 0, 1), top_k=3)
        assert [(hit.passage.id, hit.rerank) for hit in one] == [(hit.passage.id, hit.rerank) for hit in other]


class TestTogetherWithTheCosine(KeepsTheContract):
    @pytest.fixture
    def reranker(self, parts: RerankerParts, encoder: Encoder, tmp_path: Path) -> Reranker:
        model = open_cross_encoder(bert_folder(tmp_path / "one"), home=parts.home)
        return CrossEncoderReranker(Blended(model, encoder, 0.4))


class TestListwise(KeepsTheContract):
    @pytest.fixture
    def reranker(self, parts: RerankerParts, language_model_server: LanguageModelServer) -> Reranker:
        language_model_server.answer = lambda _prompt: '{"order": [3, 1]}'
        model = open_chat_model(language_model_server.spec("openai"), timeout=10)
        return open_reranker("listwise", RerankerParts(parts.home, model=model))


def test_a_trained_one_is_found_by_its_name(parts: RerankerParts, tmp_path: Path) -> None:
    bert_folder(tmp_path / "models" / "mine")
    named = RerankerParts(parts.home, models=tmp_path / "models")
    assert isinstance(open_reranker("cross_encoder:mine", named), CrossEncoderReranker)


# Together with the encoder's cosine

QUERY, ASKED = "clutch plate", ["brake pads", "clutch warranty", "brake pads", ""]


def trained_beside(encoder: str, share: float, folder: Path) -> Path:
    same = Correlations(1.0, 1.0)
    cosine = Cosine(encoder, share, same, None)
    write_card(bert_folder(folder), RerankerCard("minilm", {}, {}, "0" * 64, None, None, "", cosine))
    return folder


def test_the_cosine_has_the_share_that_the_folder_names(encoder: Encoder, parts: RerankerParts, tmp_path: Path) -> None:
    folder = trained_beside(encoder.name, 0.3, tmp_path / "model")
    own = open_cross_encoder(folder, home=parts.home).score(QUERY, ASKED)
    served = open_scorer(folder, replace(parts, encoder=encoder))
    cosine = encoder.encode(ASKED) @ encoder.encode([QUERY])[0]
    for _ in range(2):
        np.testing.assert_allclose(served.score(QUERY, ASKED), 0.7 * own + 0.3 * cosine, atol=1e-6)
    assert served.score(QUERY, []).shape == (0,)


def test_without_its_own_encoder_it_is_asked_alone_and_that_is_told_once(
    encoder: Encoder, parts: RerankerParts, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = trained_beside("another", 0.3, tmp_path / "other")
    own = open_cross_encoder(other, home=parts.home).score(QUERY, ASKED).tolist()
    for given in (None, encoder):
        caplog.clear()
        served = open_scorer(other, replace(parts, encoder=given))
        assert served.score(QUERY, ASKED).tolist() == served.score(QUERY, ASKED).tolist() == own
        assert len(caplog.messages) == 1
        assert "another" in caplog.text


def test_a_folder_without_a_share_is_asked_alone(
    encoder: Encoder, parts: RerankerParts, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain, none = bert_folder(tmp_path / "plain"), trained_beside("another", 0.0, tmp_path / "none")
    for folder in (plain, none):
        own = open_cross_encoder(folder, home=parts.home).score(QUERY, ASKED).tolist()
        assert open_scorer(folder, replace(parts, encoder=encoder)).score(QUERY, ASKED).tolist() == own
    assert not caplog.messages


@pytest.mark.parametrize(
    "cosine", ["much", 3, [], {"share": 0.2}, {"encoder": "a", "share": "half"}, {"encoder": "a", "share": 2}]
)
def test_a_share_that_is_none_is_told(cosine: object, encoder: Encoder, parts: RerankerParts, tmp_path: Path) -> None:
    folder = trained_beside(encoder.name, 0.3, tmp_path / "model")
    manifest = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    (folder / "model.json").write_text(json.dumps(manifest | {"cosine": cosine}), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="train the reranker again"):
        open_reranker(f"cross_encoder:{folder}", replace(parts, encoder=encoder))


def test_the_share_goes_along_best_with_the_labels() -> None:
    rng = np.random.default_rng(0)
    labels = rng.random(200)
    own, cosine = (labels + rng.normal(scale=0.2, size=200) for _ in range(2))
    assert best_share(labels, cosine, labels.tolist()) == 0.0
    assert best_share(own, labels, labels.tolist()) == 1.0
    assert 0.3 <= best_share(own, cosine, labels.tolist()) <= 0.7
    assert best_share(own, own, labels.tolist()) == 0.0
    assert blended(own, cosine, 0.0).tolist() == own.tolist()


@pytest.mark.parametrize(
    "spec",
    ["", "cross_encoder", "cross_encoder:/nowhere/at all", "maxsim", "maxsim:x", "listwise", "ब्रेक"],
)
def test_what_cannot_be_opened_is_told_in_one_line(spec: str, parts: RerankerParts) -> None:
    with pytest.raises(KnowledgeError) as told:
        open_reranker(spec, parts)
    assert "\n" not in str(told.value)
    assert any(remedy in str(told.value) for remedy in ("maxsim", "check the setting", "MUNSHI_LLM"))
