"""The one door to a language model: it is opened from a string, and nothing else in Munshi speaks to one."""

from __future__ import annotations

import os
from collections.abc import Callable

import httpx

from munshi.bot.llm_breaker import Breaker
from munshi.bot.llm_budget import Budget
from munshi.bot.llm_completion import CompletionServer
from munshi.bot.llm_model import CONTEXT, TIMEOUT, LanguageModel
from munshi.bot.llm_ollama import OllamaServer
from munshi.bot.llm_openai import OpenAIServer
from munshi.bot.llm_server import Server
from munshi.bot.settings import Settings
from munshi.knowledge.base import ChatModelError, EncoderError
from munshi.knowledge.encoder_remote import ollama_url

# LangChain refuses to work at all where one of these, which it gave up long ago, is set.
_GIVEN_UP = ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER")


def open_chat_model(  # noqa: PLR0913 - a part for each thing that can be set
    spec: str,
    *,
    key: str | None = None,
    timeout: float = TIMEOUT,
    context: int = CONTEXT,
    ollama_host: str | None = None,
    breaker: Breaker | None = None,
    budget: Budget | None = None,
    count: Callable[[str], None] | None = None,
) -> LanguageModel | None:
    """The language model that a setting names; None for "none" and for an empty one. Nothing is asked of it yet.

    `spec` is "ollama:MODEL", "ollama:MODEL@ADDRESS", "openai:MODEL@BASE_URL", the URL with or without its /v1, or
    "completion:MODEL@BASE_URL" for a server that only completes text, by a model that knows ChatML.
    `key` is sent as a bearer token, `timeout` in seconds is the most that a call may take, `context` in tokens the
    most that prompt and answer may hold, `budget` counts what it takes in a day, `count` is told what came of
    each call. `ollama_host` is where Ollama listens (the variable OLLAMA_HOST by default).
    Raises ChatModelError, one line with the remedy.
    """
    kind, _, rest = spec.strip().partition(":")
    if kind in ("", "none"):
        return None
    if key and not (key.isascii() and key.isprintable()):
        raise ChatModelError("MUNSHI_LLM_KEY holds characters that no key has; copy it again")
    for name in _GIVEN_UP:
        os.environ.pop(name, None)
    server: Server
    if kind == "ollama":
        model, url = _at_ollama(rest, ollama_host or os.environ.get("OLLAMA_HOST"))
        server = OllamaServer(model, url, key=key, context=context)
    elif kind == "openai":
        model, url = _at_url(kind, rest)
        server = OpenAIServer(model, url, key=key)
    elif kind == "completion":
        model, url = _at_url(kind, rest)
        server = CompletionServer(model, url, key=key)
    else:
        raise ChatModelError(
            f"{spec.strip()!r} names no language model; write none, ollama:MODEL or openai:MODEL@http://HOST/v1"
        )
    return LanguageModel(
        spec.strip(), server, timeout=timeout, context=context, breaker=breaker, budget=budget, count=count
    )


def open_configured(
    settings: Settings, pack: str, budget: Budget | None = None, *, count: Callable[[str], None] | None = None
) -> LanguageModel | None:
    """The language model of the settings, else the one that the pack names; None where neither does.

    `count` is told what came of each call. Raises ChatModelError as `open_chat_model` does.
    """
    return open_chat_model(
        settings.llm or pack,
        key=settings.llm_key.get_secret_value() or None,
        timeout=settings.llm_timeout,
        context=settings.llm_context,
        budget=budget,
        count=count,
    )


def _at_ollama(rest: str, host: str | None) -> tuple[str, str]:
    model, _, address = rest.partition("@")
    if not model.strip():
        raise ChatModelError(f"the language model 'ollama:{rest}' has no name; write ollama:qwen3:4b, say")
    try:
        return model, ollama_url(address or host)
    except EncoderError as error:
        raise ChatModelError(str(error)) from error


def _at_url(kind: str, rest: str) -> tuple[str, str]:
    model, _, base_url = rest.rpartition("@")
    try:
        host = httpx.URL(base_url).host
    except httpx.InvalidURL:
        host = ""
    if not model or not host or not base_url.startswith(("http://", "https://")):
        raise ChatModelError(
            f"the language model '{kind}:{rest}' needs a model and an address; write {kind}:MODEL@http://HOST/v1"
        )
    return model, f"{base_url.rstrip('/').removesuffix('/v1')}/v1"
