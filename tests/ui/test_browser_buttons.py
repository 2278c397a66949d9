"""Buttons that stand in a window which was left open, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from munshi.bot.inbox import open_inbox
from munshi.bot.settings import Settings
from munshi.ui.guards import COOKIE
from tests.ui.browsers import Server, start, stop
from tests.ui.test_browser import ask, load

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[Server]:
    server = start(settings)
    yield server
    stop(server)


def press_yes(page: Page) -> None:
    said = page.locator("#log .message.user").count()
    page.locator("#log button.option", has_text="Yes").last.click()
    expect(page.locator("#log .message.user")).not_to_have_count(said)
    expect(page.locator("#log .growing")).to_have_count(0)


def test_an_old_yes_does_nothing_but_show_what_it_is_about_now(
    context: BrowserContext, server: Server, settings: Settings
) -> None:
    old, new = context.new_page(), context.new_page()
    load(old, server)
    for text in ("please call me back", "Asha Rao", "98765 43210", "tomorrow at 11 am", "brake pads"):
        if old.locator("#log button.option", has_text="Yes").count():
            break
        ask(old, text)
    expect(old.locator("#log .message.bot").last).to_contain_text("43210")
    load(new, server)
    expect(new.locator("#log .message.user")).to_have_count(old.locator("#log .message.user").count())
    ask(new, "no, my number is 91234 56780")
    expect(new.locator("#log .message.bot").last).to_contain_text("56780")

    (token,) = (cookie["value"] for cookie in context.cookies() if cookie["name"] == COOKIE)
    chat = f"web-{token}"
    press_yes(old)
    expect(old.locator("#log .message.user .said").last).to_have_text("Yes")
    expect(old.locator("#log .message.bot").last).to_contain_text("56780")
    with open_inbox(settings) as inbox:
        assert [ticket for ticket in inbox.tickets() if ticket.session_id == chat] == []
        press_yes(old)
        (ticket,) = (ticket for ticket in inbox.tickets() if ticket.session_id == chat)
    assert ticket.form["phone"].endswith("9123456780")
