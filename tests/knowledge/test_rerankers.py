"""The contract for every kind of reranker, and how one is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from munshi.bot.llm import open_chat_model
from munshi.knowledge.base import Encoder, KnowledgeError, Reranker
from munshi.knowledge.index import Index
from munshi.knowledge.rerank import MaxSimReranker
from munshi.knowledge.rerank_cross_encoder import CrossEncoderReranker
from munshi.knowledge.rerankers import RerankerParts, open_reranker
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


@pytest.mark.parametrize(
    "spec",
    ["", "cross_encoder", "cross_encoder:/nowhere/at all", "maxsim", "maxsim:x", "listwise", "ब्रेक"],
)
def test_what_cannot_be_opened_is_told_in_one_line(spec: str, parts: RerankerParts) -> None:
    with pytest.raises(KnowledgeError) as told:
        open_reranker(spec, parts)
    assert "\n" not in str(told.value)
    assert any(remedy in str(told.value) for remedy in ("maxsim", "check the setting", "MUNSHI_LLM"))
