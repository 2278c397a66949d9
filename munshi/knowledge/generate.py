"""When a language model words an answer, what it is shown for that, and what becomes of its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from munshi.knowledge.answer import Papers, Trace, cite
from munshi.knowledge.answer_prompt import Asked
from munshi.knowledge.base import Answer, Citation, Hit, Passage, Say
from munshi.knowledge.grounding import Grounding, Verdict
from munshi.knowledge.text import is_devanagari
from munshi.knowledge.writer import Writer, Writing


@dataclass(frozen=True, slots=True)
class GenerateSettings:
    """When a model is asked, and what it is shown.

    From a confidence of `grey` on, below the threshold of the papers' own words: what it says must be borne out by the
    passages, so that it may try. It is shown at most `passages`, those that are at least `shown` likely to answer. An
    FAQ's answer in the customer's language is given as the shop wrote it, unless `always`.
    """

    grey: float = 0.3
    shown: float = 0.05
    passages: int = 4
    always: bool = False


class Generator:
    """Answers from the papers in a language model's words. Safe to use from several threads."""

    def __init__(self, papers: Papers, writing: Writing, settings: GenerateSettings | None = None) -> None:
        retriever = papers.retriever
        self._papers = papers
        self._speaks = writing.speaks
        self._settings = settings or GenerateSettings()
        grounding = Grounding(
            retriever.encoder, retriever.index.lexical, hosts=writing.hosts, prepare=retriever.prepare
        )
        self._writer = Writer(writing, grounding)

    def word(
        self,
        question: str,
        found: Answer,
        *,
        language: str = "en",
        history: Sequence[tuple[str, str]] = (),
        least: float | None = None,
        say: Say | None = None,
    ) -> Answer:
        """The answer in the model's words, or `found` (what `Papers.ask` gave) where that is better or nothing came.

        The model is not asked where the confidence is below `least` (`grey` of the settings where it is not given).
        `history` holds the latest (customer's words, answer) pairs. `say` hears each sentence as it passes the checks;
        what it has heard stays the beginning of the answer. Raises EncoderError where the encoder fails.
        """
        if not self.would_ask(found, language=language, least=least):
            return found
        named = self._shown(self._papers.trace(question, language=language))
        written = self._writer.write(Asked(question, language, named, history), say)
        if not written.sentences:
            return replace(found, generation=written.generation)
        citations = self._citations(written.sentences, named)
        return Answer(written.text, citations, found.confidence, False, "generate", written.generation)

    def would_ask(self, found: Answer, *, language: str = "en", least: float | None = None) -> bool:
        """Whether `word` would ask the model about this answer."""
        likely = found.confidence >= (self._settings.grey if least is None else least)
        return likely and not self._is_best(found, language)

    def _is_best(self, found: Answer, language: str) -> bool:
        """Whether it is the shop's own answer to just that, in the customer's language."""
        whole = not found.abstained and found.method == "faq"
        return whole and not self._settings.always and self._is_in(found.text, language)

    def _is_in(self, text: str, language: str) -> bool:
        if is_devanagari(text) or language == "hi":
            return is_devanagari(text) and language == "hi"
        return language == (self._speaks(text) if self._speaks is not None else "en")

    def _shown(self, trace: Trace) -> dict[str, Passage]:
        """The passages by the names that they are cited by."""
        cited = {citation.passage_id for citation in trace.answer.citations}
        likely: list[Hit] = [
            hit
            for hit, sure in zip(trace.hits, trace.confidences, strict=True)
            if sure >= self._settings.shown or hit.passage.id in cited
        ]
        likely.sort(key=lambda hit: hit.passage.id not in cited)
        return {f"P{number}": hit.passage for number, hit in enumerate(likely[: self._settings.passages], start=1)}

    def _citations(self, sentences: Sequence[Verdict], named: dict[str, Passage]) -> tuple[Citation, ...]:
        """A citation for each passage named, with the words of it that stand behind what was said of it."""
        said: dict[str, list[str]] = {}
        for sentence in sentences:
            for name in sentence.citations:
                said.setdefault(name, []).append(sentence.text)
        return tuple(
            cite(named[name], self._papers.quote(" ".join(texts), named[name])) for name, texts in said.items()
        )
