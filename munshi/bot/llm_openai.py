"""A language model behind any server that speaks OpenAI's chat completions: llama.cpp, vLLM, LM Studio and others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx

from munshi.bot.llm_server import Ask, Piece, client_options, read_tokens, sendable


class OpenAIServer:
    """The server at `url`, which ends in /v1, asked through langchain-openai."""

    wishes: Mapping[str, tuple[str, ...]] = {
        "chat_template_kwargs": ("chat_template_kwargs",),
        "logprobs": ("logprob",),
        "json_schema": ("response_format", "json_schema", "schema", "grammar"),
        "json_object": ("response_format", "json_object", "schema", "grammar"),
        "max_tokens": ("max_completion_tokens",),
        "temperature": ("temperature",),
        "seed": ("seed",),
    }

    def __init__(self, model: str, url: str, *, key: str | None) -> None:
        """Connect to nothing yet."""
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        self.url = url
        self.remedy = "start it, or correct its address"
        self.missing = "correct the model's name"
        self._model = model
        options = client_options(key)
        self._client = httpx.AsyncClient(**options)
        del options["event_hooks"]
        self._chat = ChatOpenAI(
            model=model,
            base_url=url,
            # Never left empty: a key of the environment would be sent instead.
            api_key=SecretStr(key or "none"),
            openai_proxy="",
            http_socket_options=(),
            max_retries=0,
            stream_chunk_timeout=None,
            use_responses_api=False,
            output_version="v0",
            http_client=httpx.Client(**options),
            http_async_client=self._client,
        )

    async def ask(self, ask: Ask) -> AsyncIterator[Piece]:
        """The answer piece by piece. Raises what the client raises."""
        from langsmith import tracing_context

        with tracing_context(enabled=False):
            async for chunk in self._chat.astream(sendable(ask.messages), extra_body=self.body(ask)):
                told = chunk.response_metadata
                entries = (told.get("logprobs") or {}).get("content")
                yield Piece(str(chunk.text), read_tokens(entries), last=bool(told.get("finish_reason")))

    async def models(self) -> list[str]:
        """The models on offer. Raises httpx.HTTPError, or ValueError and its like for rubbish."""
        response = (await self._client.get(f"{self.url}/models")).raise_for_status()
        return [str(entry["id"]) for entry in response.json()["data"]]

    def has(self, models: Sequence[str]) -> bool:
        """Whether ours is one of them."""
        return self._model in models

    def body(self, ask: Ask) -> dict[str, Any]:
        """What goes beside the messages, in the protocol's own words, less what the server has turned down."""
        wishes: dict[str, Any] = {
            "temperature": ask.temperature,
            "seed": ask.seed,
            # What every server knows; OpenAI's own newer models want it under its newer name.
            "max_tokens": ask.max_tokens,
            "chat_template_kwargs": {"enable_thinking": False},
        }
        body = {name: value for name, value in wishes.items() if name not in ask.without}
        if "max_tokens" not in body:
            body["max_completion_tokens"] = ask.max_tokens
        if ask.logprobs and "logprobs" not in ask.without:
            # Some llama.cpp servers give none unless they are asked for the likeliest tokens too.
            body |= {"logprobs": True, "top_logprobs": 1}
        return body | _response_format(ask)


def _response_format(ask: Ask) -> dict[str, Any]:
    """The schema as OpenAI has it, else as the elder llama.cpp servers do."""
    if ask.schema is None or {"json_schema", "json_object"} <= ask.without:
        return {}
    schema = dict(ask.schema)
    if "json_schema" in ask.without:
        return {"response_format": {"type": "json_object", "schema": schema}}
    answer = {"name": "answer", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": answer}}
