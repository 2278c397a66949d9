"""The papers of a business, ready to be asked: the index brought up to date, and all that answers from it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from munshi.bot.business import Business
from munshi.bot.cache import Cache, SharedReranker
from munshi.bot.language import detect_language
from munshi.bot.paper_list import ListedPaper, list_papers
from munshi.bot.paper_look import Look, Looker
from munshi.bot.papers import papers_folder, papers_of, stamps
from munshi.bot.privacy import mask
from munshi.bot.retrieval import chunk_settings, costly_reranker, lexical_settings, search_settings
from munshi.bot.settings import Settings
from munshi.handlers.base import BusinessProfile
from munshi.knowledge.answer import AnswerSettings, Papers
from munshi.knowledge.answer_prompt import AnswerPrompt
from munshi.knowledge.base import Answer, ChatModel, Encoder, Reranker, Say
from munshi.knowledge.build_report import BuildReport
from munshi.knowledge.dense import DenseArm
from munshi.knowledge.embedding import Progress
from munshi.knowledge.generate import GenerateSettings, Generator
from munshi.knowledge.index import Index
from munshi.knowledge.index_store import IndexStore
from munshi.knowledge.rerankers import RerankerParts
from munshi.knowledge.search import HybridRetriever
from munshi.knowledge.search_trace import SearchTrace
from munshi.knowledge.views import Prepare
from munshi.knowledge.writer import Writing

if TYPE_CHECKING:
    from munshi.knowledge.vector_mirror import VectorMirror


class Told(NamedTuple):
    """Who is told how far an update is: of papers read, and of passages embedded."""

    papers: Progress | None = None
    passages: Progress | None = None


QUIET = Told()


@dataclass(frozen=True)
class Parts:
    """What answers from the papers is built of these. `prepare` is what questions and passages both go through.

    `model` words answers, where there is one and the settings let it; `cache` is what the workers share.
    """

    business: Business
    encoder: Encoder | None
    prepare: Prepare
    today: Callable[[], date]
    model: ChatModel | None = None
    cache: Cache | None = None


def build_retriever(
    parts: Parts,
    index: Index,
    *,
    alpha: float | None = None,
    costly: Reranker | None = None,
    dense: DenseArm | None = None,
) -> HybridRetriever:
    """What searches an index; `alpha` is the dense arm's weight where the pack's is not wanted."""
    return HybridRetriever(
        index,
        parts.encoder,
        settings=search_settings(parts.business, alpha=alpha),
        costly=costly,
        dense=dense,
        prepare=parts.prepare,
        today=parts.today,
    )


def open_mirror(settings: Settings, parts: Parts) -> VectorMirror | None:
    """The vector store that the settings name; None for the built-in vectors. Raises VectorStoreError."""
    if parts.encoder is None or not settings.vectors.strip():
        return None
    from munshi.knowledge.vector_mirror import VectorMirror
    from munshi.knowledge.vector_store import open_store

    key = parts.business.key
    opened = open_store(
        settings.vectors, parts.encoder, business=key, key=settings.vectors_key.get_secret_value() or None
    )
    return VectorMirror(opened, settings.business_home(key) / "vectors.lock", owner=key, prepare=parts.prepare)


def build_papers(parts: Parts, retriever: HybridRetriever) -> Papers:
    """What answers from what a retriever finds."""
    threshold = parts.business.thresholds.get("answer")
    return Papers(retriever, AnswerSettings() if threshold is None else AnswerSettings(threshold=threshold))


def build_writing(settings: Settings, parts: Parts) -> Writing | None:
    """What answers are worded with; None where they stay in the papers' own words."""
    if parts.model is None or settings.llm_answers == "never":
        return None
    profile = parts.business.profile
    prompt = AnswerPrompt(profile.name, parts.business.tone, mask)
    return Writing(parts.model, prompt, speaks=detect_language, hosts=_hosts(profile))


