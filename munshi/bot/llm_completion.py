"""A language model behind a server that only completes text (OpenAI's elder protocol): chats go there as ChatML."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx

from munshi.bot.chatml import END, START, render
from munshi.bot.llm_server import Ask, Piece, client_options, sendable
from munshi.knowledge.base import ChatMessage

_DATA = "data:"


class CompletionServer:
    """The server at `url`, which ends in /v1, asked for completions. Its model must have learnt ChatML."""

    wishes: Mapping[str, tuple[str, ...]] = {"temperature": ("temperature",), "seed": ("seed",)}

    def __init__(self, model: str, url: str, *, key: str | None) -> None:
        """Connect to nothing yet."""
        self.url = url
        self.remedy = "start it, or correct its address"
        self.missing = "correct the model's name"
        self._model = model
        self._client = httpx.AsyncClient(**client_options(key))

    async def ask(self, ask: Ask) -> AsyncIterator[Piece]:
        """The answer piece by piece. Raises what httpx raises, and ValueError and its like for rubbish."""
        async with self._client.stream("POST", f"{self.url}/completions", json=self.body(ask)) as response:
            if not response.is_success:
                said = (await response.aread()).decode("utf-8", "replace")
                raise httpx.HTTPStatusError(said, request=response.request, response=response)
            async for line in response.aiter_lines():
                told = line.removeprefix(_DATA).strip()
                if told == "[DONE]":
                    break
                if told and line.startswith(_DATA):
                    yield _piece(json.loads(told))
                elif told and not line.startswith(":"):
                    raise ValueError(f"{told[:80]!r} is no event")

    async def models(self) -> list[str]:
        """The models on offer. Raises httpx.HTTPError, or ValueError and its like for rubbish."""
        response = (await self._client.get(f"{self.url}/models")).raise_for_status()
        return [str(entry["id"]) for entry in response.json()["data"]]

    def has(self, models: Sequence[str]) -> bool:
        """Whether ours is one of them."""
        return self._model in models

    def body(self, ask: Ask) -> dict[str, Any]:
        """What is sent. A schema cannot be, nor are token probabilities asked for."""
        messages = [
            ChatMessage(said.role, text) for said, (_, text) in zip(ask.messages, sendable(ask.messages), strict=True)
        ]
        wishes = {"temperature": ask.temperature, "seed": ask.seed}
        return {
            "model": self._model,
            "prompt": render(messages, answering=True),
            "stream": True,
            "stop": [END, START],
            "max_tokens": ask.max_tokens,
            **{name: value for name, value in wishes.items() if name not in ask.without},
        }


def _piece(event: Any) -> Piece:
    if "error" in event:
        raise ValueError(f"the server says: {event['error']}")
    choice = event["choices"][0]
    return Piece(str(choice.get("text") or ""), last=bool(choice.get("finish_reason")))
