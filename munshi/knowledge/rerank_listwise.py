"""Reranking by a language model, which is shown the list and names an order (Sun et al., 2023, arXiv:2304.09542)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from munshi.knowledge.base import ChatMessage, ChatModel, ChatModelError, Hit
from munshi.knowledge.prompting import cut, prompt_file, quoted
from munshi.knowledge.views import as_is, token_views

KEY = "order"
PROMPT = "listwise.v1.txt"
# So many passages are shown; what comes after them keeps its place.
WINDOW = 20
# What the passages may take together in bytes of UTF-8, and the most of each that is shown. With the rest of the prompt
# that is some 3,000 tokens, which any model can take.
BUDGET, PASSAGE_BYTES = 8000, 800
QUESTION_BYTES = 1000
_TOKENS_A_NUMBER, _TOKENS_BESIDE = 4, 32


class ListwiseReranker:
    """Reranks by asking a language model for the order; whatever goes wrong, the hits stay as they came.

    Numbers that stand for no passage, and repeats, are passed over; passages that were not named follow in their old
    order. `score` and `rerank` are then the place in the list: 1 for the first, falling in even steps.
    """

    def __init__(self, model: ChatModel, *, timeout: float | None = None, mask: Callable[[str], str] = str) -> None:
        """`timeout`, in seconds, is the most that an answer may take; None for the model's own. `mask` hides what is
        private in a question: the model sees none but through it.
        """
        self._model = model
        self._mask = mask
        self._timeout = timeout

    def rerank(self, query: str, hits: Sequence[Hit], *, top_k: int) -> list[Hit]:
        """The best `top_k` of `hits`. Without `rerank` filled in where the model gave no order."""
        shown = hits[:WINDOW]
        if top_k <= 0 or len(shown) < 2 or not query.strip():
            return list(hits[: max(top_k, 0)])
        named = self._asked(query, shown)
        if not named:
            return list(hits[:top_k])
        order = [*named, *(place for place in range(len(hits)) if place not in set(named))]
        marks = [1 - place / len(order) for place in range(len(order))]
        ordered = [replace(hits[i], score=mark, rerank=mark) for i, mark in zip(order, marks, strict=True)]
        return ordered[:top_k]

    def _asked(self, query: str, shown: Sequence[Hit]) -> list[int]:
        """The places that the model named, best first, counted from 0; empty where it failed or talked rubbish."""
        try:
            answer = self._model.complete(
                messages(self._mask(query), shown),
                schema=order_schema(len(shown)),
                max_tokens=_TOKENS_BESIDE + _TOKENS_A_NUMBER * len(shown),
                timeout=self._timeout,
            )
        except ChatModelError:
            return []
        return parse_order(answer.text, len(shown))


def messages(query: str, shown: Sequence[Hit]) -> tuple[ChatMessage, ChatMessage]:
    """System and user message; passages are numbered from 1, and cut so far that there is room for all."""
    size = min(PASSAGE_BYTES, BUDGET // len(shown))
    texts = [quoted(cut(token_views(hit.passage, as_is)[0], size)) for hit in shown]
    listed = "\n".join(f"{number}: {text}" for number, text in enumerate(texts, 1))
    system, user = prompt_file("munshi.knowledge", PROMPT)
    values = {"passages": listed, "question": quoted(cut(query, QUESTION_BYTES))}
    return ChatMessage("system", system.template), ChatMessage("user", user.substitute(values))


def order_schema(count: int) -> Mapping[str, Any]:
    """The JSON schema of an answer: an object with a list of numbers from 1 to `count` under `KEY`."""
    number = {"type": "integer", "minimum": 1, "maximum": count}
    numbers = {"type": "array", "items": number, "minItems": 1, "maxItems": count}
    return {"type": "object", "properties": {KEY: numbers}, "required": [KEY], "additionalProperties": False}


def parse_order(answer: str, count: int) -> list[int]:
    """The places, from 0, that an answer names, each once and in its order; empty where it is no such object.

    What stands around the object, a code fence say, is passed over.
    """
    try:
        told = json.loads(answer[answer.find("{") : answer.rfind("}") + 1])
    except (ValueError, RecursionError):
        return []
    numbers = told.get(KEY) if isinstance(told, dict) else None
    if not isinstance(numbers, list):
        return []
    # True is a number to Python.
    return list(dict.fromkeys(one - 1 for one in numbers if type(one) is int and 1 <= one <= count))