def _hosts(profile: BusinessProfile) -> tuple[str, ...]:
    """The hosts that an answer may link to: the shop's own."""
    return tuple(filter(None, (urlsplit(profile.maps_url).hostname, profile.email.rpartition("@")[2])))


@dataclass(frozen=True)
class _Edition:
    """All that hangs on one state of the papers."""

    retriever: HybridRetriever
    papers: Papers
    generator: Generator | None
    looker: Looker


class Library:
    """The papers of a business; `handlers.base.Knowledge` for whoever answers from them.

    What is asked is answered from one state of the papers, also where the next is put in its place meanwhile. Safe to
    call from several threads.
    """

    def __init__(self, settings: Settings, parts: Parts, told: Told = QUIET, *, wait: bool = False) -> None:
        """Bring the index up to date and open it.

        Where another process is doing so just now, the index is opened as it is, unless `wait`: then papers that
        something was wrong with are read again, too. Raises KnowledgeError where the index cannot be written or the
        encoder or the vector store fails.
        """
        self._settings = settings
        self._parts = parts
        self._writing = build_writing(settings, parts)
        home = settings.business_home(parts.business.key)
        self._store = IndexStore(
            home / "index",
            parts.encoder,
            chunks=chunk_settings(parts.business),
            lexical=lexical_settings(parts.business),
            prepare=parts.prepare,
        )
        self._refreshing = threading.Lock()
        self._mirror = open_mirror(settings, parts)
        papers = self.papers()
        self._stamps = stamps(papers)
        index, self.report = self._store.update(
            papers, reading=told.papers, progress=told.passages, wait=wait, again=wait
        )
        self._costly = self._costly_reranker()
        if self._mirror is not None:
            self._mirror.sync(index)
        self._edition = self._edition_of(index)

    def close(self) -> None:
        """Let go of the vector store, where there is one."""
        if self._mirror is not None:
            self._mirror.close()

    def papers(self) -> tuple[Path, ...]:
        """The papers in the folders now."""
        return papers_of(self._settings, self._parts.business)

    @property
    def retriever(self) -> HybridRetriever:
        """What searches the papers as they are now."""
        return self._edition.retriever

    def ask(
        self,
        question: str,
        *,
        language: str = "en",
        filters: Mapping[str, str] | None = None,
        threshold: float | None = None,
    ) -> Answer:
        """What the papers say (see `Papers.ask`)."""
        return self._edition.papers.ask(question, language=language, filters=filters, threshold=threshold)

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
        """`found` in a language model's words where that is better (see `Generator.word`)."""
        generator = self._edition.generator
        if generator is None:
            return found
        return generator.word(question, found, language=language, history=history, least=least, say=say)

    def search(self, query: str, *, alpha: float | None = None, top_k: int = 5) -> tuple[SearchTrace, float]:
        """What the papers hold about a query, stage by stage, and how many milliseconds that took."""
        started = perf_counter()
        retriever = self.retriever
        if alpha is not None:
            retriever = build_retriever(
                self._parts, retriever.index, alpha=alpha, costly=self._costly, dense=retriever.dense
            )
        found = retriever.trace(query, top_k=top_k)
        return found, round((perf_counter() - started) * 1000, 2)

    def look(
        self,
        query: str,
        *,
        alpha: float | None = None,
        filters: Mapping[str, str] | None = None,
        ask_model: bool = False,
    ) -> Look:
        """What is found for a query and what a customer would be told, for whoever keeps the papers (see `Looker`)."""
        language = detect_language(query, self._parts.business.profile.languages[0])
        return self._edition.looker.look(query, language=language, alpha=alpha, filters=filters, ask_model=ask_model)

    @property
    def worded_by(self) -> str:
        """The language model that words answers, as its setting names it; empty where there is none."""
        model = self._parts.model
        return model.name if model is not None and self._writing is not None else ""

    def listing(self) -> tuple[ListedPaper, ...]:
        """Every paper in the folders, in name order, with what the index holds of it."""
        added = papers_folder(self._settings, self._parts.business.key)
        return list_papers(self.papers(), added, self._store.papers(), self.retriever.index.passages)

    def refresh(self) -> BuildReport | None:
        """Bring the index up to date with the folders and answer from it from here on.

        The report tells what differs from what was answered from before; None where nothing does. Raises KnowledgeError
        where the index cannot be written or the encoder fails; what was answered from stays. A vector store that fails
        is made up for later: until then the papers are searched by words.
        """
        with self._refreshing:
            papers = self.papers()
            now = stamps(papers)
            index, report = self._store.update(papers)
            self._stamps = now
            return self._replace(index, report)

    def take_up(self) -> BuildReport | None:
        """`refresh` where a look at the folders shows a change; else open what another process has made of them.

        Cheap where there is nothing to take up.
        """
        if self._mirror is not None:
            with self._refreshing:
                self._mirror.catch_up()
        if stamps(self.papers()) != self._stamps:
            return self.refresh()
        published = self._store.current()
        if published is None or self.retriever.index.version.startswith(published):
            return None
        with self._refreshing:
            looked = self._store.look()
            return self._replace(*looked) if looked else None

    def _replace(self, index: Index, report: BuildReport) -> BuildReport | None:
        before, told = self.retriever.index, self.report.skipped
        self.report = report
        if index.version != before.version:
            if self._mirror is not None:
                self._mirror.follow(index)
            self._edition = self._edition_of(index)
        elif report.skipped == told:
            return None
        return _since(before, index, report)

    def _costly_reranker(self) -> Reranker | None:
        parts, home = self._parts, self._settings.home.expanduser()
        models = self._settings.business_home(parts.business.key) / "rerankers"
        made_of = RerankerParts(
            home,
            encoder=parts.encoder,
            model=parts.model,
            models=models,
            threads=self._settings.threads,
            prepare=parts.prepare,
            mask=mask,
        )
        costly = costly_reranker(parts.business, made_of)
        if costly is None or parts.cache is None:
            return costly
        spec = str(parts.business.retrieval["reranker"])
        model = parts.model.name if parts.model is not None else ""
        encoder = parts.encoder.name if parts.encoder is not None else ""
        return SharedReranker(costly, f"{spec} {model} {encoder}", parts.cache)

    def _edition_of(self, index: Index) -> _Edition:
        arm = self._mirror.arm(index) if self._mirror is not None else None
        retriever = build_retriever(self._parts, index, costly=self._costly, dense=arm)
        papers = build_papers(self._parts, retriever)
        settings = GenerateSettings(always=self._settings.llm_answers == "always")
        generator = Generator(papers, self._writing, settings) if self._writing is not None else None
        looker = Looker(papers, self._weighed(retriever), generator, asks_model=self._asks_model)
        return _Edition(retriever, papers, generator, looker)

    @property
    def _asks_model(self) -> bool:
        return self._parts.business.retrieval.get("reranker") == "listwise"

    def _weighed(self, as_is: HybridRetriever) -> Callable[[float, bool], Papers]:
        def build(alpha: float, with_model: bool) -> Papers:
            costly = self._costly if with_model else None
            retriever = build_retriever(self._parts, as_is.index, alpha=alpha, costly=costly, dense=as_is.dense)
            return build_papers(self._parts, retriever)

        return build


def _since(before: Index, after: Index, report: BuildReport) -> BuildReport:
    """A report that tells of the papers that were added, changed and removed between two states of them."""
    old, new = _by_source(before), _by_source(after)
    return replace(
        report,
        added=tuple(source for source in new if source not in old),
        changed=tuple(source for source in new if source in old and new[source] != old[source]),
        removed=tuple(source for source in old if source not in new),
    )


def _by_source(index: Index) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for passage in index.passages:
        found.setdefault(passage.source, []).append(passage)
    return found
