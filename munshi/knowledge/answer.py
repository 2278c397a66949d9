"""Answers from the papers without any model: the words that stand there, where they stand, and whether they fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from munshi.knowledge.base import Answer, Citation, Hit, Method, Passage
from munshi.knowledge.evidence import Evidence, confidence, gather
from munshi.knowledge.extract import Extractor, ExtractSettings
from munshi.knowledge.search import HybridRetriever
from munshi.knowledge.search_trace import SearchTrace


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """`threshold` is the confidence below which nothing is said. `hits` are found, the best of `considered` answers.

    Of hits that all will do, the one is taken that scores best with `coverage_weight` times the share of the question's
    words that it holds on top: "in Navi Mumbai" and "outside Navi Mumbai" score much the same otherwise.

    At 0.5 the dummy bank answers 93 % of the questions that its papers hold the answer to, 2 % wrongly, and 8 % of near
    misses written to mislead it; at 0.6 it is 91, 2 and 7 % (`python -m benchmarks.abstention`).
    """

    threshold: float = 0.5
    hits: int = 5
    considered: int = 3
    rows: int = 3
    coverage_weight: float = 0.2
    extract: ExtractSettings = field(default_factory=ExtractSettings)


@dataclass(frozen=True, slots=True)
class _Look:
    """A hit, and what speaks for it."""

    hit: Hit
    evidence: Evidence

    @property
    def sure(self) -> float:
        """The confidence that it answers the question."""
        return confidence(self.evidence)


@dataclass(frozen=True, slots=True)
class Trace:
    """An answer and how it came about: the hits with every stage's score, the evidence for each and the confidence.

    `least` is the confidence that was asked for, and `considered` how many of the hits were looked at for it. `search`
    is the whole search; a hit that a better source contradicts stands there alone.
    """

    answer: Answer
    hits: tuple[Hit, ...]
    confidences: tuple[float, ...]
    evidence: tuple[Evidence, ...]
    least: float
    considered: int
    search: SearchTrace


class Papers:
    """The shop's papers, to be asked."""

    def __init__(self, retriever: HybridRetriever, settings: AnswerSettings | None = None) -> None:
        self.retriever = retriever
        self._settings = settings or AnswerSettings()
        self._extractor = Extractor(retriever.index.lexical, retriever.encoder, self._settings.extract)
        self._languages = {passage.language for passage in retriever.index.passages}

    def ask(
        self,
        question: str,
        *,
        language: str = "en",
        filters: Mapping[str, str] | None = None,
        threshold: float | None = None,
    ) -> Answer:
        """What the papers say: an FAQ's answer whole, up to three rows of a table, or up to three sentences.

        Everything stands in a cited passage. Passages in `language` are preferred where the papers have several.
        Abstains, with an empty text, where the confidence is below `threshold` (that of the settings where it is not
        given). Raises EncoderError where the encoder fails.
        """
        return self.trace(question, language=language, filters=filters, threshold=threshold).answer

    def trace(
        self,
        question: str,
        *,
        language: str = "en",
        filters: Mapping[str, str] | None = None,
        threshold: float | None = None,
    ) -> Trace:
        """The answer with what led to it, for the owner's desk."""
        wanted = dict(filters or {})
        if len(self._languages) > 1:
            wanted.setdefault("language", language)
        found = self.retriever.trace(question, top_k=self._settings.hits, filters=wanted)
        hits = found.usable
        looked = [
            _Look(hit, evidence) for hit, evidence in zip(hits, gather(question, hits, self.retriever), strict=True)
        ]
        least = self._settings.threshold if threshold is None else threshold
        return Trace(
            answer=self._answer(question, looked, least),
            hits=hits,
            confidences=tuple(look.sure for look in looked),
            evidence=tuple(look.evidence for look in looked),
            least=least,
            considered=self._settings.considered,
            search=found,
        )

    def quote(self, text: str, passage: Passage) -> str:
        """The part of a passage, verbatim, that a text goes back to."""
        return self._extractor.quote(self.retriever.prepare(text), passage)

    def _answer(self, question: str, looked: Sequence[_Look], least: float) -> Answer:
        considered = looked[: self._settings.considered]
        enough = [look for look in considered if look.sure >= self._needed(look.hit, least)]
        if not enough:
            best = max((look.sure for look in considered), default=0.0)
            return Answer("", (), best, abstained=True, method="extract")
        best_look = max(
            enough, key=lambda look: look.hit.score + self._settings.coverage_weight * look.evidence.coverage
        )
        chosen = self._chosen(looked, best_look, least)
        quotes = [self.quote(question, hit.passage) for hit in chosen]
        citations = tuple(cite(hit.passage, quote) for hit, quote in zip(chosen, quotes, strict=True))
        method: Method = "faq" if chosen[0].passage.kind == "faq" else "extract"
        return Answer(_text(chosen, quotes), citations, best_look.sure, abstained=False, method=method)

    def _needed(self, hit: Hit, least: float) -> float:
        """A row is about one thing: what merely comes close to the question is about another."""
        return max(least, self._settings.threshold) if _is_row(hit) else least

    def _chosen(self, looked: Sequence[_Look], best: _Look, least: float) -> list[Hit]:
        """The best hit. Of a table's rows that the question does not tell apart, up to three, in the table's order."""
        if not _is_row(best.hit):
            return [best.hit]
        alike = [
            look.hit
            for look in looked
            if _table(look.hit) == _table(best.hit)
            and look.sure >= self._needed(look.hit, least)
            and look.evidence.coverage >= best.evidence.coverage
        ]
        position = self.retriever.index.position
        return sorted(alike[: self._settings.rows], key=lambda hit: position(hit.passage.id))


def _is_row(hit: Hit) -> bool:
    return "row" in hit.passage.metadata


def _table(hit: Hit) -> tuple[bool, str, tuple[str, ...]]:
    return _is_row(hit), hit.passage.source, hit.passage.heading


def _text(chosen: Sequence[Hit], quotes: Sequence[str]) -> str:
    """What is shown: a row makes no sense without the heading of its table, sentences do."""
    if not _is_row(chosen[0]):
        return quotes[0]
    passage = chosen[0].passage
    heading = passage.heading[-1] if passage.heading else passage.title
    return "\n".join(filter(None, (f"{heading}:" if heading else "", *quotes)))


def cite(passage: Passage, quote: str) -> Citation:
    """The citation of a part of a passage."""
    return Citation(passage.id, passage.source, passage.title, passage.heading, passage.page, quote)
