"""Sentence vectors from an embedding service: Ollama, or anything that speaks OpenAI's /v1/embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from munshi.knowledge.base import EncoderError

Vectors = NDArray[np.float32]

OLLAMA_HOST = "http://127.0.0.1:11434"
BATCH = 64
# Services refuse an empty text, or answer it with no vector at all; a full stop says as little.
BLANK = "."


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a service is waited for: seconds for one request, and before a retry (doubled each time)."""

    timeout: float = 30.0
    tries: int = 3
    pause: float = 0.5


@dataclass(frozen=True, slots=True)
class Service:
    """How one kind of service is asked: where, with what, and where the vectors stand in its answer."""

    name: str
    model: str
    url: str
    read: Callable[[Any], Any]
    remedy: str
    headers: dict[str, str] = field(default_factory=dict)


class _PassingError(Exception):
    """What may be gone at the next try."""


class RemoteEncoder:
    """Vectors from a `Service`. Safe to call from several threads; no token vectors."""

    has_tokens = False

    def __init__(self, service: Service, patience: Patience | None = None) -> None:
        """Ask the service once, for the length of its vectors.

        Raises EncoderError where it cannot be reached or does not answer with vectors.
        """
        self._service = service
        self._patience = patience or Patience()
        # Through a proxy from the environment a text would leave this computer on its way to this computer.
        local = httpx.URL(service.url).host in {"127.0.0.1", "localhost", "::1"}
        self._client = httpx.Client(headers=service.headers, timeout=self._patience.timeout, trust_env=not local)
        self.name = service.name
        self.dim = self._ask([BLANK]).shape[1]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Sentence vectors, (n, dim), L2-normalised. Raises EncoderError where the service fails."""
        batches = [self._batch(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(batches) if batches else np.empty((0, self.dim), np.float32)

    def encode_tokens(self, texts: Sequence[str]) -> list[Vectors]:  # noqa: ARG002 - the contract's signature
        """Raise EncoderError: an embedding service gives no token vectors."""
        raise EncoderError(f"{self.name} gives no token vectors; use the minilm encoder to re-rank by them")

    def _batch(self, texts: Sequence[str]) -> Vectors:
        vectors = self._ask([_sendable(text) for text in texts])
        if vectors.shape[1] != self.dim:
            raise self._fault(f"answered with vectors of {vectors.shape[1]} numbers where it gave {self.dim} before")
        return vectors

    def _ask(self, texts: list[str]) -> Vectors:
        return self._vectors(self._post({"model": self._service.model, "input": texts}), len(texts))

    def _post(self, body: dict[str, Any]) -> httpx.Response:
        """The first answer worth reading; what may pass (a lost connection, a busy server) is tried again."""
        again = Retrying(
            stop=stop_after_attempt(self._patience.tries),
            wait=wait_exponential(multiplier=self._patience.pause),
            retry=retry_if_exception_type(_PassingError),
            reraise=True,
        )
        try:
            return again(self._post_once, body)
        except _PassingError as error:
            raise self._fault(str(error)) from error

    def _post_once(self, body: dict[str, Any]) -> httpx.Response:
        try:
            response = self._client.post(self._service.url, json=body)
        except httpx.RequestError as error:
            raise _PassingError(f"cannot be reached ({type(error).__name__})") from error
        if response.is_success:
            return response
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
            raise _PassingError(f"answered {response.status_code}")
        raise self._fault(f"answered {response.status_code}")

    def _vectors(self, response: httpx.Response, count: int) -> Vectors:
        try:
            # As float64 first: what is too large for float32 is then a plain infinity, refused below.
            vectors = np.asarray(self._service.read(response.json()), np.float64)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise self._fault("answered with something that holds no vectors") from error
        if vectors.ndim != 2 or vectors.shape[0] != count or vectors.shape[1] == 0:
            raise self._fault(f"answered with an array of shape {vectors.shape} for {count} texts")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(lengths)) or not np.all(lengths > 0):
            raise self._fault("answered with vectors that are zero or not finite")
        return np.asarray(vectors / lengths, np.float32)

    def _fault(self, what: str) -> EncoderError:
        return EncoderError(f"the embedding service {self.name} at {self._service.url} {what}; {self._service.remedy}")


def ollama_encoder(model: str, *, host: str | None = None, patience: Patience | None = None) -> RemoteEncoder:
    """A model served by Ollama. `host` as OLLAMA_HOST has it: address, port, or a URL; this computer by default."""
    return RemoteEncoder(
        Service(
            name=f"ollama:{model}",
            model=model,
            url=f"{ollama_url(host)}/api/embed",
            read=lambda answer: answer["embeddings"],
            remedy=f"start it with `ollama serve` and fetch the model with `ollama pull {model}`",
        ),
        patience,
    )


def openai_encoder(
    model: str, base_url: str, *, key: str | None = None, patience: Patience | None = None
) -> RemoteEncoder:
    """A model behind any OpenAI-compatible URL, given with or without its /v1; `key` is sent as a bearer token."""
    try:
        httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise EncoderError(
            f"the encoder's address {base_url} is no URL; write openai:{model}@http://HOST/v1"
        ) from error
    if key and not (key.isascii() and key.isprintable()):
        raise EncoderError("MUNSHI_ENCODER_KEY holds characters that no key has; copy it again")
    return RemoteEncoder(
        Service(
            name=f"openai:{model}@{base_url}",
            model=model,
            url=f"{base_url.rstrip('/').removesuffix('/v1')}/v1/embeddings",
            read=_by_index,
            remedy="check the address, the model's name and MUNSHI_ENCODER_KEY",
            headers={"Authorization": f"Bearer {key}"} if key else {},
        ),
        patience,
    )


def _by_index(answer: Any) -> list[Any]:
    """The vectors in the order of the texts: the protocol numbers them and promises no order."""
    return [row["embedding"] for row in sorted(answer["data"], key=lambda row: row["index"])]


def ollama_url(host: str | None) -> str:
    """A URL from what OLLAMA_HOST may hold. 0.0.0.0, good for listening, is no address to call."""
    if not host:
        return OLLAMA_HOST
    try:
        url = httpx.URL(host if "://" in host else f"http://{host}")
    except httpx.InvalidURL as error:
        raise EncoderError(f"OLLAMA_HOST={host} is no address; write it as {OLLAMA_HOST}") from error
    port = url.port or (None if url.scheme == "https" else 11434)
    name = "127.0.0.1" if url.host in {"", "0.0.0.0"} else url.host
    return str(url.copy_with(host=name, port=port)).rstrip("/")


def _sendable(text: str) -> str:
    """The text as UTF-8 can carry it (a lone surrogate cannot), never blank."""
    return text.encode("utf-8", "replace").decode() if text.strip() else BLANK
