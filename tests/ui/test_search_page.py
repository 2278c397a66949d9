"""What the owner's search page shows, event by event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.app import App, open_app
from munshi.bot.forgetting import empty_caches
from munshi.bot.settings import load_settings
from munshi.ui.past_queries import COOKIE, MOST, PastQueries
from munshi.ui.search_page import MAX_CHARS, SearchPage, Wish
from tests.servers.language_model import LanguageModelServer
from tests.ui import paper_shop

ANYTHING = Wish("", 0.7, "", "", "", only_valid=False, size=5, ask_model=False)
NOBODY = gr.Request(cookies={})


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paper_shop.create(tmp_path_factory.mktemp("packs") / "umbrellas")


@pytest.fixture(scope="module")
def shop(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """On words alone."""
    with open_app(load_settings(home=tmp_path_factory.mktemp("home"), business=str(pack), encoder="none")) as app:
        yield app


@pytest.fixture(scope="module")
def page(shop: App) -> SearchPage:
    return SearchPage(shop)


@pytest.fixture
def owner(token: str) -> gr.Request:
    return gr.Request(cookies={COOKIE: token})


def shown(page: SearchPage, query: str, request: gr.Request = NOBODY, **wishes: Any) -> tuple[str, str]:
    """What is told a customer and what is found, as markup."""
    wish = replace(ANYTHING, query=query, **wishes)
    told, found, *_ = page.search(request, *(getattr(wish, name) for name in wish.__slots__))
    return told, found


def text(markup: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", markup))


def hits(found: str) -> list[str]:
    return re.findall(r'<div class="hit.*?(?=<div class="hit|<h3|$)', found)


def marked(found: str, kind: str) -> set[str]:
    marks = found.replace('">marked</mark>', "")
    return {unescape(word).lower() for word in re.findall(rf'<mark class="{kind}">(.*?)</mark>', marks)}


def test_an_answer_is_shown_with_its_source_and_its_confidence(page: SearchPage) -> None:
    told, found = shown(page, "How long does delivery to Pune take?")
    assert "4 days" in text(told)
    assert "delivery.md" in text(told)
    assert "Pune" in text(hits(found)[0])
    assert re.search(r"Confidence.*0\.\d\d is needed", text(told))


def test_where_nothing_is_told_the_reason_is(page: SearchPage) -> None:
    told, _ = shown(page, "How long does delivery to Nepal take?")
    assert "Nothing" in text(told)
    assert re.search("In no paper: [^:]*nepal", text(told))
    assert "the weakest point" in told


def test_words_are_marked_in_every_form(page: SearchPage) -> None:
    _, found = shown(page, "delivering to pune")
    assert "pune" in marked(found, "asked")
    assert "delivery" in marked(found, "asked") | marked(found, "meant")
    assert "to" not in marked(found, "asked")


def test_a_code_is_lifted_and_the_number_says_by_how_much(page: SearchPage) -> None:
    _, found = shown(page, "what is error 503")
    best, *others = hits(found)
    lift = r"Exact code lift (\d\.\d+)"
    assert "503" in marked(best, "asked")
    assert float(re.findall(lift, re.sub(r"<[^>]+>", " ", best).replace("  ", " "))[0]) > 0
    assert others


def test_papers_that_disagree_are_shown_with_the_one_that_is_used(page: SearchPage) -> None:
    told, found = shown(page, "What is the minimum balance of a savings account?")
    assert "The papers disagree" in found
    assert "fees-2026.md is used" in text(found)
    assert "₹3,000" in text(told)
    assert "₹1,000" not in text(told)
    assert "₹1,000" in text(found)


def test_what_is_over_is_shown_as_such_unless_it_is_not_wanted(page: SearchPage) -> None:
    told, found = shown(page, "Diwali offer")
    (over,) = [hit for hit in hits(found) if "expired" in hit.partition(">")[0]]
    assert "31 Dec 2020" in text(over)
    assert "umbrella" not in text(told).partition("The evidence")[0]
    assert "31 Dec 2020" not in text(shown(page, "Diwali offer", only_valid=True)[1])
    assert "31 Dec 2020" not in text(shown(page, "delivery to Pune")[1])


def test_a_filter_lifts_and_drops_nothing(page: SearchPage) -> None:
    _, free = shown(page, "delivery umbrella", size=20)
    _, lifted = shown(page, "delivery umbrella", size=20, source="hostile.md")
    assert "hostile.md" in text(hits(lifted)[0])
    assert len(hits(lifted)) == len(hits(free))


@pytest.mark.parametrize(
    "query",
    [
        paper_shop.HOSTILE, "<b>umbrella</b>", "umbrella </div></details><script>", "' OR 1=1 --", "{{umbrella}}",
        "\ud800 umbrella", "\x00umbrella", "‮umbrella​", "😀", "مظلة", "छाता वापस", "chhata wapas ho sakta hai kya",
        "umbrella " * 1500, "W" * 20_000, "*" * 5000, "umbrella\n\n# head\n\n- list",
    ],
)  # fmt: skip
def test_whatever_is_asked_or_stands_in_a_paper_is_text(page: SearchPage, owner: gr.Request, query: str) -> None:
    for markup in shown(page, query, owner):
        markup.encode()
        assert set(re.findall(r"<(\w+)", markup)) <= set(
            "div span p b h2 h3 mark details summary dl dt dd blockquote".split()
        )
        assert not re.search(r"<[^>]*\bon\w+=|\n|javascript:|\*\*|\$\$", markup)


@given(st.text(max_size=300))
def test_any_query_is_answered_with_a_page(page: SearchPage, query: str) -> None:
    told, found = shown(page, query)
    assert found
    assert told.count("<div") == told.count("</div")
    assert found.count("<div") == found.count("</div")


@pytest.mark.parametrize("query", ["", "   ", "\n", "\x00", "​"])
def test_an_empty_query_finds_nothing_and_is_not_kept(page: SearchPage, owner: gr.Request, query: str) -> None:
    told, found = shown(page, query, owner)
    assert told == ""
    assert hits(found) == []
    assert page.open(owner)[-1] == gr.skip()


def test_of_a_long_query_it_is_told_how_much_was_looked_at(page: SearchPage) -> None:
    assert "2,000" in text(shown(page, "umbrella " * 1000)[1])
    assert f"{MAX_CHARS:,}" in text(shown(page, "umbrellas " * 5000 + "x")[1])


def test_pages_turn_to_the_ends_and_no_further(page: SearchPage) -> None:
    wish = replace(ANYTHING, query="delivery umbrella balance offer", size=5)
    form = [getattr(wish, name) for name in wish.__slots__]
    first = page.search(NOBODY, *form)
    second = page.next(NOBODY, first[2], *form)
    assert (first[2], second[2]) == (0, 1)
    assert not set(hits(first[1])) & set(hits(second[1]))
    assert page.previous(NOBODY, 0, *form)[2] == 0
    last = page.next(NOBODY, 10_000, *form)
    assert not last[4].interactive
    assert last[2] == page.next(NOBODY, last[2], *form)[2]


def test_each_browser_session_has_its_own_past(page: SearchPage, owner: gr.Request) -> None:
    for number in range(MOST + 3):
        shown(page, f"umbrella {number}", owner)
    shown(page, "umbrella 5", owner)
    past = [query for (query,) in page.open(owner)[-1].raw_samples]
    assert len(past) == MOST
    assert past[:2] == ["umbrella 5", f"umbrella {MOST + 2}"]
    assert page.open(gr.Request(cookies={COOKIE: "f" * 32}))[-1] == gr.skip()
    assert page.open(gr.Request(cookies={COOKIE: "../../etc"}))[-1] == gr.skip()


def test_without_an_encoder_the_weight_changes_nothing(page: SearchPage) -> None:
    assert not page.weighs
    first, last = (hits(shown(page, "delivery to pune", alpha=alpha)[1]) for alpha in (0, 1))
    assert first == last


def test_changed_papers_are_searched_as_they_are_now(page: SearchPage, shop: App, pack: Path) -> None:
    paper = pack / "knowledge" / "parrots.md"
    assert "parrots.md" not in text(shown(page, "may I bring a parrot")[1])
    paper.write_text("# Parrots\n\nParrots are welcome.\n", encoding="utf-8")
    shop.library.refresh()
    assert "parrots.md" in text(shown(page, "may I bring a parrot")[1])
    assert ("parrots.md", "parrots.md") in page.choices()[2]
    paper.unlink()
    shop.library.refresh()
    assert "parrots.md" not in text(shown(page, "may I bring a parrot")[1])


class TestALanguageModelIsSet:
    """It is asked where the box is ticked, and nowhere else."""

    @pytest.fixture
    def server(self, language_model_server: LanguageModelServer) -> LanguageModelServer:
        language_model_server.answer = lambda _: "It takes 4 days [P1]."
        return language_model_server

    @pytest.fixture
    def page(self, server: LanguageModelServer, pack: Path, tmp_path: Path) -> Iterator[SearchPage]:
        config = pack / "business.yaml"
        before = config.read_text(encoding="utf-8")
        config.write_text(re.sub(r"(?m)^retrieval:.*$", "retrieval: {reranker: listwise}", before), encoding="utf-8")
        settings = load_settings(home=tmp_path, business=str(pack), encoder="none", llm=server.spec("openai"))
        with open_app(settings) as app:
            yield SearchPage(app)
        config.write_text(before, encoding="utf-8")

    def test_unasked_it_is_only_told_of(self, page: SearchPage, server: LanguageModelServer) -> None:
        before = len(server.requests)
        told, _ = shown(page, "How long does delivery to Pune take?")
        assert "would be asked" in text(told)
        assert len(server.requests) == before

    def test_asked_its_words_are_shown(self, page: SearchPage) -> None:
        told, _ = shown(page, "How long does delivery to Pune take?", ask_model=True)
        assert "It takes 4 days." in text(told)


def test_what_was_searched_for_is_forgotten_with_the_caches() -> None:
    past = PastQueries()
    past.add("browser", "clutch plate for Zubenelgenubi")
    empty_caches()
    assert past.of("browser") == ()
