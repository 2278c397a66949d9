"""A language model behind a server: kept to its time, to its context, and left alone while it is down."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from munshi.bot.llm_breaker import Breaker
from munshi.bot.llm_budget import Budget
from munshi.bot.llm_faults import Fault, RefusedError, ServerError, read_fault
from munshi.bot.llm_runner import Runner, SourceError
from munshi.bot.llm_server import Ask, Piece, Server
from munshi.bot.llm_thinking import ThoughtFilter, answer_start
from munshi.bot.llm_wishes import Wishes
from munshi.knowledge.base import ChatMessage, ChatModelError, Completion
from munshi.knowledge.text import tokens_of

T = TypeVar("T")

TIMEOUT = 30.0
CONTEXT = 8192
_HEALTH_TIMEOUT = 5.0
_SLOW = "look whether it hangs, choose a smaller model, or raise MUNSHI_LLM_TIMEOUT"


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a language model can be used; `detail` is one line, with the remedy where it cannot."""

    ready: bool
    detail: str


class LanguageModel:
    """A `ChatModel` behind a server. Safe to call from several threads."""

    def __init__(
        self,
        name: str,
        server: Server,
        *,
        timeout: float = TIMEOUT,
        context: int = CONTEXT,
        breaker: Breaker | None = None,
        budget: Budget | None = None,
        count: Callable[[str], None] | None = None,
    ) -> None:
        """Connect to nothing yet. `timeout` in seconds for a whole call, `context` in tokens for prompt and answer.

        `count` is told what came of each call: "answered", "failed", or "left" where nobody heard it to the end.
        With a `budget`, what a call takes is counted there, and none is made once it is used up.
        """
        self.name = name
        self._server = server
        self._timeout = timeout
        self._context = context
        self._breaker = breaker or Breaker()
        self._budget = budget
        self._count = count or (lambda _outcome: None)
        self._runner = Runner()
        self._wishes = Wishes(server)
        self._where = name if "@" in name else f"{name} at {server.url}"

    def stream(
        self, messages: Sequence[ChatMessage], *, schema: Mapping[str, Any] | None = None, max_tokens: int = 512
    ) -> Generator[str, None, None]:
        """The answer piece by piece, thoughts left out.

        Raises ChatModelError, also after some pieces: what came before it is then not to be trusted.
        """
        ask = Ask(messages, schema, max_tokens, temperature=0.0, seed=0, logprobs=False)
        thoughts = ThoughtFilter()
        with closing(self._pieces(ask, self._timeout)) as pieces:
            for piece in pieces:
                if text := thoughts.feed(piece.text):
                    yield text
        if text := thoughts.finish():
            yield text

    def complete(
        self,
        messages: Sequence[ChatMessage],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 0,
        timeout: float | None = None,
    ) -> Completion:
        """The whole answer, thoughts left out. Raises ChatModelError."""
        ask = Ask(messages, schema, max_tokens, temperature, seed, logprobs=True)
        pieces = tuple(self._pieces(ask, self._timeout if timeout is None else timeout))
        text = "".join(piece.text for piece in pieces)
        start = answer_start(text)
        return Completion(text[start:], _tokens_from(start, text, pieces))

    def health(self) -> Health:
        """Whether the server is there and has the model, which is not made to answer anything."""
        try:
            (models,) = self._run(_models(self._server), _HEALTH_TIMEOUT)
        except ChatModelError as error:
            return Health(False, str(error))
        if self._server.has(models):
            return Health(True, self._where)
        there = ", ".join(models[:5]) or "none at all"
        return Health(False, f"{self._where} is not among the models there ({there}); {self._server.missing}")

    def _pieces(self, ask: Ask, timeout: float) -> Generator[Piece, None, None]:
        self._check_length(ask)
        if self._budget is None:
            yield from self._guarded(ask, timeout)
            return
        self._budget.check(f"the language model {self.name}")
        text, used = "", 0
        try:
            for piece in self._guarded(ask, timeout):
                text, used = text + piece.text, used or piece.used
                yield piece
        finally:
            if text or used:
                self._budget.spend(used or _prompt_tokens(ask) + tokens_of(text))

    def _guarded(self, ask: Ask, timeout: float) -> Generator[Piece, None, None]:
        outcome = "left"
        try:
            with self._breaker.guard(f"the language model {self.name}"):
                yield from self._asked(self._wishes.first(ask), time.monotonic() + timeout)
            outcome = "answered"
        except ChatModelError:
            outcome = "failed"
            raise
        finally:
            self._count(outcome)

    def _check_length(self, ask: Ask) -> None:
        tokens = _prompt_tokens(ask)
        if tokens + ask.max_tokens > self._context:
            raise ChatModelError(
                f"a prompt of about {tokens} tokens (a third of its bytes) and an answer of {ask.max_tokens} do not fit"
                f" into {self._context}; raise MUNSHI_LLM_CONTEXT if the language model can take more"
            )

    def _asked(self, ask: Ask, until: float) -> Generator[Piece, None, None]:
        """The answer, to an easier question where the server turns this one down before it has said anything."""
        started = False
        try:
            for piece in self._answered(ask, until - time.monotonic()):
                started = True
                yield piece
        except ServerError as error:
            easier = None if started else self._wishes.easier(ask, error.fault)
            if easier is None:
                raise
            yield from self._asked(easier, until)
        else:
            self._wishes.settle(ask)

    def _answered(self, ask: Ask, timeout: float) -> Generator[Piece, None, None]:
        """The answer, which must come to its end: a stream that stops short looks like any other."""
        ended = False
        for piece in self._run(self._server.ask(ask), timeout):
            ended = ended or piece.last
            yield piece
        if not ended:
            raise self._error(Fault("broke off in the middle of its answer"))

    def _run(self, source: AsyncIterator[T], timeout: float) -> Generator[T, None, None]:
        """What the server gives within `timeout` seconds, its errors told as ours."""
        try:
            with closing(self._runner.iterate(source, timeout)) as given:
                yield from given
        except TimeoutError:
            raise self._error(Fault(f"did not finish within {timeout:.3g} s", remedy=_SLOW)) from None
        except SourceError as error:
            raise self._error(read_fault(error.__cause__ or error)) from error

    def _error(self, fault: Fault) -> ServerError:
        kind = RefusedError if fault.refused else ServerError
        return kind(f"the language model {self._where} {fault.what}; {_remedy(fault, self._server)}", fault)


def _remedy(fault: Fault, server: Server) -> str:
    if fault.status in (401, 403):
        return "set MUNSHI_LLM_KEY to its key"
    if fault.status == 404:
        return server.missing
    return fault.remedy or ("check its address and its log" if fault.reached else server.remedy)


def _prompt_tokens(ask: Ask) -> int:
    return sum(tokens_of(message.content) for message in ask.messages)


async def _models(server: Server) -> AsyncIterator[list[str]]:
    yield await server.models()


def _tokens_from(start: int, text: str, pieces: Sequence[Piece]) -> tuple[tuple[str, float], ...]:
    """The tokens of `text` from `start` on, where they give it back exactly; else none.

    What comes after its end, an end mark say, is left out. A byte of a character that never came whole has no text.
    """
    tokens = [token for piece in pieces for token in piece.tokens or ()]
    if not "".join(token for token, _ in tokens).startswith(text):
        return ()
    kept, place = [], 0
    for token, logprob in tokens:
        if place < len(text) and place + max(len(token) - 1, 0) >= start:
            kept.append((text[max(place, start) : place + len(token)], logprob))
        place += len(token)
    return tuple(kept)
