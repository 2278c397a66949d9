"""The tokens of a day: counted over restarts and processes, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import Engine

from munshi.bot.llm import open_chat_model
from munshi.bot.llm_budget import Budget, SpentError
from munshi.knowledge.base import ChatMessage, ChatModelError
from tests.servers.language_model import PROTOCOLS, LanguageModelServer, Protocol

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
ASKED = [ChatMessage("user", "hello there")]


def budget(engine: Engine, *, business: str = "shop", limit: int = 100, day: date = MONDAY) -> Budget:
    return Budget(engine, business, limit=limit, today=lambda: day)


def test_a_day_is_used_up_and_the_next_is_fresh(engine: Engine) -> None:
    monday = budget(engine)
    monday.check("it")
    monday.spend(60)
    monday.check("it")
    monday.spend(40)
    with pytest.raises(SpentError, match="100 tokens"):
        monday.check("it")
    assert budget(engine).used() == 100, "kept over a restart"
    assert budget(engine, day=TUESDAY).used() == 0
    assert budget(engine, business="other").used() == 0


def test_nothing_is_lost_where_many_count_at_once(engine: Engine) -> None:
    counted = budget(engine)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(counted.spend, [5] * 40))
    assert budget(engine).used() == 200


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_model_takes_no_more_than_its_day(
    engine: Engine, language_model_server: LanguageModelServer, protocol: Protocol
) -> None:
    counted = budget(engine, limit=3)
    model = open_chat_model(language_model_server.spec(protocol), budget=counted)
    assert model is not None
    assert "".join(model.stream(ASKED))
    used = counted.used()
    assert used >= 3
    asked = len(language_model_server.requests)
    for _ in range(5):
        with pytest.raises(SpentError):
            model.complete(ASKED)
    assert (counted.used(), len(language_model_server.requests)) == (used, asked)


def test_what_was_read_before_a_stream_was_left_counts(
    engine: Engine, language_model_server: LanguageModelServer
) -> None:
    counted = budget(engine)
    model = open_chat_model(language_model_server.spec("openai"), budget=counted)
    assert model is not None
    stream = model.stream(ASKED)
    next(stream)
    stream.close()
    assert counted.used() > 0


def test_a_call_that_never_answered_costs_nothing(engine: Engine, language_model_server: LanguageModelServer) -> None:
    counted = budget(engine)
    model = open_chat_model(language_model_server.spec("openai"), budget=counted)
    assert model is not None
    language_model_server.always = 500
    with pytest.raises(ChatModelError):
        model.complete(ASKED)
    assert counted.used() == 0
