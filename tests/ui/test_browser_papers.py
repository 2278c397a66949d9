"""The owner's search page: `munshi serve` in a process of its own, and a real Chromium in front of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from munshi.bot.settings import load_settings
from tests.ui import paper_shop
from tests.ui.browsers import SHOTS, SIZES, Server, start, stop

pytestmark = pytest.mark.browser

QUESTION = "How long does delivery to Pune take?"


@pytest.fixture(scope="module")
def server(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the encoder: there is a meaning to be weighed."""
    pack = paper_shop.create(tmp_path_factory.mktemp("packs") / "umbrellas")
    server = start(load_settings(home=home, business=str(pack)))
    yield server
    stop(server)


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """The page, loaded; at the end, nothing may have gone wrong in its scripts."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.goto(f"{server.url}/papers")
    expect(page.get_by_role("textbox", name="Search the papers")).to_be_focused(timeout=30_000)
    page.wait_for_load_state("load")
    yield page
    assert faults == []


def search(page: Page, query: str) -> None:
    """Write a query, press Enter, wait until it stands among the earlier ones."""
    page.get_by_role("textbox", name="Search the papers").fill(query)
    page.keyboard.press("Enter")
    expect(page.locator("#past button").first).to_contain_text(query[:20])


def nothing_overflows(page: Page) -> bool:
    fits: bool = page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll("#told, #found, #found .hit, #pages")]
            .every(part => part.scrollWidth <= part.clientWidth + 1)"""
    )
    return fits


@pytest.mark.parametrize("size", SIZES, indirect=True)
def test_a_search_shows_the_answer_the_marked_words_and_every_score(page: Page, size: str) -> None:
    search(page, QUESTION)
    expect(page.locator("#told")).to_contain_text("4 days")
    best = page.locator("#found .hit").first
    expect(best.locator("mark", has_text="Pune").first).to_be_visible()
    for name in ("Words", "Meaning", "Both together", "Second look", "Exact code", "Filter", "Score"):
        expect(best.locator(".score", has_text=re.compile(rf"^{name}.*\d\.\d+"))).to_have_count(1)
    width = "element => element.getBoundingClientRect().width"
    assert best.locator(".fill").first.evaluate(width) > 0
    assert nothing_overflows(page)
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"papers-{size}.png", full_page=True)


def test_the_slider_weighs_words_against_meaning(page: Page) -> None:
    search(page, "how soon will a parcel get to Pune")
    both = page.locator("#found .hit").first.locator(".score", has_text="Both together").locator(".number")
    before = both.inner_text()
    page.get_by_role("button", name="Weight, filters and pages").click()
    slider = page.get_by_role("slider").first
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator("#found")).to_contain_text("Searched by 0.00")
    expect(both).not_to_have_text(before)
    expect(page.locator("#told")).to_contain_text("What a customer would be told")


def test_an_earlier_query_is_searched_again_after_a_reload(page: Page) -> None:
    search(page, QUESTION)
    search(page, "Diwali offer")
    expect(page.locator("#found .expired")).to_have_count(1)
    page.reload()
    page.locator("#past button", has_text="Pune").click()
    expect(page.get_by_role("textbox", name="Search the papers")).to_have_value(QUESTION)
    expect(page.locator("#told")).to_contain_text("4 days")


@pytest.mark.parametrize("size", ["smallest"], indirect=True)
def test_what_stands_in_a_query_and_in_a_paper_stays_text(page: Page) -> None:
    search(page, f"umbrella stand {paper_shop.HOSTILE}")
    expect(page.locator("#found")).to_contain_text("<script>alert(1)</script>")
    expect(page.locator("#found, #told, #past").locator("img, script, a, iframe, strong, .katex")).to_have_count(0)
    assert nothing_overflows(page)


def test_pages_turn(page: Page) -> None:
    search(page, "delivery umbrella balance")
    expect(page.locator("#where")).to_contain_text("1 of 2")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#found .rank").first).to_have_text("6")
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    page.get_by_role("button", name="Previous").click()
    expect(page.locator("#found .rank").first).to_have_text("1")


def test_by_night_the_page_is_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.reload()
    search(page, "What is the minimum balance of a savings account?")
    expect(page.locator("#found .conflict")).to_have_count(1)
    page.screenshot(path=SHOTS / "papers-dark.png", full_page=True)
    shades = page.evaluate(
        """() => ["body", "#found .hit", "#options"].map(
            part => getComputedStyle(document.querySelector(part)).backgroundColor.match(/\\d+/g).map(Number))"""
    )
    assert all(max(shade[:3]) < 80 for shade in shades)
