"""The real chat window: `munshi serve` in a process of its own, and a real Chromium in front of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from munshi.bot.inbox import open_inbox
from munshi.bot.settings import Settings
from munshi.ui.guards import COOKIE
from tests.pictures import picture
from tests.ui.browsers import SHOTS, SIZES, Server, start, stop

pytestmark = pytest.mark.browser

QUESTION = "Do you deliver outside Navi Mumbai?"


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[Server]:
    server = start(settings)
    yield server
    stop(server)


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """The window, loaded; at the end, nothing may have gone wrong in its scripts."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    load(page, server)
    yield page
    assert faults == []


def load(page: Page, server: Server) -> None:
    page.goto(server.url)
    expect(page.locator("#log .message.bot").first).to_be_visible(timeout=30_000)
    page.wait_for_load_state("load")


def ask(page: Page, text: str) -> None:
    """Write a message, press Enter, wait until its reply stands there whole."""
    before = page.locator("#log .message.user").count()
    page.get_by_role("textbox", name="Your message").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("#log .message.user")).to_have_count(before + 1)
    expect(page.locator("#log .growing")).to_have_count(0)
    expect(page.locator("#log .message").last).to_have_class(re.compile(r"\bbot\b"))


def nothing_overflows(page: Page) -> bool:
    fits: bool = page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll("#head, #log .bubble-wrap, #box, #foot")]
            .every(part => part.scrollWidth <= part.clientWidth + 1)"""
    )
    return fits


@pytest.mark.parametrize("size", SIZES, indirect=True)
def test_a_question_gets_an_answer_with_a_source_to_unfold(page: Page, size: str) -> None:
    ask(page, QUESTION)
    source = page.locator("#log details").first
    quote = source.locator("blockquote")
    expect(quote).to_be_hidden()
    source.locator("summary").click()
    expect(quote).to_be_visible()
    assert quote.inner_text().strip()
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"chat-{size}.png")
    assert nothing_overflows(page)
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("textbox", name="Your message")).to_be_in_viewport(ratio=1)
    expect(page.locator("#foot")).to_contain_text("No language model")


def test_a_reply_grows_word_by_word(page: Page) -> None:
    page.evaluate(
        """() => {
            window.lengths = [];
            new MutationObserver(() => {
                const growing = document.querySelector("#log .growing:not(.typing)");
                if (growing) window.lengths.push(growing.textContent.length);
            }).observe(document.querySelector("#log"), {childList: true, subtree: true});
        }"""
    )
    ask(page, QUESTION)
    assert len(set(page.evaluate("window.lengths"))) > 2


def test_a_starter_is_pressed_and_answered(page: Page) -> None:
    starter = page.locator("#log button.option").first
    label = starter.inner_text()
    starter.click()
    expect(page.locator("#log .message.user .said")).to_have_text([label])
    expect(page.locator("#log .message.bot")).to_have_count(2)
    expect(page.locator("#log .growing")).to_have_count(0)


def test_a_reload_keeps_the_chat_and_a_new_chat_forgets_it(page: Page, server: Server) -> None:
    ask(page, QUESTION)
    said = page.locator("#log .said").all_inner_texts()
    load(page, server)
    expect(page.locator("#log .said")).to_have_text(said)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#log .said")).to_have_count(1)
    expect(page.locator("#log button.option").first).to_be_visible()


def test_a_person_who_takes_over_is_heard_and_the_bot_is_not(
    page: Page, context: BrowserContext, settings: Settings
) -> None:
    ask(page, "I want to talk to a person")
    (token,) = (cookie["value"] for cookie in context.cookies() if cookie["name"] == COOKIE)
    from_person = page.locator("#log .message:has(.speaker) .said")
    with open_inbox(settings) as inbox:
        ticket = next(ticket for ticket in inbox.tickets() if ticket.session_id == f"web-{token}")
        inbox.reply(ticket.reference, "Ramesh", "Namaste, which car is it for?")
        expect(from_person).to_have_text(["Namaste, which car is it for?"])
        expect(page.locator("#foot")).to_contain_text("person")
        bubbles = page.locator("#log .message.bot").count()
        page.get_by_role("textbox", name="Your message").fill("A Swift, 2018")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.locator("#log .message.user .said").last).to_have_text("A Swift, 2018")
        inbox.reply(ticket.reference, "Ramesh", "We have it.")
    expect(from_person.last).to_have_text("We have it.")
    expect(page.locator("#log .message.bot")).to_have_count(bubbles + 1)


@pytest.mark.parametrize(
    "text",
    [
        "<img src=http://evil.example/x.png onerror=alert(1)><script>alert(1)</script><style>*{display:none}</style>",
        "![x](http://evil.example/a.png) [press](javascript:alert(1)) http://evil.example",
        "# Head | a | **b** `code` &lt;i&gt; $$x^2$$",
        "W" * 3000,
        "नमस्ते 😀 مرحبا",
    ],
)
@pytest.mark.parametrize("size", ["smallest"], indirect=True)
def test_what_a_customer_writes_stays_text(page: Page, text: str) -> None:
    ask(page, text)
    expect(page.locator("#log .message.user .said")).to_have_text([text])
    strange = page.locator("#log .message :is(a, img, script, style, iframe, code, table, h1, strong, .katex)")
    expect(strange).to_have_count(0)
    assert nothing_overflows(page)


def test_it_can_be_used_with_the_keyboard_and_a_screen_reader(page: Page) -> None:
    expect(page.get_by_role("textbox", name="Your message")).to_be_focused()
    ask(page, QUESTION)
    summary = page.locator("#log summary").first
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#log details").first).to_have_attribute("open", "")
    assert summary.evaluate("element => getComputedStyle(element).outlineStyle") != "none"
    # Each message is read as its own text, with its speaker, and not as its source.
    assert page.locator("#log .message [aria-label]").count() == 0
    expect(page.get_by_role("log")).to_contain_text(re.compile("You.*" + re.escape(QUESTION)))
    expect(page.get_by_role("log")).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize("size", SIZES, indirect=True)
def test_by_night_the_window_is_dark(page: Page, size: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.reload()
    ask(page, QUESTION)
    page.screenshot(path=SHOTS / f"chat-{size}-dark.png")
    shades = page.evaluate(
        """() => ["main.contain", "#log .message.bot"].map(
            part => getComputedStyle(document.querySelector(part)).backgroundColor.match(/\\d+/g).map(Number))"""
    )
    assert all(max(shade[:3]) < 80 for shade in shades)


def test_ctrl_c_closes_the_shop_without_a_word_though_a_window_is_open(chromium: Browser, settings: Settings) -> None:
    server = start(settings)
    page = chromium.new_page()
    load(page, server)
    status, errors = stop(server)
    page.close()
    assert status == 0
    assert "Traceback" not in errors
    assert "ERROR" not in errors


@pytest.mark.parametrize("size", SIZES, indirect=True)
def test_a_photo_is_sent_from_the_window_and_answered_in_it(page: Page, settings: Settings, size: str) -> None:
    ask(page, "hello")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Send a photo or a PDF").click()
    chooser.value.set_files([{"name": "brake pad.jpg", "mimeType": "image/jpeg", "buffer": picture()}])
    expect(page.locator("#log .message.user").last).to_contain_text("brake pad.jpg", timeout=30_000)
    expect(page.locator("#log .message.bot").last).to_contain_text("kept your file")
    expect(page.locator("#sending")).to_be_empty()
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"photo-{size}.png")
    assert nothing_overflows(page)
    ask(page, "talk to a person")
    with open_inbox(settings) as box:
        assert "brake pad.jpg" in [file.name for ticket in box.tickets() for file in box.files(ticket.reference)]


def test_a_file_that_is_no_photo_is_declined_in_words(page: Page) -> None:
    chosen = page.locator("#box input[type=file]")
    chosen.set_input_files([{"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"ID3"}])
    expect(page.locator("#log .message.bot").last).to_contain_text("photos and PDFs", timeout=30_000)
    chosen.set_input_files([{"name": "huge.jpg", "mimeType": "image/jpeg", "buffer": bytes(10 * 1024 * 1024 + 1)}])
    expect(page.locator("#sending")).to_contain_text("10 MB")


def test_what_the_window_says_of_a_file_is_in_the_language_of_the_chat(page: Page) -> None:
    ask(page, "क्लच प्लेट का दाम क्या है")
    huge = {"name": "huge.jpg", "mimeType": "image/jpeg", "buffer": bytes(10 * 1024 * 1024 + 1)}
    page.locator("#box input[type=file]").set_input_files([huge])
    expect(page.locator("#sending")).to_contain_text("फ़ाइल बहुत बड़ी है")
    page.route("**/upload", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.locator("#box input[type=file]").set_input_files([{**huge, "buffer": picture()}])
    expect(page.locator("#sending")).to_contain_text("भेजी नहीं जा सकी")
