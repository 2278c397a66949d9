"""What a search tells of itself: its stages, its switches, the costly reranker's turn, what it remembers."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.knowledge.base import ChatModelError, Encoder, Hit, Passage
from munshi.knowledge.expansion import MOST, Synonyms
from munshi.knowledge.filters import Lift
from munshi.knowledge.gate import decide
from munshi.knowledge.index import Index
from munshi.knowledge.lexical import LexicalSettings
from munshi.knowledge.search import HybridRetriever, SearchSettings
from munshi.knowledge.search_cache import LruCache

PAPERS = (
    Passage(id="hood", text="A dent in the hood is mended in two days.", source="body.md", kind="policy"),
    Passage(id="trunk", text="The trunk lid opens with the key.", source="body.md", kind="policy"),
    Passage(id="paint", text="Paint for a car is mixed while you wait.", source="paint.md", metadata={"city": "Pune"}),
    Passage(id="old", text="Diwali offer: 20 % off paint.", source="offers.md", valid_until=date(2025, 11, 30)),
    Passage(id="next", text="Holi offer: 10 % off paint.", source="offers.md", valid_from=date(2027, 3, 1)),
)
TODAY = date(2026, 6, 1)


class Backwards:
    """A reranker that turns the order round, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def rerank(self, query: str, hits: Sequence[Hit], *, top_k: int) -> list[Hit]:
        self.asked += 1
        return [replace(hit, score=n / len(hits), rerank=0.5) for n, hit in enumerate(hits, 1)][::-1][:top_k]


class Broken:
    """A reranker whose server is down."""

    def rerank(self, query: str, hits: Sequence[Hit], *, top_k: int) -> list[Hit]:
        raise ChatModelError("the server is down")


def searcher(encoder: Encoder | None = None, **kwargs: object) -> HybridRetriever:
    index = Index.from_passages(PAPERS, encoder)
    return HybridRetriever(index, encoder, today=lambda: TODAY, **kwargs)  # type: ignore[arg-type]


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage.id for hit in hits]


def test_every_stage_is_told(encoder: Encoder) -> None:
    retriever = searcher(encoder)
    trace = retriever.trace("paint\u200b for  a car", top_k=2, filters={"city": "pune"})
    assert trace.query == "paint for a car"
    assert set(trace.candidates) == {"lexical", "dense"}
    assert 0 < max(trace.candidates.values()) <= trace.fused == 3
    assert trace.lifted == {"paint": pytest.approx(0.2)}
    assert trace.rerank.ran
    assert not trace.costly.ran
    assert {"query", "lexical", "dense", "exact", "fusion", "rerank", "conflicts"} <= set(trace.ms)
    assert list(trace.hits) == retriever.search("paint\u200b for  a car", top_k=2, filters={"city": "pune"})


def test_what_is_out_of_date_is_told_apart_and_never_found() -> None:
    trace = searcher().trace("offer paint", top_k=3)
    assert ids(trace.hits) == ["paint"]
    assert set(ids(trace.expired)) == {"old", "next"}
    assert ids(searcher().search("diwali offer")) == []
    assert ids(searcher().trace("diwali offer").expired)[0] == "old"


def test_synonyms_are_added_and_replace_nothing() -> None:
    settings = SearchSettings(synonyms=(("bonnet", "hood"), ("boot", "dickey", "trunk lid")))
    assert searcher().search("bonnet") == []
    trace = searcher(settings=settings).trace("a dent in the bonnet")
    assert ids(trace.hits)[0] == "hood"
    assert trace.expansions == ("hood",)
    assert ids(searcher(settings=settings).search("dickey does not open")) == ["trunk"]
    assert searcher(settings=replace(settings, expand=False)).search("bonnet") == []


def test_the_word_that_was_asked_with_counts_more_than_a_synonym() -> None:
    both = [Passage(id=word, text=f"The {word} is new.", source="a") for word in ("hood", "bonnet", "cover")]
    settings = SearchSettings(synonyms=(("hood", "bonnet", "cover"),))
    retriever = HybridRetriever(Index.from_passages(both), settings=settings)
    for word in ("hood", "bonnet", "cover"):
        hits = retriever.search(word)
        assert hits[0].passage.id == word
        assert len(hits) == 3


def test_synonyms_of_nothing_and_of_much() -> None:
    assert not Synonyms([(), ("",), ("😀", "?"), ("one",)])
    crowd = Synonyms([[f"word{n}" for n in range(50)]])
    assert len(crowd.variants(["word7"])) == MOST
    assert Synonyms([("a b", "c")]).variants(["x", "a", "b", "y"])[0].stems == ("x", "c", "y")


@given(st.lists(st.lists(st.text(max_size=8), max_size=4), max_size=4), st.lists(st.text(max_size=8), max_size=6))
def test_any_synonyms_of_any_words(groups: list[list[str]], asked: list[str]) -> None:
    assert all(variant.added for variant in Synonyms(groups).variants(asked))


