"""Reranking by a language model: what is asked, what is made of the answer, and what goes wrong at the server."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.llm import open_chat_model
from munshi.bot.privacy import mask
from munshi.knowledge.base import Hit, Passage
from munshi.knowledge.rerank_listwise import BUDGET, WINDOW, ListwiseReranker, messages, order_schema, parse_order
from tests.knowledge.reranker_contract import hits
from tests.servers.language_model import PROTOCOLS, Behaviour, LanguageModelServer, Protocol

QUERY = "clutch plate warranty"


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return request.param


def reranker(server: LanguageModelServer, protocol: Protocol = "openai", timeout: float = 10) -> ListwiseReranker:
    model = open_chat_model(server.spec(protocol), timeout=10)
    assert model is not None
    return ListwiseReranker(model, timeout=timeout)


def order(found: list[Hit]) -> list[str]:
    return [hit.passage.id for hit in found]


def test_the_order_that_is_named_is_kept(language_model_server: LanguageModelServer, protocol: Protocol) -> None:
    language_model_server.answer = lambda _prompt: '{"order": [3, 1, 2]}'
    found = reranker(language_model_server, protocol).rerank(QUERY, hits(0, 1, 2), top_k=3)
    assert order(found) == ["p2", "p0", "p1"]
    scores = [hit.score for hit in found]
    assert all(earlier > later for earlier, later in pairwise(scores))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"order": [2]}', ["p1", "p0", "p2"]),
        ('{"order": [9, 3, 0, -1, 3, 3]}', ["p2", "p0", "p1"]),
        ('{"order": ["2", true, 2.0, null, 3]}', ["p2", "p0", "p1"]),
        ('```json\n{"order": [2, 3, 1]}\n```', ["p1", "p2", "p0"]),
    ],
)
def test_what_is_wrong_in_an_order_is_passed_over(
    language_model_server: LanguageModelServer, answer: str, expected: list[str]
) -> None:
    language_model_server.answer = lambda _prompt: answer
    assert order(reranker(language_model_server).rerank(QUERY, hits(0, 1, 2), top_k=3)) == expected


@pytest.mark.parametrize("answer", ["I rank passage 2 first.", "[2, 1]", '{"order": 2}', '{"order": [7]}', "{", "}{"])
def test_rubbish_keeps_the_old_order(language_model_server: LanguageModelServer, answer: str) -> None:
    language_model_server.answer = lambda _prompt: answer
    given_hits = hits(0, 1, 2)
    assert reranker(language_model_server).rerank(QUERY, given_hits, top_k=2) == given_hits[:2]


@pytest.mark.parametrize(
    "behaviour",
    ["hang", "hang_midway", "trickle", "hang_up", "cut", "stop", "error_midway", "empty", "rubbish", "html", 500, 429],
)
def test_a_server_that_fails_keeps_the_old_order(
    language_model_server: LanguageModelServer, protocol: Protocol, behaviour: Behaviour
) -> None:
    language_model_server.always = behaviour
    given_hits = hits(0, 1, 2)
    assert reranker(language_model_server, protocol, timeout=0.5).rerank(QUERY, given_hits, top_k=3) == given_hits


def test_a_server_that_is_gone_keeps_the_old_order() -> None:
    with LanguageModelServer() as server:
        gone = reranker(server)
    given_hits = hits(0, 1)
    assert gone.rerank(QUERY, given_hits, top_k=2) == given_hits


def test_the_schema_is_asked_for_and_one_hit_is_not(language_model_server: LanguageModelServer) -> None:
    one = reranker(language_model_server)
    one.rerank(QUERY, hits(0), top_k=1)
    assert language_model_server.requests == []
    one.rerank(QUERY, hits(0, 1), top_k=1)
    assert language_model_server.requests[-1].schema == order_schema(2)


def test_what_is_private_in_a_question_is_not_sent(language_model_server: LanguageModelServer) -> None:
    model = open_chat_model(language_model_server.spec("openai"), timeout=10)
    assert model is not None
    ListwiseReranker(model, mask=mask).rerank("call me on 9876543210", hits(0, 1), top_k=2)
    assert "9876543210" not in language_model_server.requests[-1].prompt


def test_what_is_not_shown_keeps_its_place(language_model_server: LanguageModelServer) -> None:
    language_model_server.answer = lambda _prompt: '{"order": [20, 21, 22]}'
    given_hits = [Hit(Passage(id=str(i), text=f"text {i}", source="a"), score=1 - i / 100) for i in range(WINDOW + 3)]
    found = order(reranker(language_model_server).rerank(QUERY, given_hits, top_k=99))
    assert found == ["19", *map(str, range(19)), "20", "21", "22"]


@given(st.text(max_size=3000), st.lists(st.text(max_size=3000), min_size=1, max_size=WINDOW))
def test_what_others_wrote_stays_a_quotation(query: str, texts: list[str]) -> None:
    shown = [Hit(Passage(id=str(i), text=text, source="a"), score=0.0) for i, text in enumerate(texts)]
    system, user = messages(query, shown)
    assert "<" not in user.content
    lines = user.content.splitlines()[1 : len(texts) + 1]
    assert all(isinstance(json.loads(line.partition(": ")[2]), str) for line in lines)
    assert len(user.content.encode()) < 3 * BUDGET
    assert query not in system.content or len(query) < 40


@given(
    st.text(max_size=200) | st.builds(json.dumps, st.recursive(st.none() | st.integers(), st.lists)), st.integers(1, 20)
)
def test_any_answer_names_each_place_once(answer: str, count: int) -> None:
    for text in (answer, f'{{"order": {answer}}}'):
        found = parse_order(text, count)
        assert len(set(found)) == len(found)
        assert set(found) <= set(range(count))
