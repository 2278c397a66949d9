"""What the door to a language model needs of a server, whatever protocol it speaks."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from munshi.knowledge.base import ChatMessage

# What the vendors' libraries would add of their own accord: whose account it is, and what this computer runs.
_NOT_OURS = ("x-stainless-", "openai-organization", "openai-project")


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a server.

    `without` names the wishes that are left out of it, `guesses` those among them that the server did not name when it
    turned the question down, in the order in which they were tried.
    """

    messages: Sequence[ChatMessage]
    schema: Mapping[str, Any] | None
    max_tokens: int
    temperature: float
    seed: int
    logprobs: bool
    without: frozenset[str] = frozenset()
    guesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the answer. `tokens` as in `Completion`, None where the server sent none; `last` ends the answer.

    `used` is how many tokens prompt and answer took together, where the server tells that; else 0.
    """

    text: str
    tokens: tuple[tuple[str, float], ...] | None = None
    last: bool = False
    used: int = 0


class Server(Protocol):
    """A language model behind a protocol. The errors of `ask` and `models` are the vendor's own."""

    @property
    def url(self) -> str:
        """Where it is."""

    @property
    def remedy(self) -> str:
        """What to do where it cannot be reached."""

    @property
    def missing(self) -> str:
        """What to do where it does not have the model."""

    @property
    def wishes(self) -> Mapping[str, tuple[str, ...]]:
        """What can be left out where the server turns it down, in order, with the words its errors have for it."""

    def body(self, ask: Ask) -> Mapping[str, Any]:
        """What goes beside the messages."""

    def ask(self, ask: Ask) -> AsyncIterator[Piece]:
        """The answer piece by piece."""

    async def models(self) -> list[str]:
        """The models that it has."""

    def has(self, models: Sequence[str]) -> bool:
        """Whether ours is one of them."""


def client_options(key: str | None) -> dict[str, Any]:
    """How httpx is to behave: no proxy and no redirect leads elsewhere, and the total time is kept outside of it."""
    return {
        "verify": httpx.create_ssl_context(),
        "trust_env": False,
        "follow_redirects": False,
        "timeout": None,
        "event_hooks": {"request": [_ours_alone(key)]},
    }


def _ours_alone(key: str | None) -> Callable[[httpx.Request], Coroutine[Any, Any, None]]:
    """A hook that sends our key or none: the libraries would take one from the environment."""

    async def hook(request: httpx.Request) -> None:
        for name in [name for name in request.headers if name.startswith(_NOT_OURS)]:
            del request.headers[name]
        request.headers.pop("Authorization", None)
        if key:
            request.headers["Authorization"] = f"Bearer {key}"

    return hook


def sendable(messages: Sequence[ChatMessage]) -> list[tuple[str, str]]:
    """Role and content of each message, as UTF-8 can carry it: a lone surrogate cannot go."""
    return [(message.role, message.content.encode("utf-8", "replace").decode()) for message in messages]


def read_tokens(entries: Any) -> tuple[tuple[str, float], ...] | None:
    """Token and natural logarithm of its probability, from entries as both protocols have them; None for rubbish."""
    try:
        tokens = tuple((str(entry["token"]), float(entry["logprob"])) for entry in entries)
    except (KeyError, TypeError, ValueError):
        return None
    if not tokens or not all(math.isfinite(logprob) for _, logprob in tokens):
        return None
    return tuple((token, min(logprob, 0.0)) for token, logprob in tokens)
