"""A language model served by Ollama."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx

from munshi.bot.llm_server import Ask, Piece, client_options, read_tokens, sendable


class OllamaServer:
    """Ollama at `url`, asked through langchain-ollama with a context of `context` tokens."""

    wishes: Mapping[str, tuple[str, ...]] = {
        "think": ("think",),
        "logprobs": ("logprob",),
        "format": ("format", "schema", "grammar"),
    }

    def __init__(self, model: str, url: str, *, key: str | None, context: int) -> None:
        """Connect to nothing yet."""
        from langchain_ollama import ChatOllama

        self.url = url
        self.remedy = "start it with `ollama serve`"
        self.missing = f"fetch the model with `ollama pull {model}`"
        self._model = model
        self._context = context
        options = client_options(key)
        self._client = httpx.AsyncClient(**options)
        hooks = {"event_hooks": options.pop("event_hooks")}
        self._chat = ChatOllama(model=model, base_url=url, client_kwargs=options, async_client_kwargs=hooks)

    async def ask(self, ask: Ask) -> AsyncIterator[Piece]:
        """The answer piece by piece. Raises what the client raises."""
        from langsmith import tracing_context

        with tracing_context(enabled=False):
            async for chunk in self._chat.astream(sendable(ask.messages), **self.body(ask)):
                told = chunk.response_metadata
                used = chunk.usage_metadata["total_tokens"] if chunk.usage_metadata else 0
                yield Piece(str(chunk.text), read_tokens(told.get("logprobs")), told.get("done") is True, used)

    async def models(self) -> list[str]:
        """The models that were pulled. Raises httpx.HTTPError, or ValueError and its like for rubbish."""
        response = (await self._client.get(f"{self.url}/api/tags")).raise_for_status()
        return [str(entry["name"]) for entry in response.json()["models"]]

    def has(self, models: Sequence[str]) -> bool:
        """Whether ours is one of them; without a tag `:latest` is meant."""
        return (self._model if ":" in self._model.rpartition("/")[2] else f"{self._model}:latest") in models

    def body(self, ask: Ask) -> dict[str, Any]:
        """What goes beside the messages, as langchain-ollama names it, less what the server has turned down.

        `num_ctx` is told, since Ollama cuts a prompt that is longer than its context without a word.
        """
        wishes = {
            "think": ("reasoning", False),
            "logprobs": ("logprobs", True if ask.logprobs else None),
            "format": ("format", ask.schema and dict(ask.schema)),
        }
        kept = (named for wish, named in wishes.items() if wish not in ask.without)
        options = {
            "num_predict": ask.max_tokens,
            "num_ctx": self._context,
            "temperature": ask.temperature,
            "seed": ask.seed,
        }
        return {"options": options, **{name: value for name, value in kept if value is not None}}
