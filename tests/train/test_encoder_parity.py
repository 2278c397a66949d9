"""Our graph against sentence-transformers on the same weights."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.weights import minilm_folder

pytestmark = pytest.mark.train

HAND_PICKED = (
    "",
    " ",
    "ok",
    "Do you deliver to Navi Mumbai?",
    "mera order kab tak aayega bhai",
    "क्या आप नवी मुंबई में डिलीवरी करते हैं?",
    "ब्याज दर क्या है और न्यूनतम शेष कितना है?",
    "👍👍 😡 ₹5,000/- 100% ✅",
    "مرحبا كيف حالك",
    "zero\u200bwidth \u202e bidi \ufeff mark",
    "ﬁne ½ ①  ｆｕｌｌ",
    "\x00\x01 control \x7f",
    "a" * 300,
    "www.example.com/?q=1&r=2#top",
    "clutch plate " * 2000,
    "!" * 1000,
)


@pytest.fixture(scope="module")
def peer() -> Any:
    """sentence-transformers' own reading of the weights."""
    library = pytest.importorskip("sentence_transformers", reason="needs the train extra")
    return library.SentenceTransformer(str(minilm_folder().path), device="cpu")


@pytest.fixture(scope="module")
def texts(data_dir: Path) -> list[str]:
    """Questions in English and Hindi, paragraphs longer than the model reads, and what people should not type."""
    picked: list[str] = []
    for language in ("en", "hi"):
        articles = json.loads((data_dir / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
        paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
        questions = [entry["question"] for paragraph in paragraphs for entry in paragraph["qas"]]
        picked += random.Random(1).sample(questions, 80)
        picked += random.Random(2).sample([paragraph["context"] for paragraph in paragraphs], 25)
    return [*HAND_PICKED, *picked]


def test_fp32_is_the_same_model(peer: Any, texts: list[str], home: Path) -> None:
    ours = open_encoder("minilm", home=home, precision="fp32")
    assert ours
    assert len(texts) >= 200
    theirs = peer.encode(texts, normalize_embeddings=True)
    assert (ours.encode(texts) * theirs).sum(axis=1).min() >= 0.9999


def test_fp32_token_vectors_are_the_same(peer: Any, home: Path) -> None:
    ours = open_encoder("minilm", home=home, precision="fp32")
    assert ours
    for text in HAND_PICKED:
        theirs = peer.encode([text], output_value="token_embeddings")[0].numpy()
        theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
        mine = ours.encode_tokens([text])[0]
        assert mine.shape == theirs.shape
        assert (mine * theirs).sum(axis=1).min() >= 0.9999


def test_int8_stays_near(peer: Any, texts: list[str], home: Path) -> None:
    ours = open_encoder("minilm", home=home)
    assert ours
    theirs = peer.encode(texts, normalize_embeddings=True)
    near = (ours.encode(texts) * theirs).sum(axis=1)
    assert near.mean() >= 0.995
    assert near.min() >= 0.98
