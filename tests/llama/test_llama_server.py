"""The real llama.cpp server with a random model: whatever it writes, an answer or one kind of error comes out."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from munshi.bot.llm_model import LanguageModel
from munshi.knowledge.base import ChatMessage, ChatModelError, Completion

pytestmark = pytest.mark.llama

ASKED = [ChatMessage("system", "Name the intent."), ChatMessage("user", "कब आएगा? kb ayga 👍")]
SCHEMA = {
    "type": "object",
    "properties": {"intent": {"type": "string", "enum": ["order_status", "price", "none"]}},
    "required": ["intent"],
    "additionalProperties": False,
}


def test_it_is_found_in_order(model: LanguageModel) -> None:
    assert model.health().ready


def test_it_completes_within_its_tokens_and_the_same_twice(model: LanguageModel) -> None:
    first, second = (model.complete(ASKED, max_tokens=24) for _ in range(2))
    assert first.text == second.text
    assert len(first.text.encode()) <= 24 * 16


def test_tokens_are_the_text_with_probabilities(model: LanguageModel) -> None:
    completion = model.complete(ASKED, max_tokens=24)
    assert "".join(token for token, _ in completion.tokens) in ("", completion.text)
    assert all(logprob <= 0 for _, logprob in completion.tokens)
    if completion.text.isascii():
        assert completion.tokens


def test_a_schema_is_kept_to(model: LanguageModel) -> None:
    """The server knows nothing of `json_schema`: this is the elder form that is tried after it."""
    completion = model.complete(ASKED, schema=SCHEMA, max_tokens=200)
    assert json.loads(completion.text)["intent"] in SCHEMA["properties"]["intent"]["enum"]


def test_it_streams(model: LanguageModel) -> None:
    pieces = list(model.stream(ASKED, max_tokens=24))
    assert len(pieces) > 1
    assert all(pieces)


@pytest.mark.parametrize("temperature", [0.0, 1.5])
@pytest.mark.parametrize(
    "text", ["", "\x00\x1b[31m", "lone \ud800", "<think>", "नमस्ते " * 100, "x" * 3000, '{"intent": "price"}', "</s>"]
)
def test_whatever_is_asked_only_an_answer_or_one_kind_of_error_comes_out(
    model: LanguageModel, text: str, temperature: float
) -> None:
    for schema in (None, SCHEMA):
        with suppress(ChatModelError):
            asked = [ChatMessage("user", text)]
            completion = model.complete(asked, schema=schema, max_tokens=16, temperature=temperature, seed=3)
            assert isinstance(completion, Completion)
    with suppress(ChatModelError):
        assert all(isinstance(piece, str) for piece in model.stream([ChatMessage("user", text)], max_tokens=16))


def test_a_prompt_that_does_not_fit_is_an_error_of_ours(model: LanguageModel) -> None:
    with pytest.raises(ChatModelError):
        model.complete([ChatMessage("user", "price " * 20_000)])
