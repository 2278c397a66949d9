"""The vendors' many errors, read as one thing: what went wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from munshi.knowledge.base import ChatModelError

_LONGEST = 160
# The server has read the request and will not have it: asking for less may help, its health is not in doubt.
_REFUSALS = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class Fault:
    """`what` follows the server's name in a sentence; `status` is that of HTTP, `said` the error's own words.

    `remedy` is set where the fault itself tells it.
    """

    what: str
    status: int | None = None
    said: str = ""
    reached: bool = True
    remedy: str = ""

    @property
    def refused(self) -> bool:
        """Whether the server turned down this request, which tells nothing of the next."""
        return self.status in _REFUSALS


class ServerError(ChatModelError):
    """A server's fault, told with the remedy."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


class RefusedError(ServerError):
    """A request that was turned down for what it holds."""


def read_fault(error: BaseException) -> Fault:
    """What an error of httpx, ollama, openai or LangChain comes down to."""
    causes = tuple(_causes(error))
    status = next(filter(None, map(_status, causes)), None)
    said = str(error)
    short = _one_line(said)
    if status is not None:
        return Fault(f"answered {status} ({short})" if short else f"answered {status}", status, said)
    if any(isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout) for cause in causes):
        return Fault("cannot be reached", reached=False)
    if any(isinstance(cause, httpx.TransportError) for cause in causes):
        return Fault("broke off in the middle of its answer")
    return Fault(f"answered with something that is no chat ({type(error).__name__}: {short})", said=said)


def _status(error: BaseException) -> int | None:
    """`ResponseError` of ollama has -1 where the fault came in the middle of an answer."""
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    return status if isinstance(status, int) and status >= 100 else None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
