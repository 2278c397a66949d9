"""The funnel: what is found, by which stage, and that no query breaks it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi.knowledge.base import Encoder, Hit, Passage
from munshi.knowledge.index import Index
from munshi.knowledge.search import HybridRetriever, SearchSettings

ODD_QUERIES = [
    "",
    " \n\t ",
    "???",
    "😀😀",
    "\u200b\u200d\ufeff",
    "\u202egnp.yad\u202c",
    "\x00\x01",
    "\ud800 lone surrogate",
    "' OR 1=1; --",
    "<script>alert(1)</script> {{7*7}} ${x}",
    "[CLS] [SEP] <|im_start|>system",
    "डिलीवरी",
    "توصيل",
    "配達",
    "a" * 100_000,
    "delivery " * 20_000,
    "क" * 50_000,
]


@pytest.fixture(scope="module")
def papers() -> tuple[Passage, ...]:
    return tuple(
        Passage(id=f"{i}", text=text, source=source, kind=kind)
        for i, (source, kind, text) in enumerate(
            (
                ("delivery.md", "policy", "Delivery in Navi Mumbai costs ₹60 and is free from ₹1,500."),
                ("delivery.md", "policy", "Part AP-1042 is shipped by road only."),
                ("warranty.md", "policy", "A clutch plate has a warranty of six months."),
                ("about.txt", "text", "The shop opens at ten and closes at eight."),
                ("hindi.md", "text", "रविवार को दुकान बंद रहती है।"),
            )
        )
    )


@pytest.fixture(scope="module")
def retriever(papers: tuple[Passage, ...], encoder: Encoder) -> HybridRetriever:
    return HybridRetriever(Index.from_passages(papers, encoder), encoder)


@pytest.fixture(scope="module")
def on_words(papers: tuple[Passage, ...]) -> HybridRetriever:
    return HybridRetriever(Index.from_passages(papers))


def ids(hits: list[Hit]) -> list[str]:
    return [hit.passage.id for hit in hits]


def test_meaning_finds_what_words_do_not(retriever: HybridRetriever, on_words: HybridRetriever) -> None:
    query = "when is your store accessible"
    assert on_words.search(query, top_k=1) == [] or ids(on_words.search(query, top_k=1)) != ["3"]
    assert ids(retriever.search(query, top_k=1)) == ["3"]


@pytest.mark.parametrize("query", ["AP-1042", "ap1042", "ap 1042", "part no. AP/1042?"])
def test_a_code_is_found_however_it_is_written(retriever: HybridRetriever, query: str) -> None:
    assert ids(retriever.search(query, top_k=1)) == ["1"]


@pytest.mark.parametrize("query", ["is it free from 1500", "is it free from ₹1,500", "is it free from १५००"])
def test_an_amount_is_found_however_it_is_written(on_words: HybridRetriever, query: str) -> None:
    assert ids(on_words.search(query, top_k=1)) == ["0"]


def test_hindi_is_found_by_its_words_where_the_encoder_reads_none(retriever: HybridRetriever) -> None:
    hits = retriever.search("रविवार को दुकान खुली है क्या")
    assert ids(hits)[0] == "4"
    assert hits[0].dense is None
    assert hits[0].rerank is None


def test_every_stage_leaves_its_score(retriever: HybridRetriever) -> None:
    hit = retriever.search("clutch warranty")[0]
    assert hit.lexical is not None
    assert hit.lexical > 0
    assert hit.dense is not None
    assert 0.3 < hit.dense <= 1
    assert hit.rerank is not None
    assert 0.3 < hit.rerank <= 1


@pytest.mark.parametrize(
    ("arm", "ran"),
    [
        (SearchSettings(dense=False, rerank=False), (True, False, False)),
        (SearchSettings(lexical=False, rerank=False), (False, True, False)),
        (SearchSettings(rerank=False), (True, True, False)),
        (SearchSettings(fusion="rrf"), (True, True, True)),
    ],
)
def test_a_stage_that_is_switched_off_leaves_no_score(
    retriever: HybridRetriever, encoder: Encoder, arm: SearchSettings, ran: tuple[bool, bool, bool]
) -> None:
    hit = HybridRetriever(retriever.index, encoder, settings=arm).search("clutch plate warranty")[0]
    assert hit.passage.id == "2"
    assert (hit.lexical is not None, hit.dense is not None, hit.rerank is not None) == ran


def test_reciprocal_rank_fusion_of_one_that_both_arms_put_first(retriever: HybridRetriever, encoder: Encoder) -> None:
    settings = SearchSettings(fusion="rrf", rerank=False)
    hit = HybridRetriever(retriever.index, encoder, settings=settings).search("clutch plate warranty")[0]
    assert hit.score == pytest.approx(2 / 61)


def test_without_an_encoder_words_alone_are_searched(on_words: HybridRetriever) -> None:
    hit = on_words.search("clutch plates warranties")[0]
    assert hit.passage.id == "2"
    assert (hit.dense, hit.rerank) == (None, None)
    assert on_words.search("zebra") == []


def test_an_encoder_is_of_no_use_to_an_index_built_without_it(papers: tuple[Passage, ...], encoder: Encoder) -> None:
    assert HybridRetriever(Index.from_passages(papers), encoder).search("clutch")[0].dense is None


def test_an_encoder_without_tokens_searches_without_reranking(papers: tuple[Passage, ...], counting: Encoder) -> None:
    hit = HybridRetriever(Index.from_passages(papers, counting), counting).search("clutch warranty")[0]
    assert hit.passage.id == "2"
    assert hit.dense is not None
    assert hit.rerank is None


def test_filters_lift_and_drop_nothing(retriever: HybridRetriever) -> None:
    plain = retriever.search("delivery by road")
    for filters in ({"kind": "text"}, {"source": "about.txt"}, {"language": "tlh"}, {"no such": "thing"}):
        assert set(ids(retriever.search("delivery by road", filters=filters))) == set(ids(plain))
    lifted = retriever.search("delivery by road", filters={"source": "about.txt"})
    assert ids(lifted).index("3") < ids(plain).index("3")


def test_a_filter_chooses_between_equals(encoder: Encoder) -> None:
    same = [
        Passage(id=name, text="The fee is ₹50.", source=name, metadata={"city": name}) for name in ("Pune", "Thane")
    ]
    retriever = HybridRetriever(Index.from_passages(same, encoder), encoder)
    assert ids(retriever.search("fee", filters={"city": "thane"}))[0] == "Thane"
    assert ids(retriever.search("fee", filters={"city": "pune"}))[0] == "Pune"


def test_the_higher_priority_wins_between_equals() -> None:
    same = [Passage(id=str(n), text="The fee is ₹50.", source="a", priority=n) for n in (0, 30, 20)]
    assert ids(HybridRetriever(Index.from_passages(same)).search("fee")) == ["30", "20", "0"]


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (date(2026, 3, 31), []),
        (date(2026, 4, 1), ["offer"]),
        (date(2026, 4, 30), ["offer"]),
        (date(2026, 5, 1), []),
    ],
)
def test_a_passage_is_found_on_its_days_only(day: date, found: list[str]) -> None:
    offer = Passage(
        id="offer", text="Offer: 10 % off", source="a", valid_from=date(2026, 4, 1), valid_until=date(2026, 4, 30)
    )
    assert ids(HybridRetriever(Index.from_passages([offer]), today=lambda: day).search("offer")) == found


def test_an_expired_passage_makes_room_for_one_that_holds(encoder: Encoder) -> None:
    old = Passage(id="old", text="Minimum balance ₹1,000.", source="a", valid_until=date(2025, 12, 31))
    new = replace(old, id="new", text="Minimum balance ₹3,000.", valid_from=date(2026, 1, 1), valid_until=None)
    retriever = HybridRetriever(Index.from_passages([old, new], encoder), encoder, today=lambda: date(2026, 6, 1))
    assert ids(retriever.search("minimum balance")) == ["new"]


def test_questions_and_alternates_are_brought_to_one_form() -> None:
    entry = Passage(
        id="cod", text="Yes.", source="a", title="Cash on delivery?", kind="faq", metadata={"alternates": "KOD"}
    )
    retriever = HybridRetriever(
        Index.from_passages([entry], prepare=lambda text: text.replace("KOD", "cash")),
        prepare=lambda text: text.replace("nakad", "cash"),
    )
    assert ids(retriever.search("nakad")) == ["cod"]


@pytest.mark.parametrize("query", ODD_QUERIES, ids=lambda query: ascii(query[:12]))
def test_no_query_breaks_it(retriever: HybridRetriever, on_words: HybridRetriever, query: str) -> None:
    for one in (retriever, on_words):
        hits = one.search(query, top_k=3)
        assert len(hits) <= 3
        assert hits == sorted(hits, key=lambda hit: -hit.score)


@pytest.mark.parametrize("query", ["", " \n", "???", "😀", "\u200b"])
def test_a_query_without_a_word_finds_nothing(retriever: HybridRetriever, query: str) -> None:
    assert retriever.search(query) == []


def test_an_empty_index_finds_nothing(encoder: Encoder) -> None:
    assert HybridRetriever(Index.from_passages([], encoder), encoder).search("anything") == []
    assert HybridRetriever(Index.from_passages([])).search("anything") == []


@pytest.mark.parametrize("top_k", [0, 1, 4, 5, 100])
def test_top_k_is_kept(retriever: HybridRetriever, top_k: int) -> None:
    assert len(retriever.search("delivery of a clutch plate to the shop", top_k=top_k)) == min(top_k, 5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=60), max_size=8), st.text(max_size=60), st.integers(1, 10))
def test_any_query_over_any_passages(texts: list[str], query: str, top_k: int) -> None:
    passages = [Passage(id=str(i), text=text, source="a", title=text[::-1]) for i, text in enumerate(texts)]
    hits = HybridRetriever(Index.from_passages(passages)).search(query, top_k=top_k)
    found = ids(hits)
    assert len(found) == len(set(found)) <= top_k
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(hit.lexical is not None and hit.lexical > 0 for hit in hits)


@settings(deadline=None, max_examples=25)
@given(st.text(min_size=1, max_size=80))
def test_a_passage_is_found_by_its_own_words(encoder: Encoder, papers: tuple[Passage, ...], text: str) -> None:
    own = Passage(id="own", text=text, source="own")
    index = Index.from_passages([*papers, own], encoder)
    hits = HybridRetriever(index, encoder).search(text, top_k=6)
    assert not hits or "own" in ids(hits)
