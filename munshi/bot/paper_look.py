"""One question looked at as whoever keeps the papers sees it: what is found, what a customer is told of it, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from munshi.knowledge.answer import Papers, Trace
from munshi.knowledge.base import Answer
from munshi.knowledge.codes import plain_stems
from munshi.knowledge.generate import Generator
from munshi.knowledge.search import HybridRetriever
from munshi.knowledge.search_cache import LruCache
from munshi.knowledge.search_trace import SearchTrace
from munshi.knowledge.text import function_stems, words

Build = Callable[[float, bool], Papers]
"""Papers to be asked with a weight of the dense arm, with or without what asks a language model."""

_WEIGHTS = 4


@dataclass(frozen=True, slots=True)
class Look:
    """`search` is by the weight and the filters that were chosen, `told` what the papers answer by the shop's own.

    `alpha` is the weight searched with, `dense` whether there are vectors for it to weigh. `unknown` are words of the
    question that stand in no paper. `would_word` says whether a language model would be asked to word the answer, and
    `worded` is what came of it where it was.
    """

    search: SearchTrace
    told: Trace
    alpha: float
    dense: bool
    unknown: tuple[str, ...] = ()
    would_word: bool = False
    worded: Answer | None = None


class Looker:
    """Looks into one state of the papers. Safe to use from several threads."""

    def __init__(self, papers: Papers, build: Build, generator: Generator | None, *, asks_model: bool) -> None:
        """`asks_model` says that the search itself, as the shop has it, asks a language model."""
        self._papers = papers
        self._build = build
        self._generator = generator
        self._asks_model = asks_model
        self._built: LruCache[Papers] = LruCache(_WEIGHTS)

    def look(
        self,
        query: str,
        *,
        language: str,
        alpha: float | None = None,
        filters: Mapping[str, str] | None = None,
        ask_model: bool = False,
    ) -> Look:
        """Everything about one question, as many hits as the search looks at twice.

        No language model is asked unless `ask_model`. Raises EncoderError where the encoder fails.
        """
        own = self._papers.retriever.settings.alpha
        alpha = own if alpha is None else alpha
        papers = self._weighed(own, ask_model)
        retriever = self._weighed(alpha, ask_model).retriever
        told = papers.trace(query, language=language)
        generator = self._generator
        would = generator is not None and generator.would_ask(told.answer, language=language)
        asked = generator is not None and would and ask_model
        return Look(
            search=retriever.trace(query, top_k=retriever.settings.shortlist, filters=filters),
            told=told,
            alpha=alpha,
            dense=retriever.encoder is not None,
            unknown=_unknown(retriever, told.search.prepared),
            would_word=would,
            worded=generator.word(query, told.answer, language=language) if asked and generator else None,
        )

    def _weighed(self, alpha: float, ask_model: bool) -> Papers:
        with_model = ask_model or not self._asks_model
        if with_model and alpha == self._papers.retriever.settings.alpha:
            return self._papers
        known = self._built.get((alpha, with_model))
        if known is None:
            known = self._build(alpha, with_model)
            self._built.put((alpha, with_model), known)
        return known


def _unknown(retriever: HybridRetriever, prepared: str) -> tuple[str, ...]:
    """The words that tell what a question is about and that no passage holds, each once."""
    said = dict.fromkeys(words(prepared))
    telling = {word: plain_stems(word) for word in said}
    lexical = retriever.index.lexical
    return tuple(
        word
        for word, found in telling.items()
        if found and not any(stem in function_stems() or stem in lexical for stem in found)
    )
