"""The contracts of the knowledge room: what a passage is, and what each stage of a search takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

Kind = Literal["faq", "policy", "catalogue", "text"]
Method = Literal["faq", "extract", "generate"]
Role = Literal["system", "user", "assistant"]
Say = Callable[[str], None]
"""Hears a text piece by piece. What it has heard stands: the pieces together are the beginning of the whole."""


class KnowledgeError(Exception):
    """Anything that goes wrong in this room; the message names the thing and the remedy."""


class EncoderError(KnowledgeError):
    """The encoder cannot be loaded, reached or trusted."""


class LoadError(KnowledgeError):
    """A document cannot be read."""


class ChatModelError(KnowledgeError):
    """The language model is not there, too slow, or its server talks rubbish."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the shop's papers that can be found and cited on its own.

    `id` comes from source and place, so it survives a restart and a change elsewhere in the document. For an FAQ
    entry `title` is the question and `text` the answer; `metadata["alternates"]` holds other ways to ask it, one a
    line: they are searched, never shown. `priority` decides between sources that disagree (higher wins).
    """

    id: str
    text: str
    source: str
    title: str = ""
    heading: tuple[str, ...] = ()
    page: int | None = None
    language: str = "en"
    kind: Kind = "text"
    priority: int = 0
    valid_from: date | None = None
    valid_until: date | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage and what each stage thought of it; a stage that did not run leaves None."""

    passage: Passage
    score: float
    lexical: float | None = None
    dense: float | None = None
    rerank: float | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence of an answer stands: the quote is verbatim from the passage."""

    passage_id: str
    source: str
    title: str
    heading: tuple[str, ...]
    page: int | None
    quote: str


@dataclass(frozen=True, slots=True)
class Generation:
    """How a language model was asked to word an answer, and what came of it.

    `tries` is how often it was asked, `released` how many sentences passed the checks, `faults` why others did not, in
    order. `prompt` is the start of the SHA-256 of what it was shown first, `tokens` an estimate of all it read and
    wrote.
    """

    model: str
    tries: int
    released: int
    faults: tuple[str, ...]
    ms: float
    prompt: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the papers say. `confidence` is calibrated, 0 to 1; an abstained answer has an empty text.

    `generation` is set where a language model was asked, also where its words were not used.
    """

    text: str
    citations: tuple[Citation, ...]
    confidence: float
    abstained: bool
    method: Method
    generation: Generation | None = None


class Encoder(Protocol):
    """Text to vectors."""

    @property
    def name(self) -> str:
        """What identifies the vectors: two encoders of one name give the same vectors."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sentence vectors, (n, dim), L2-normalised. An empty text gets a finite unit vector too."""

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Token vectors, one (tokens, dim) array a text, each row L2-normalised.

        The first and the last row are the model's own marks ([CLS] and [SEP] of a BERT), not words of the text.
        Raises EncoderError where the encoder has none (`has_tokens` is False).
        """

    @property
    def has_tokens(self) -> bool:
        """Whether `encode_tokens` works: a remote embedding service gives sentence vectors only."""


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """All that one pass of an encoder knows of a text.

    `ids` (tokens,) are the numbers of its tokens, the model's own marks among them; `sentence` (dim,) and `tokens`
    (tokens, dim) are what `encode` and `encode_tokens` give, `norms` (tokens,) the lengths that the token vectors had.
    `middle` (dim,) is the mean of the tokens in a layer two thirds of the way up, of length 1; None where the model
    does not show it.
    """

    ids: NDArray[np.int64]
    sentence: NDArray[np.float32]
    tokens: NDArray[np.float32]
    norms: NDArray[np.float32]
    middle: NDArray[np.float32] | None


class LayeredEncoder(Encoder, Protocol):
    """An encoder that can be looked into. One without `has_states` cannot, nor one where it is False."""

    @property
    def has_states(self) -> bool:
        """Whether the methods below work."""

    def encode_states(self, texts: Sequence[str]) -> list[States]:
        """What one pass knows, for each text."""

    def token_ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """`States.ids` of each text, without a pass."""


def layered(encoder: Encoder | None) -> LayeredEncoder | None:
    """The same encoder if it can be looked into, else None."""
    return cast(LayeredEncoder, encoder) if getattr(encoder, "has_states", False) else None


class Retriever(Protocol):
    """A question to passages, best first."""

    def search(self, query: str, *, top_k: int = 5, filters: Mapping[str, str] | None = None) -> list[Hit]:
        """At most `top_k` hits, `score` falling."""


class Reranker(Protocol):
    """A second, finer look at a short list."""

    def rerank(self, query: str, hits: Sequence[Hit], *, top_k: int) -> list[Hit]:
        """The best `top_k` of `hits` in the new order, with `rerank` filled in."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a chat with a language model."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model wrote. `tokens` holds its pieces with their natural-log probabilities, in order and
    together `text`, where the server gives them; else it is empty.
    """

    text: str
    tokens: tuple[tuple[str, float], ...] = ()


class ChatModel(Protocol):
    """A language model. Every call raises ChatModelError where it fails, and never outlasts its timeout."""

    @property
    def name(self) -> str:
        """What it is, as the setting has it: `ollama:qwen3:4b`, say."""

    def stream(
        self, messages: Sequence[ChatMessage], *, schema: Mapping[str, Any] | None = None, max_tokens: int = 512
    ) -> Generator[str, None, None]:
        """The answer piece by piece; closed early, the server is let go of.

        `schema` is a JSON schema that the server is asked to keep to where it can.
        """

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
        """The whole answer; `timeout` in seconds, None for the model's own."""