def test_a_costly_reranker_is_asked_where_the_order_is_in_doubt() -> None:
    costly = Backwards()
    sure = searcher(costly=costly, settings=SearchSettings(margin=0.05)).trace("trunk lid paint car key opens")
    assert costly.asked == 0
    assert not sure.costly.ran
    assert sure.costly.margin is not None
    assert sure.costly.margin >= 0.05
    doubtful = searcher(costly=costly, settings=SearchSettings(margin=2)).trace("trunk lid paint car key opens")
    assert costly.asked == 1
    assert doubtful.costly.ran
    assert ids(doubtful.hits) == ids(sure.hits)[::-1]
    assert set(doubtful.costly_scores) == set(ids(sure.hits))
    assert [hit.rerank for hit in doubtful.hits] == [None] * len(doubtful.hits)


def test_a_costly_reranker_that_fails_leaves_the_order() -> None:
    settings = SearchSettings(margin=2)
    trace = searcher(costly=Broken(), settings=settings).trace("paint the trunk lid")
    assert ids(trace.hits) == ids(searcher().search("paint the trunk lid"))
    assert not trace.costly.ran
    assert "the server is down" in trace.costly.reason


def test_a_costly_reranker_does_not_move_what_is_exact() -> None:
    papers = [Passage(id=str(n), text=f"Error {n}: the server fell over.", source="a") for n in range(500, 505)]
    retriever = HybridRetriever(Index.from_passages(papers), costly=Backwards(), settings=SearchSettings(margin=9))
    assert retriever.search("error 503")[0].passage.id == "503"


def test_rerank_switches_both_rerankers_off() -> None:
    costly = Backwards()
    searcher(costly=costly, settings=SearchSettings(rerank=False, margin=9)).search("paint the trunk lid")
    assert costly.asked == 0


@pytest.mark.parametrize(("scores", "ran"), [((), False), ((1.0,), False), ((1.0, 0.5), False), ((1.0, 0.95), True)])
def test_the_gate(scores: tuple[float, ...], ran: bool) -> None:
    assert decide([Hit(PAPERS[0], score) for score in scores], 0.1).ran is ran


def test_a_search_is_remembered_until_something_differs() -> None:
    day = [TODAY]
    retriever = HybridRetriever(Index.from_passages(PAPERS), today=lambda: day[0])
    first = retriever.trace("paint")
    assert not first.cached
    assert retriever.trace("paint") == replace(first, cached=True)
    assert not retriever.trace("paint", top_k=1).cached
    assert not retriever.trace("paint", filters={"city": "Pune"}).cached
    day[0] = date(2027, 3, 2)
    later = retriever.trace("paint")
    assert not later.cached
    assert "next" in ids(later.hits)


def test_what_is_found_can_be_changed_without_changing_what_is_remembered() -> None:
    retriever = searcher()
    retriever.search("paint").clear()
    assert ids(retriever.search("paint")) == ["paint"]


def test_nothing_is_remembered_with_the_cache_off() -> None:
    retriever = searcher(settings=SearchSettings(cache=0))
    assert not any(retriever.trace("paint").cached for _ in range(3))


def test_the_cache_is_bounded_and_forgets_the_oldest() -> None:
    cache: LruCache[int] = LruCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c"), len(cache)) == (1, None, 3, 2)


def test_many_threads_search_at_once() -> None:
    retriever = searcher(settings=SearchSettings(cache=2))
    queries = ["paint", "trunk lid", "hood dent", "car key"] * 50
    alone = {query: ids(searcher().search(query)) for query in set(queries)}
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda query: ids(retriever.search(query)), queries)) == [alone[q] for q in queries]


def test_a_product_filter_reads_the_passage_where_it_names_none() -> None:
    lift = Lift({"product": "car paint"}, 0.2)
    assert lift(PAPERS[2]) == pytest.approx(0.2)
    assert lift(PAPERS[0]) == 0
    assert lift(replace(PAPERS[0], metadata={"product": "Car Paint"})) == pytest.approx(0.2)
    assert Lift({"product": "😀"}, 0.2)(PAPERS[2]) == 0


def test_a_filter_empties_nothing_in_rank_fusion(encoder: Encoder) -> None:
    settings = SearchSettings(fusion="rrf", rerank=False)
    plain = searcher(encoder, settings=settings).search("paint for a car")
    lifted = searcher(encoder, settings=settings).search("paint for a car", filters={"source": "body.md"})
    assert ids(plain)[0] == "paint"
    assert lifted[0].score < 2 * plain[0].score
    assert set(ids(plain)) == set(ids(lifted))


def test_field_weights_say_what_a_title_counts() -> None:
    papers = [
        Passage(id="title", text="It is open all day long.", source="a", title="Warranty"),
        Passage(id="text", text="The warranty and the warranty card.", source="a", title="Papers"),
    ]
    found = {
        weight: HybridRetriever(Index.from_passages(papers, lexical=LexicalSettings(title=weight))).search("warranty")
        for weight in (0, 5)
    }
    assert ids(found[0]) == ["text"]
    assert ids(found[5])[0] == "title"


def test_the_words_are_weighed_anew_without_embedding_anything(counting: Encoder, embedded: list[str]) -> None:
    index = Index.from_passages(PAPERS, counting)
    embedded.clear()
    again = Index.from_passages(PAPERS, counting, lexical=LexicalSettings(k1=0.9, b=0.2, title=3), reuse=index)
    assert embedded == []
    assert again.version != index.version
    tokens = ["paint", "car"]
    assert again.lexical.scores(tokens).tolist() != index.lexical.scores(tokens).tolist()
